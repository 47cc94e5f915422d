"""The typed client over a real socket."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from google.rpc import code_pb2
from grpc import StatusCode
from grpc.aio import AioRpcError, InternalError, Metadata
from switchyard_client import (
    BatchTriageRequest,
    Conflict,
    DeadlineExceeded,
    Decision,
    InvalidRequest,
    NotFound,
    Priority,
    SwitchyardError,
    Ticket,
    TriageClient,
    Unavailable,
    Unreachable,
    __version__,
)

from tests.unit.client.fake_service import (
    PATIENCE_S,
    REFUSED,
    FakeServer,
    FakeTriage,
    refusal,
    status,
)

TICKET = Ticket(id="T-1", body="I was charged twice.")


async def requests(count: int, body: str = "text") -> AsyncIterator[BatchTriageRequest]:
    """So many, counted from 0."""
    for i in range(count):
        yield BatchTriageRequest(index=i, ticket=Ticket(id=f"T-{i}", body=body))


async def test_triage_gives_the_answer_as_typed_values(fake: FakeServer) -> None:
    async with TriageClient(fake.address) as client:
        result = await client.triage(TICKET)
    assert result.category is not None
    assert result.priority is not None
    assert (result.ticket_id, result.category.category) == ("T-1", "billing")
    assert (result.priority.priority, result.decision) == (Priority.HIGH, Decision.ESCALATE)


async def test_a_repeated_request_id_gives_the_first_answer(fake: FakeServer) -> None:
    name = "5f0c6d1e-0000-4000-8000-000000000000"
    async with TriageClient(fake.address) as client:
        first = await client.triage(TICKET, request_id=name)
        again = await client.triage(TICKET, request_id=name)
    assert first == again


async def test_the_server_sees_which_client_calls(fake: FakeServer, service: FakeTriage) -> None:
    async with TriageClient(fake.address, metadata=[("x-team", "billing")]) as client:
        await client.triage(TICKET)
    assert str(service.metadata["user-agent"]).startswith(f"switchyard-client/{__version__} ")
    assert service.metadata["x-team"] == "billing"


async def test_a_stream_ends_with_the_answer(fake: FakeServer) -> None:
    async with TriageClient(fake.address) as client:
        events = [event async for event in client.stream_triage(TICKET)]
    assert [event.result is not None for event in events] == [False] * (len(events) - 1) + [True]


async def test_a_stream_tells_attempts_and_the_reply_as_it_is_written(
    fake: FakeServer, service: FakeTriage
) -> None:
    service.pieces = ("Dear Ada, ", "thank you.")
    async with TriageClient(fake.address) as client:
        events = [event async for event in client.stream_triage(TICKET)]
    attempts = [event.attempt.outcome for event in events if event.attempt is not None]
    pieces = [event.reply_text for event in events if event.reply_text is not None]
    assert attempts == ["rate_limited", "ok"]
    assert pieces == list(service.pieces)


async def test_a_batch_answers_every_item_by_its_index(fake: FakeServer) -> None:
    async with TriageClient(fake.address) as client:
        answers = [answer async for answer in client.batch_triage(requests(50))]
    assert sorted(answer.index for answer in answers) == list(range(50))


async def test_an_item_that_fails_does_not_stop_the_others(fake: FakeServer) -> None:
    async def mixed() -> AsyncIterator[BatchTriageRequest]:
        yield BatchTriageRequest(index=1, ticket=Ticket(id="a", body=REFUSED))
        yield BatchTriageRequest(index=2, ticket=Ticket(id="b", body="fine"))

    async with TriageClient(fake.address) as client:
        answers = {answer.index: answer async for answer in client.batch_triage(mixed())}
    assert answers[1].error is not None
    assert answers[2].result is not None


async def test_a_batch_takes_requests_only_as_fast_as_the_server_reads(fake: FakeServer) -> None:
    taken = 0

    async def many() -> AsyncIterator[BatchTriageRequest]:
        nonlocal taken
        async for request in requests(2_000, body="x" * 60_000):
            taken += 1
            yield request

    async with TriageClient(fake.address) as client:
        answers = client.batch_triage(many())
        await anext(answers)
        assert taken < 2_000
        await answers.aclose()


async def test_what_the_requests_raise_reaches_the_caller(fake: FakeServer) -> None:
    async def broken() -> AsyncIterator[BatchTriageRequest]:
        yield BatchTriageRequest(index=1, ticket=TICKET)
        raise LookupError("no more")

    async with TriageClient(fake.address) as client:
        with pytest.raises(LookupError, match="no more"):
            [answer async for answer in client.batch_triage(broken())]


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        (asyncio.InvalidStateError, ()),
        (InternalError, ()),
        (AioRpcError, (StatusCode.NOT_FOUND, Metadata(), Metadata())),
    ],
)
async def test_errors_of_grpc_that_the_requests_raise_reach_the_caller(
    fake: FakeServer, kind: type[Exception], arguments: tuple[object, ...]
) -> None:
    async def broken() -> AsyncIterator[BatchTriageRequest]:
        yield BatchTriageRequest(index=1, ticket=TICKET)
        raise kind(*arguments, "of the caller")

    async with TriageClient(fake.address) as client:
        answers = client.batch_triage(broken(), deadline_s=PATIENCE_S)
        with pytest.raises(kind, match="of the caller"):
            [answer async for answer in answers]


async def test_a_batch_whose_server_goes_away_gives_what_it_has_then_raises(
    fake: FakeServer, service: FakeTriage
) -> None:
    service.break_after = 3
    async with TriageClient(fake.address) as client:
        answers = client.batch_triage(requests(100))
        got = [(await anext(answers)).index for _ in range(3)]
        with pytest.raises(Unreachable):
            await anext(answers)
    assert got == [0, 1, 2]


async def test_runs_come_page_by_page(fake: FakeServer, service: FakeTriage) -> None:
    async with TriageClient(fake.address) as client:
        for i in range(5):
            await client.triage(Ticket(id=f"T-{i}", body="text"))
        tickets = [run.ticket async for run in client.list_runs(page_size=2)]
    assert [ticket.id for ticket in tickets if ticket] == ["T-4", "T-3", "T-2", "T-1", "T-0"]
    assert service.pages == 3


async def test_a_page_that_nobody_reads_is_not_fetched(
    fake: FakeServer, service: FakeTriage
) -> None:
    async with TriageClient(fake.address) as client:
        for i in range(5):
            await client.triage(Ticket(id=f"T-{i}", body="text"))
        runs = client.list_runs(page_size=2)
        await anext(runs)
        await runs.aclose()
    assert service.pages == 1


async def test_a_missing_run_is_named(fake: FakeServer) -> None:
    name = "triageRuns/" + "0" * 32
    async with TriageClient(fake.address) as client:
        with pytest.raises(NotFound) as caught:
            await client.get_run(name)
    assert caught.value.resource is not None
    assert caught.value.resource.name == name


async def test_an_update_with_the_current_etag_is_in_force(fake: FakeServer) -> None:
    async with TriageClient(fake.address) as client:
        taxonomy = await client.get_taxonomy()
        taxonomy.categories[0].title = "Money"
        updated = await client.update_taxonomy(taxonomy)
    assert (updated.revision, updated.categories[0].title) == (1, "Money")


async def test_an_update_with_an_old_etag_is_a_conflict(fake: FakeServer) -> None:
    async with TriageClient(fake.address) as client:
        taxonomy = await client.get_taxonomy()
        await client.update_taxonomy(taxonomy)
        with pytest.raises(Conflict):
            await client.update_taxonomy(taxonomy)


async def test_errors_carry_fields_and_reasons(fake: FakeServer, service: FakeTriage) -> None:
    service.failure = refusal()
    async with TriageClient(fake.address) as client:
        with pytest.raises(InvalidRequest) as caught:
            await client.triage(TICKET)
    assert [violation.field for violation in caught.value.field_violations] == ["ticket.body"]
    assert caught.value.reason == "INVALID_FIELD"


async def test_a_draining_server_is_unavailable_but_reached(
    fake: FakeServer, service: FakeTriage
) -> None:
    service.failure = status(code_pb2.UNAVAILABLE, "DRAINING", "the server is draining")
    async with TriageClient(fake.address) as client:
        with pytest.raises(Unavailable) as caught:
            await client.get_taxonomy()
    assert not isinstance(caught.value, Unreachable)


async def test_nobody_at_the_address_is_unreachable() -> None:
    async with TriageClient("127.0.0.1:1") as client:
        with pytest.raises(Unreachable):
            await client.triage(TICKET)


async def test_no_answer_in_time_is_an_error(fake: FakeServer, service: FakeTriage) -> None:
    service.is_silent = True
    async with TriageClient(fake.address, deadline_s=0.05) as client:
        with pytest.raises(DeadlineExceeded):
            await client.get_taxonomy()


async def test_a_host_that_has_no_address_is_an_error_of_ours(fake: FakeServer) -> None:
    async with TriageClient(fake.address.replace("127.0.0.1", "localhost.invalid")) as client:
        with pytest.raises(SwitchyardError):
            await client.get_taxonomy()


async def test_a_client_that_is_not_open_says_so() -> None:
    with pytest.raises(RuntimeError, match="async with"):
        await TriageClient().get_taxonomy()
