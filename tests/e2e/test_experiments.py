"""Experiments on real server processes: killed, two at a time, and with answers that are kept."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import grpc
import psycopg
import pytest
import pytest_asyncio
from switchyard.experiment.v1 import experiment_service_pb2 as pb
from switchyard_client.call_endings import CallEnding

from tests.conftest import make_database
from tests.integration.callers import TRIAGE, Caller, cache_result, make_caller, until
from tests.integration.experiments.desk import NAME, Desk, outcome, units
from tools.server_process import ServerProcess

IN_FLIGHT = 40  # some are always left to be called after a kill
RECORDED_BEFORE_THE_KILL = 150
TRIAGED_BEFORE_THE_KILL = 60
SENT_BEFORE_THE_KILL = 3000
AUTOMATIC = {
    "name": "automatic",
    "kind": "METRIC_KIND_BINARY",
    "role": "METRIC_ROLE_PRIMARY",
    "source": "OUTCOME_SOURCE_TRIAGE_AUTOMATIC",
}
OF_TICKETS = {
    "layer": "triage",
    "metrics": [AUTOMATIC],
    "stopping": {"min_units": 1_000_000},
    "variants": [
        {"name": "a", "weight": 0.5},
        {
            "name": "b",
            "weight": 0.5,
            "parameters": {"automatic_min_confidence": {"number": 0.0}},
        },
    ],
}
# What sums should be, from the rows that they are sums of; and what they are.
COUNTED_ANEW = """
SELECT variant, count(*), sum((o.largest > 0)::int) FROM experiment_assignments AS a
JOIN experiment_outcomes AS o USING (tenant, experiment_id, phase, unit, episode)
WHERE metric = %s GROUP BY variant ORDER BY variant
"""
COUNTED = """
SELECT variant, sum(n)::int, sum(y)::int FROM experiment_sums
WHERE metric = %s GROUP BY variant ORDER BY variant
"""
EXPOSED_ANEW = """
SELECT variant, count(*) FROM experiment_assignments WHERE expose_time IS NOT NULL
GROUP BY variant ORDER BY variant
"""
EXPOSED = """
SELECT variant, sum(n)::int FROM experiment_sums WHERE metric = '' GROUP BY variant ORDER BY variant
"""
# Tickets whose run is there and whose exposure is not, or the other way round.
HALF_DONE = """
SELECT r.ticket_id, a.unit FROM triage_runs AS r
FULL JOIN experiment_assignments AS a ON a.unit = r.ticket_id
WHERE (a.expose_time IS NOT NULL) IS DISTINCT FROM (r.ticket_id IS NOT NULL)
"""


@pytest_asyncio.fixture
async def url(postgres_url: str) -> str:
    """An empty database, which outlives its servers."""
    return await make_database(postgres_url)


@asynccontextmanager
async def process(
    folder: Path, url: str, **environment: str
) -> AsyncIterator[tuple[ServerProcess, Desk]]:
    """A server of the test's own, and who sits at its machine."""
    server = ServerProcess(folder, SWITCHYARD_DATABASE_URL=url, **environment)
    await asyncio.to_thread(server.start)
    try:
        async with grpc.aio.insecure_channel(server.address) as channel:
            yield server, Desk(Caller(channel))
    finally:
        await asyncio.to_thread(server.stop)


async def rows(url: str, query: str, *values: str) -> list[Any]:
    """What the database answers."""
    async with await psycopg.AsyncConnection.connect(url) as connection:
        return await (await connection.execute(query.encode(), values)).fetchall()


async def test_kill_while_outcomes_are_recorded_loses_none_that_was_answered(
    folder: Path, url: str
) -> None:
    names = units(400)
    answered: set[str] = set()
    async with process(folder / "data", url) as (server, desk):
        await desk.begin()
        await desk.expose(names)
        turn = asyncio.Semaphore(IN_FLIGHT)

        async def record(unit: str) -> None:
            async with turn:
                await desk.record(unit)
            answered.add(unit)
            if len(answered) == RECORDED_BEFORE_THE_KILL:
                server.kill()

        calls = [asyncio.create_task(record(unit)) for unit in names]
        ended = await asyncio.gather(*calls, return_exceptions=True)
        assert any(isinstance(error, grpc.aio.AioRpcError) for error in ended)

    async with process(folder / "data", url) as (_, desk):
        again = await desk.record_all(outcome(unit) for unit in names)
        assert again.failed == 0
        assert again.repeated_before >= len(answered) >= RECORDED_BEFORE_THE_KILL
        results = await desk.results()
    assert results.exposures == 400
    assert sum(variant.conversions for variant in results.metrics[0].variants) == 400
    assert await rows(url, COUNTED, "solved") == await rows(url, COUNTED_ANEW, "solved")
    assert await rows(url, EXPOSED) == await rows(url, EXPOSED_ANEW)


async def test_kill_in_mid_stream_leaves_sums_that_are_those_of_the_rows(
    folder: Path, url: str
) -> None:
    names = units(300)

    async def some_are_counted() -> bool:
        return bool(await rows(url, COUNTED, "solved"))

    async def items(server: ServerProcess) -> AsyncIterator[Any]:
        for number in count():
            if number == SENT_BEFORE_THE_KILL:
                await until(some_are_counted)
                server.kill()
            fields = {"outcome_id": str(number // 300), "success": number % 2 == 0}
            yield pb.RecordOutcomesRequest(outcome=outcome(names[number % 300], **fields))

    async with process(folder / "data", url) as (server, desk):
        await desk.begin()
        await desk.expose(names)
        call = desk.stream(items(server))
        ending = CallEnding(call)
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await call
        error = await ending.behind(raised.value)
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    found = await rows(url, COUNTED, "solved")
    assert found == await rows(url, COUNTED_ANEW, "solved")
    assert found


async def test_kill_while_tickets_are_tried_leaves_run_and_exposure_or_neither(
    folder: Path, url: str
) -> None:
    answered: set[str] = set()
    async with process(folder / "data", url) as (server, desk):
        await desk.begin(OF_TICKETS)
        turn = asyncio.Semaphore(IN_FLIGHT)

        async def triage(name: str) -> None:
            ticket = {"id": name, "body": "I was charged twice for my order."}
            async with turn:
                await desk.admin.call(f"{TRIAGE}/Triage", ticket=ticket)
            answered.add(name)
            if len(answered) == TRIAGED_BEFORE_THE_KILL:
                server.kill()

        calls = [asyncio.create_task(triage(name)) for name in units(300, "t")]
        await asyncio.gather(*calls, return_exceptions=True)

    async with process(folder / "data", url) as (_, desk):
        results = await desk.results()
    runs = {ticket for (ticket,) in await rows(url, "SELECT ticket_id FROM triage_runs")}
    assert answered <= runs
    assert len(runs) < 300
    assert await rows(url, HALF_DONE) == []
    assert results.exposures == len(runs)
    assert await rows(url, COUNTED, "automatic") == await rows(url, COUNTED_ANEW, "automatic")


@pytest_asyncio.fixture
async def pair(folder: Path, url: str, redis_url: str) -> AsyncIterator[tuple[Desk, Desk]]:
    """The operator at each of two servers, which share a database and a Redis."""
    async with AsyncExitStack() as stack:
        (_, one), (_, two) = [
            await stack.enter_async_context(
                process(folder / "data", url, SWITCHYARD_REDIS_URL=redis_url)
            )
            for _ in range(2)
        ]
        operator = Desk(await make_caller(one.admin, "ROLE_ADMIN"))
        yield operator, operator.at(two.admin)


async def answered(desk: Desk, ticket: dict[str, str]) -> tuple[str, Any]:
    """What the cache did for a ticket, and its result."""
    call = desk.admin.call(f"{TRIAGE}/Triage", ticket=ticket)
    result = (await call).result
    return await cache_result(call), result


async def test_answers_kept_before_a_change_are_answers_no_more_in_any_process(
    pair: tuple[Desk, Desk],
) -> None:
    one, two = pair

    async def has_another_answer(ticket: dict[str, str], run: str) -> bool:
        return bool((await answered(two, ticket))[1].run != run)

    await one.create(OF_TICKETS)
    for verb in ("StartExperiment", "PauseExperiment", "StopExperiment"):
        ticket, kept = await kept_by_both(pair)
        await one.call(verb, name=NAME)
        assert (await answered(one, ticket))[1].run != kept
        await until(partial(has_another_answer, ticket, kept))


async def kept_by_both(pair: tuple[Desk, Desk]) -> tuple[dict[str, str], str]:
    """A ticket to which both servers have kept the same answer, and its run."""
    found: list[tuple[dict[str, str], str]] = []

    async def is_kept() -> bool:  # unless Redis was too slow for one of them just then
        ticket = {"id": uuid.uuid4().hex, "body": "Where is my parcel?"}
        await answered(pair[0], ticket)
        answers = [await answered(desk, ticket) for desk in pair]
        found.append((ticket, answers[0][1].run))
        return [(did, result.run) for did, result in answers] == [("hit", found[-1][1])] * 2

    await until(is_kept)
    return found[-1]


async def test_an_applied_winner_decides_in_every_process_until_it_is_taken_back(
    pair: tuple[Desk, Desk],
) -> None:
    one, two = pair
    await one.begin(OF_TICKETS)
    await one.change("Stop")
    ticket = {"id": uuid.uuid4().hex, "body": "Hm, whatever."}

    async def decides(desk: Desk) -> str:
        return str((await answered(desk, ticket))[1].decision)

    before = [await decides(desk) for desk in pair]
    await one.call("ApplyWinner", name=NAME, variant="b")
    applied = await decides(one)
    assert applied not in before

    async def is_applied() -> bool:
        return await decides(two) == applied

    await until(is_applied)
    await one.call("RollBackWinner", name=NAME)
    assert await decides(one) == before[0]
