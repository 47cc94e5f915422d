"""GetTriageRun and ListTriageRuns: pages, filters, tokens."""

import datetime
import uuid
from typing import Any

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from switchyard.triage.v1 import result_pb2, triage_service_pb2

from tests.integration.triage.requests import fields_of, reason_of, ticket

Triage = Any  # the generated stub has no types
Filter = triage_service_pb2.TriageRunFilter


async def record(
    triage: Triage, count: int, ticket_id: str, body: str = "Where is it?"
) -> list[str]:
    """Names of runs of one ticket id, the oldest first; none is answered from the cache."""
    request = triage_service_pb2.TriageRequest(ticket=ticket(body, id=ticket_id))
    anew = (("cache-control", "no-store"),)
    return [(await triage.Triage(request, metadata=anew)).result.run for _ in range(count)]


async def page(triage: Triage, **fields: Any) -> Any:
    return await triage.ListTriageRuns(triage_service_pb2.ListTriageRunsRequest(**fields))


async def test_pages_together_are_the_whole_and_the_newest_comes_first(triage: Triage) -> None:
    which = Filter(ticket_id=uuid.uuid4().hex)
    names = await record(triage, 7, which.ticket_id)
    got, token = [], ""
    for expected in (3, 3, 1):
        answer = await page(triage, page_size=3, page_token=token, filter=which)
        assert len(answer.runs) == expected
        got += [run.name for run in answer.runs]
        token = answer.next_page_token
    assert token == ""
    assert sorted(got) == sorted(names)
    times = [name.removeprefix("triageRuns/")[:12] for name in got]
    assert times == sorted(times, reverse=True)


async def test_a_page_of_long_tickets_stays_below_what_clients_accept(triage: Triage) -> None:
    which = Filter(ticket_id=uuid.uuid4().hex)
    await record(triage, 12, which.ticket_id, body="🙃" * 65_000)  # 260 kB each
    got, token, pages = 0, "", 0
    while pages == 0 or token:
        answer = await page(triage, page_size=1000, page_token=token, filter=which)
        assert answer.ByteSize() < 4 * 1024 * 1024
        got, token, pages = got + len(answer.runs), answer.next_page_token, pages + 1
    assert got == 12
    assert pages > 1


@pytest.mark.parametrize("token", ["x", "AAAA", "Zm9yZ2Vk" * 5, "é"])
async def test_a_token_that_was_not_made_here_is_refused(triage: Triage, token: str) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await page(triage, page_token=token)
    assert reason_of(raised.value) == "INVALID_PAGE_TOKEN"
    assert fields_of(raised.value) == ["page_token"]


async def test_a_token_of_another_filter_is_refused(triage: Triage) -> None:
    which = Filter(ticket_id=uuid.uuid4().hex)
    await record(triage, 2, which.ticket_id)
    token = (await page(triage, page_size=1, filter=which)).next_page_token
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await page(triage, page_token=token)
    assert reason_of(raised.value) == "INVALID_PAGE_TOKEN"


async def test_filters_narrow_and_combine(triage: Triage) -> None:
    ticket_id = uuid.uuid4().hex
    (escalated,) = await record(triage, 1, ticket_id, "I will sue you. My lawyer is informed.")
    (other,) = await record(triage, 1, ticket_id, "hello")
    which = Filter(ticket_id=ticket_id, decision=result_pb2.DECISION_ESCALATE)
    assert [run.name for run in (await page(triage, filter=which)).runs] == [escalated]
    got = await triage.GetTriageRun(triage_service_pb2.GetTriageRunRequest(name=other))
    category = got.run.result.category.category
    which = Filter(ticket_id=ticket_id, category=category)
    assert other in [run.name for run in (await page(triage, filter=which)).runs]


async def test_times_bound_from_and_to(triage: Triage) -> None:
    ticket_id = uuid.uuid4().hex
    await record(triage, 1, ticket_id)
    (run,) = (await page(triage, filter=Filter(ticket_id=ticket_id))).runs
    at = run.create_time
    after = Timestamp()
    after.FromDatetime(at.ToDatetime() + datetime.timedelta(milliseconds=1))
    for bounds, count in (
        ({"start_time": at}, 1),
        ({"start_time": after}, 0),
        ({"end_time": at}, 0),
        ({"end_time": after}, 1),
    ):
        answer = await page(triage, filter=Filter(ticket_id=ticket_id, **bounds))
        assert len(answer.runs) == count, bounds


async def test_a_category_that_never_was_is_refused(triage: Triage) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await page(triage, filter=Filter(category="biling"))
    assert fields_of(raised.value) == ["filter.category"]


async def test_a_run_that_is_not_there_is_not_found(triage: Triage) -> None:
    request = triage_service_pb2.GetTriageRunRequest(name="triageRuns/" + "0" * 32)
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await triage.GetTriageRun(request)
    assert raised.value.code() == grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize("name", ["", "triageRuns/", "triageRuns/../x", "runs/" + "0" * 32])
async def test_a_name_that_is_none_is_refused(triage: Triage, name: str) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await triage.GetTriageRun(triage_service_pb2.GetTriageRunRequest(name=name))
    assert fields_of(raised.value) == ["name"]
