"""A request id makes a repeated request safe: sequential, concurrent, in two servers, cut short."""

import asyncio
import secrets
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import psycopg
import pytest
import pytest_asyncio
from google.rpc import code_pb2, error_details_pb2
from switchyard.triage.v1 import triage_service_pb2 as pb

from server.storage.errors import StorageUnavailable
from server.triage.run import make_run_id, time_of
from tests.conftest import make_database
from tests.integration.triage.requests import detail, item, reason_of, request, ticket
from tests.integration.triage.two_servers import TwoServers, two_servers

AT_ONCE = 50
NO_STORE = ("cache-control", "no-store")  # else identical calls never come as far as the database
CACHED_OR_NOT = pytest.mark.parametrize("metadata", [(), (NO_STORE,)], ids=["cached", "not_cached"])
SUMMARY_ALONE = pb.TriageOptions(parts=[pb.TRIAGE_PART_SUMMARY])


@pytest_asyncio.fixture(scope="module")
async def servers(session_folder: Path, postgres_url: str) -> AsyncIterator[TwoServers]:
    """Two servers on one database, shared by these tests."""
    url = await make_database(postgres_url)
    async with two_servers(url, session_folder / "idempotency") as servers:
        yield servers


# What a run of this tenant meets whose request id is taken when it is added, and free thereafter.
ADD_NOTHING = """
CREATE FUNCTION add_nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER add_nothing BEFORE INSERT ON triage_runs
FOR EACH ROW WHEN (NEW.tenant = 'erased') EXECUTE FUNCTION add_nothing()
"""


def identified(body: str = "I was charged twice this month", **fields: Any) -> Any:
    """A request of Triage with an id of its own."""
    return request(body, request_id=str(uuid.uuid4()), **fields)


async def refused(call: Any) -> grpc.aio.AioRpcError:
    """The error of a call that comes with a used request id."""
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call
    assert raised.value.code() == grpc.StatusCode.ALREADY_EXISTS
    assert reason_of(raised.value) == "REQUEST_ID_REUSED"
    return raised.value


@CACHED_OR_NOT
async def test_a_repeated_request_gives_the_first_answer_again(
    servers: TwoServers, metadata: tuple[Any, ...]
) -> None:
    asked = identified()
    first, again = [await servers.triage(asked, *metadata) for _ in range(2)]
    assert first.run == again.run
    assert await servers.runs_of(asked.ticket.id) == [first.run]


@CACHED_OR_NOT
async def test_many_at_once_are_one_run(servers: TwoServers, metadata: tuple[Any, ...]) -> None:
    asked = identified()
    calls = [servers.triage(asked, *metadata, at=at) for at in ("one", "two")] * (AT_ONCE // 2)
    results = await asyncio.gather(*calls)
    assert len({result.run for result in results}) == 1
    assert len(await servers.runs_of(asked.ticket.id)) == 1


async def test_the_other_server_gives_the_answer_of_the_first(servers: TwoServers) -> None:
    asked = identified()
    first = await servers.triage(asked, at="one")
    assert (await servers.triage(asked, at="two")).run == first.run


async def test_a_repeat_waits_for_the_first_that_is_still_running_in_another_server(
    servers: TwoServers,
) -> None:
    asked = identified()
    async with servers.held_writes() as until_waiting:
        first = asyncio.create_task(servers.triage(asked, at="one"))
        await until_waiting(1)
        again = asyncio.create_task(servers.triage(asked, at="two"))
        await until_waiting(2)
    assert (await first).run == (await again).run


async def test_an_id_holds_as_long_as_its_run_is_kept(servers: TwoServers) -> None:
    asked = identified()
    name = (await servers.triage(pb.TriageRequest(ticket=asked.ticket))).run
    async with servers.run_store() as store:
        run = await store.get("default", name.removeprefix("triageRuns/"))
        old_id = make_run_id(0, secrets.randbits(80))
        old = replace(run, run_id=old_id, create_time=time_of(old_id), request_id=asked.request_id)
        await store.add(old)
    assert (await servers.triage(asked)).run == f"triageRuns/{old_id}"


async def test_servers_that_get_the_same_ids_in_other_orders_do_not_block_each_other(
    servers: TwoServers,
) -> None:
    name = (await servers.triage(identified())).run
    async with AsyncExitStack() as stack:
        one, two = [await stack.enter_async_context(servers.run_store()) for _ in range(2)]
        run = await one.get("default", name.removeprefix("triageRuns/"))
        runs = [
            replace(run, run_id=make_run_id(0, n), request_id=str(uuid.uuid4())) for n in range(200)
        ]
        others = [replace(run, run_id=make_run_id(1, n)) for n, run in enumerate(reversed(runs))]
        recorded = await asyncio.gather(
            *[one.add(run) for run in runs], *[two.add(run) for run in others]
        )
    assert len({run.run_id for run in recorded}) == len(runs)


async def test_every_method_keeps_the_promise_of_the_others(servers: TwoServers) -> None:
    asked = identified()
    first = await servers.triage(asked)
    metadata = (servers.ours,)
    same = {"ticket": asked.ticket, "request_id": asked.request_id}
    events = [
        event
        async for event in servers.two.StreamTriage(
            pb.StreamTriageRequest(**same), metadata=metadata
        )
    ]
    batch = servers.two.BatchTriage(iter([pb.BatchTriageRequest(**same)]), metadata=metadata)
    answers = [answer async for answer in batch]
    assert events[-1].result.run == first.run
    assert [answer.result.run for answer in answers] == [first.run]


async def test_an_item_that_comes_twice_in_a_batch_is_one_run(servers: TwoServers) -> None:
    twice = item(1, request_id=str(uuid.uuid4()))
    batch = servers.one.BatchTriage(iter([twice, twice]), metadata=(servers.ours,))
    answers = [answer async for answer in batch]
    assert answers[0].result.run
    assert answers[0].result.run == answers[1].result.run


async def test_another_ticket_is_refused_and_the_first_run_named(servers: TwoServers) -> None:
    asked = identified()
    first = await servers.triage(asked)
    other = request("another body", request_id=asked.request_id)
    error = await refused(servers.triage(other, at="two"))
    assert "another ticket" in (error.details() or "")
    assert detail(error, error_details_pb2.ResourceInfo).resource_name == first.run


@CACHED_OR_NOT
async def test_other_options_are_refused(servers: TwoServers, metadata: tuple[Any, ...]) -> None:
    asked = identified()
    await servers.triage(asked, *metadata)
    asked.options.CopyFrom(SUMMARY_ALONE)
    error = await refused(servers.triage(asked, *metadata))
    assert "other options" in (error.details() or "")


async def test_options_that_ask_for_the_same_in_other_words_are_no_others(
    servers: TwoServers,
) -> None:
    asked = identified()
    first = await servers.triage(asked)
    asked.options.parts.extend(
        number for number in pb.TriagePart.values() if number != pb.TRIAGE_PART_UNSPECIFIED
    )
    assert (await servers.triage(asked)).run == first.run


async def test_an_item_of_a_batch_with_other_options_is_refused_alone(servers: TwoServers) -> None:
    request_id = str(uuid.uuid4())
    items = [item(1, request_id=request_id), item(2)]
    metadata = (servers.ours,)
    first = [answer async for answer in servers.one.BatchTriage(iter(items), metadata=metadata)]
    assert all(answer.result.run for answer in first)
    items[0].options.CopyFrom(SUMMARY_ALONE)
    batch = servers.one.BatchTriage(iter(items), metadata=metadata)
    answers = {answer.index: answer async for answer in batch}
    assert answers[1].error.code == code_pb2.ALREADY_EXISTS
    assert answers[2].result.run


async def test_a_stream_with_other_options_is_refused(servers: TwoServers) -> None:
    asked = identified()
    await servers.triage(asked)
    stream = pb.StreamTriageRequest(
        ticket=asked.ticket, request_id=asked.request_id, options=SUMMARY_ALONE
    )
    call = servers.one.StreamTriage(stream, metadata=(servers.ours,))
    await refused(drained(call))


async def drained(call: Any) -> None:
    async for _ in call:
        pass


@pytest.mark.parametrize(
    "fields",
    [{"ticket": ticket("")}, {"options": pb.TriageOptions(validate_only=True)}],
    ids=["refused", "only_checked"],
)
async def test_a_request_that_was_not_worked_on_leaves_its_id_free(
    servers: TwoServers, fields: dict[str, Any]
) -> None:
    asked = identified()
    before = pb.TriageRequest(**{"ticket": asked.ticket, "request_id": asked.request_id} | fields)
    await asyncio.gather(servers.triage(before), return_exceptions=True)
    assert (await servers.triage(asked)).run


async def test_after_a_stream_that_was_cut_short_the_next_call_does_the_work(
    servers: TwoServers,
) -> None:
    asked = identified()
    stream = pb.StreamTriageRequest(ticket=asked.ticket, request_id=asked.request_id)
    call = servers.one.StreamTriage(stream, metadata=(servers.ours,))
    await call.read()
    call.cancel()
    run = (await servers.triage(asked)).run
    assert await servers.runs_of(asked.ticket.id) == [run]


async def test_a_caller_that_leaves_while_its_run_is_recorded_finds_one_run_later(
    servers: TwoServers,
) -> None:
    asked = identified()
    async with servers.held_writes() as until_waiting:
        first = asyncio.create_task(servers.triage(asked))
        await until_waiting(1)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
    run = (await servers.triage(asked)).run
    assert await servers.runs_of(asked.ticket.id) == [run]


async def test_another_tenant_may_use_the_same_id(servers: TwoServers) -> None:
    asked = identified()
    ours = await servers.triage(asked)
    call = servers.one.Triage(
        request("another body", request_id=asked.request_id), metadata=(servers.theirs,)
    )
    theirs = (await call).result
    assert theirs.run
    assert theirs.run != ours.run


async def test_a_request_whose_first_run_is_erased_meanwhile_may_be_repeated(
    servers: TwoServers,
) -> None:
    name = (await servers.triage(identified())).run
    async with servers.run_store() as runs:
        run = await runs.get("default", name.removeprefix("triageRuns/"))
        async with await psycopg.AsyncConnection.connect(servers.database_url) as connection:
            await connection.execute(ADD_NOTHING)
        with pytest.raises(StorageUnavailable, match="erased just now"):
            await runs.add(replace(run, tenant="erased", run_id=make_run_id(2, 1)))
