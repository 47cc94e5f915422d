"""Triage and StreamTriage over a real socket, with a real database."""

import uuid
from typing import Any

import grpc
import protovalidate
import pytest
from switchyard.triage.v1 import result_pb2, triage_service_pb2

from tests.integration.triage.requests import fields_of, reason_of, request, ticket

Triage = Any  # the generated stub has no types


async def test_every_part_of_the_answer_is_there_and_keeps_the_contract(triage: Triage) -> None:
    asked = request("I was charged twice for order 4412 this month. Please refund one payment.")
    result = (await triage.Triage(asked)).result
    protovalidate.validate(result)
    assert result.ticket_id == asked.ticket.id
    assert result.category.category in ("billing", "refund_cancellation")
    assert result.language.language_code == "en"
    assert result.summary
    assert result.drafted_reply
    assert result.estimated_resolution.seconds > 0
    assert [step.step for step in result.steps] == [1, 2, 3, 4, 5]


async def test_an_answered_run_is_on_record_with_its_whole_why(triage: Triage) -> None:
    asked = request("Our production is down for all users! Call me at once.")
    asked.ticket.attributes["plan"] = "enterprise"
    asked.ticket.created_time.FromJsonString("2026-11-20T10:00:00Z")
    result = (await triage.Triage(asked)).result
    got = await triage.GetTriageRun(triage_service_pb2.GetTriageRunRequest(name=result.run))
    run = got.run
    protovalidate.validate(run)
    assert run.ticket == asked.ticket
    assert run.result.category == result.category
    assert run.result.escalation_reasons == result.escalation_reasons
    assert list(run.result.steps) == list(result.steps)[:-1]
    assert run.server_version


async def test_equal_tickets_have_equal_digests_and_others_do_not(triage: Triage) -> None:
    one = request("the same words")
    other = triage_service_pb2.TriageRequest(ticket=ticket("other words", id=one.ticket.id))
    digests = []
    for asked in (one, one, other):
        name = (await triage.Triage(asked)).result.run
        got = await triage.GetTriageRun(triage_service_pb2.GetTriageRunRequest(name=name))
        digests.append(got.run.ticket_digest)
    assert digests[0] == digests[1] != digests[2]


async def test_escalation_and_reply_are_separate(triage: Triage) -> None:
    result = (await triage.Triage(request("I will sue you. My lawyer is informed."))).result
    assert result.requires_human_escalation
    assert result.escalation_reasons
    assert result.decision == result_pb2.DECISION_ESCALATE
    assert result.drafted_reply


async def test_parts_that_are_not_asked_for_are_absent(triage: Triage) -> None:
    options = triage_service_pb2.TriageOptions(parts=[triage_service_pb2.TRIAGE_PART_SUMMARY])
    result = (await triage.Triage(request(options=options))).result
    assert result.HasField("summary")
    assert not result.HasField("drafted_reply")
    assert not result.HasField("sentiment")
    assert not result.HasField("estimated_resolution")
    assert result.category.category


async def test_validate_only_records_nothing(triage: Triage) -> None:
    options = triage_service_pb2.TriageOptions(validate_only=True)
    asked = request(options=options)
    assert not (await triage.Triage(asked)).HasField("result")
    which = triage_service_pb2.TriageRunFilter(ticket_id=asked.ticket.id)
    listed = await triage.ListTriageRuns(triage_service_pb2.ListTriageRunsRequest(filter=which))
    assert not listed.runs


async def test_the_same_request_id_gives_the_first_answer_again(triage: Triage) -> None:
    asked = request(request_id=str(uuid.uuid4()))
    first, second = await triage.Triage(asked), await triage.Triage(asked)
    assert first.result.run == second.result.run


async def test_a_request_id_with_another_ticket_is_refused(triage: Triage) -> None:
    request_id = str(uuid.uuid4())
    await triage.Triage(request("one", request_id=request_id))
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await triage.Triage(request("two", request_id=request_id))
    assert raised.value.code() == grpc.StatusCode.ALREADY_EXISTS
    assert reason_of(raised.value) == "REQUEST_ID_REUSED"


async def test_a_bad_request_names_its_fields(triage: Triage) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await triage.Triage(request("", request_id="no uuid"))
    assert raised.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert fields_of(raised.value) == ["ticket.body", "request_id"]


@pytest.mark.parametrize(
    "body",
    [
        "word" * 16384,
        "🙃" * 65536,
        "مرحبا، الطلب لم يصل بعد. شكرا",
        "\u202eabc\u202c \u200b",
        "help",
        "?!",
        "a\r\n\tb",
        "<script>alert(1)</script> '; DROP TABLE triage_runs; --",
    ],
)
async def test_strange_texts_are_triaged_like_any_other(triage: Triage, body: str) -> None:
    result = (await triage.Triage(request(body))).result
    protovalidate.validate(result)
    got = await triage.GetTriageRun(triage_service_pb2.GetTriageRunRequest(name=result.run))
    assert got.run.ticket.body == body


async def test_an_unknown_method_is_unimplemented(channel: grpc.aio.Channel) -> None:
    call: Any = channel.unary_unary("/switchyard.triage.v1.TriageService/Nothing")
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call(b"")
    assert raised.value.code() == grpc.StatusCode.UNIMPLEMENTED


async def test_a_deadline_in_the_past_costs_nothing(triage: Triage) -> None:
    asked = request()
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await triage.Triage(asked, timeout=-1)
    assert raised.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED


async def test_a_stream_shows_each_step_and_the_result_last(triage: Triage) -> None:
    asked = triage_service_pb2.StreamTriageRequest(ticket=ticket())
    events = [event async for event in triage.StreamTriage(asked)]
    kinds = [event.WhichOneof("event") for event in events]
    assert kinds == ["step_started", "step_finished"] * 5 + ["result"]
    assert all(e.step_finished.finding for e in events if e.HasField("step_finished"))
    protovalidate.validate(events[-1].result)


async def test_a_client_that_vanishes_in_mid_stream_harms_nobody(triage: Triage) -> None:
    for _ in range(20):
        call = triage.StreamTriage(triage_service_pb2.StreamTriageRequest(ticket=ticket()))
        await call.read()
        call.cancel()
    assert (await triage.Triage(request())).result.run


NUL, ESCAPE = "a\0b", "a\x1bb"


@pytest.mark.parametrize(
    ("field", "value", "path"),
    [
        ("customer_id", NUL, "ticket.customer_id"),
        ("customer_id", ESCAPE, "ticket.customer_id"),
        ("customer_id", "c\u0085x", "ticket.customer_id"),
        ("attributes", {"k": NUL}, 'ticket.attributes["k"]'),
        ("attributes", {"\u009b2J": "v"}, 'ticket.attributes["\u009b2J"]'),
        ("attributes", {NUL: "v"}, f'ticket.attributes["{NUL}"]'),
        ("body", "\u00a0\u3000\u200b", "ticket.body"),
    ],
)
async def test_control_characters_are_refused_wherever_they_stand(
    triage: Triage, field: str, value: Any, path: str
) -> None:
    fields = {"body": "hello"} | {field: value}
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await triage.Triage(triage_service_pb2.TriageRequest(ticket=ticket(**fields)))
    assert raised.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert path in fields_of(raised.value)


async def test_text_of_a_wrongly_stated_encoding_is_triaged(triage: Triage) -> None:
    mail = ticket(subject="It\x92s broken", body="I can\x92t log in.\x85 Please help \x96 soon.")
    answer = await triage.Triage(triage_service_pb2.TriageRequest(ticket=mail))
    assert answer.result.run


async def test_the_last_nanosecond_of_the_year_9999_is_a_time(triage: Triage) -> None:
    asked = request()
    asked.ticket.created_time.FromJsonString("9999-12-31T23:59:59.999999999Z")
    answer = await triage.Triage(asked)
    run = await triage.GetTriageRun(triage_service_pb2.GetTriageRunRequest(name=answer.result.run))
    assert run.run.ticket.created_time.ToJsonString() == "9999-12-31T23:59:59.999999Z"


@pytest.mark.parametrize(("seconds", "nanos"), [(1, 2**31 - 1), (1, -5), (-1, 0), (2**62, 0)])
async def test_a_time_that_is_none_is_refused(triage: Triage, seconds: int, nanos: int) -> None:
    asked = request()
    asked.ticket.created_time.seconds, asked.ticket.created_time.nanos = seconds, nanos
    which = triage_service_pb2.TriageRunFilter()
    which.end_time.seconds, which.end_time.nanos = seconds, nanos
    for call in (
        triage.Triage(asked),
        triage.ListTriageRuns(triage_service_pb2.ListTriageRunsRequest(filter=which)),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await call
        assert raised.value.code() == grpc.StatusCode.INVALID_ARGUMENT
