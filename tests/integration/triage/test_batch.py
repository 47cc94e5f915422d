"""BatchTriage: every item its own answer, and bounded work."""

from collections.abc import AsyncIterator
from typing import Any

import grpc
from google.rpc import code_pb2, error_details_pb2

from tests.integration.triage.requests import item

Triage = Any  # the generated stub has no types


async def test_every_item_is_answered_under_its_index(triage: Triage) -> None:
    async def items() -> AsyncIterator[Any]:
        for i in range(500):
            yield item(i * 2)

    answers = [answer async for answer in triage.BatchTriage(items())]
    assert sorted(a.index for a in answers) == [i * 2 for i in range(500)]
    assert all(a.ticket_id == f"item-{a.index}" for a in answers)
    assert all(a.result.run for a in answers)


async def test_a_bad_item_among_a_thousand_fails_alone(triage: Triage) -> None:
    async def items() -> AsyncIterator[Any]:
        for i in range(1000):
            yield item(i, body="" if i == 777 else "Where is my parcel?")

    answers = {a.index: a async for a in triage.BatchTriage(items())}
    assert len(answers) == 1000
    failed = {i: a for i, a in answers.items() if a.HasField("error")}
    assert list(failed) == [777]
    assert failed[777].ticket_id == "item-777"
    status = failed[777].error
    assert status.code == code_pb2.INVALID_ARGUMENT
    bad = error_details_pb2.BadRequest()
    assert any(packed.Unpack(bad) for packed in status.details)
    assert bad.field_violations[0].field == "ticket.body"


async def test_an_item_that_is_no_message_is_answered_under_its_position(
    channel: grpc.aio.Channel,
) -> None:
    from switchyard.triage.v1 import triage_service_pb2  # noqa: PLC0415  # bytes on one side only

    call: Any = channel.stream_stream(
        "/switchyard.triage.v1.TriageService/BatchTriage",
        response_deserializer=triage_service_pb2.BatchTriageResponse.FromString,
    )
    sound = item(10).SerializeToString()
    answers = [a async for a in call(iter([sound, b"\x0a\xff\xff", sound]))]
    assert sorted(a.index for a in answers) == [1, 10, 10]
    (failed,) = [a for a in answers if a.HasField("error")]
    assert failed.index == 1
    assert failed.error.code == code_pb2.INVALID_ARGUMENT


async def test_an_empty_batch_ends_at_once(triage: Triage) -> None:
    assert [a async for a in triage.BatchTriage(iter([]))] == []


async def test_a_client_that_leaves_in_mid_batch_harms_nobody(triage: Triage) -> None:
    async def items() -> AsyncIterator[Any]:
        for i in range(10_000):
            yield item(i)

    call = triage.BatchTriage(items())
    for _ in range(10):
        await call.read()
    call.cancel()
    answers = [a async for a in triage.BatchTriage(iter([item(1)]))]
    assert answers[0].result.run
