"""Two server processes on one database and one Redis: what one does, the other knows."""

import asyncio
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import pytest
import pytest_asyncio
import redis

from interceptors.cache.redis_link import NAMESPACE
from server.triage.answer_store import notify_answers
from tests.conftest import make_database
from tests.integration.callers import (
    LIMITS,
    TRIAGE,
    Caller,
    cache_result,
    make_caller,
    until,
    until_cached,
)
from tests.integration.databases import opened
from tests.integration.harm import engine_of, paused
from tools.redis_process import RedisProcess
from tools.server_process import ServerProcess

LONGEST_LEASE_MS = 2000
# For limits: a busy machine must not pass for a Redis that hangs. Each server would go by its own.
PATIENT = "?socket_timeout=20&socket_connect_timeout=20"


@dataclass(frozen=True)
class Site:
    """What servers share."""

    folder: Path  # with their keys
    database_url: str
    redis_url: str

    @asynccontextmanager
    async def server(self) -> AsyncIterator[tuple[ServerProcess, grpc.aio.Channel]]:
        """One more server."""
        process = ServerProcess(
            self.folder,
            SWITCHYARD_DATABASE_URL=self.database_url,
            SWITCHYARD_REDIS_URL=self.redis_url,
        )
        await asyncio.to_thread(process.start)
        try:
            async with grpc.aio.insecure_channel(process.address) as channel:
                yield process, channel
        finally:
            await asyncio.to_thread(process.stop)


@dataclass(frozen=True)
class Pair:
    """Two servers, and their operator at each."""

    site: Site
    processes: tuple[ServerProcess, ServerProcess]
    operators: tuple[Caller, Caller]

    def both(self, caller: Caller) -> tuple[Caller, Caller]:
        """The same caller at each server."""
        one, two = (replace(caller, channel=operator.channel) for operator in self.operators)
        return one, two


@pytest_asyncio.fixture(scope="module")
async def pair(
    session_folder: Path, postgres_url: str, session_redis: RedisProcess
) -> AsyncIterator[Pair]:
    """Two servers, which serve all the tests here."""
    site = Site(
        session_folder / "two-processes",
        await make_database(postgres_url),
        session_redis.url + PATIENT,
    )
    async with AsyncExitStack() as stack:
        started = [site.server(), site.server()]
        (one, first), (two, second) = [await stack.enter_async_context(each) for each in started]
        operator = await make_caller(Caller(first), "ROLE_ADMIN")
        operators = (operator, replace(operator, channel=second))
        yield Pair(site, (one, two), operators)


def ticket() -> dict[str, str]:
    """A ticket that nobody has sent before."""
    return {"id": uuid.uuid4().hex, "body": "Where is my parcel?"}


@pytest_asyncio.fixture
async def operators(pair: Pair) -> tuple[Caller, Caller]:
    """The operator at each server; both know what is in force, so they answer from the cache."""
    for operator in pair.operators:
        await until_cached(operator)
    return pair.operators


@pytest.fixture
def shared(pair: Pair) -> Iterator[redis.Redis]:
    """A client of the Redis that the servers share."""
    with redis.Redis.from_url(pair.site.redis_url) as client:
        yield client


def locks(shared: redis.Redis) -> list[Any]:
    """The works that a server is at."""
    return list(shared.scan_iter(f"{NAMESPACE}:lock:*"))


def looks(shared: redis.Redis) -> int:
    """How often servers have looked for answers."""
    statistics: Any = shared.info("commandstats")
    return int(statistics.get("cmdstat_mget", {"calls": 0})["calls"])


async def until_at_work(shared: redis.Redis) -> None:
    """Until a server is at a work."""

    async def is_at_work() -> bool:
        return bool(locks(shared))

    await until(is_at_work)


async def until_waiting(shared: redis.Redis, before: int) -> None:
    """Until a server has looked again and again for what another one works on."""

    async def is_waiting() -> bool:
        return looks(shared) >= before + 3

    await until(is_waiting)


async def test_identical_calls_in_flight_at_both_share_one_work(
    pair: Pair, operators: tuple[Caller, Caller], shared: redis.Redis
) -> None:
    asked = ticket()
    with paused(engine_of(pair.processes[0])):
        first = operators[0].call(f"{TRIAGE}/Triage", ticket=asked)
        await until_at_work(shared)
        before = looks(shared)
        second = operators[1].call(f"{TRIAGE}/Triage", ticket=asked)
        await until_waiting(shared, before)
    assert (await first).result.run == (await second).result.run
    assert [await cache_result(call) for call in (first, second)] == ["miss", "coalesced"]


async def test_a_killed_server_leaves_its_work_to_the_other_after_its_lease(
    pair: Pair, operators: tuple[Caller, Caller], shared: redis.Redis
) -> None:
    asked = ticket()
    async with pair.site.server() as (process, channel):
        doomed = replace(operators[0], channel=channel)
        await until_cached(doomed)
        with paused(engine_of(process)):
            lost = doomed.call(f"{TRIAGE}/Triage", ticket=asked)
            await until_at_work(shared)
            before = looks(shared)
            waiting = operators[1].call(f"{TRIAGE}/Triage", ticket=asked)
            await until_waiting(shared, before)
            leases_ms: list[Any] = [shared.pttl(lock) for lock in locks(shared)]
            process.kill()
        with pytest.raises(grpc.aio.AioRpcError):
            await lost
    assert [0 < lease_ms <= LONGEST_LEASE_MS for lease_ms in leases_ms] == [True]
    assert (await waiting).result.run
    assert await cache_result(waiting) == "miss"


async def answered_alike(one: Caller, two: Caller) -> tuple[dict[str, str], str]:
    """A ticket of which one server has the other's answer, and the run of that."""
    found: list[tuple[dict[str, str], str]] = []

    async def is_alike() -> bool:  # unless Redis was too slow for one of them just then
        asked = ticket()
        found.append((asked, await run_of(one, asked)))
        return await run_of(two, asked) == found[-1][1]

    await until(is_alike)
    return found[-1]


async def test_after_an_update_neither_server_answers_as_before(
    operators: tuple[Caller, Caller],
) -> None:
    one, two = operators
    asked, before = await answered_alike(one, two)
    taxonomy = (await one.call(f"{TRIAGE}/GetTaxonomy")).taxonomy
    taxonomy.categories[0].title = "Another title"
    updated = await one.call(f"{TRIAGE}/UpdateTaxonomy", taxonomy=taxonomy)

    async def is_in_force_at_two() -> bool:
        answer = await two.call(f"{TRIAGE}/GetTaxonomy")
        return bool(answer.taxonomy == updated.taxonomy)

    after = await run_of(one, asked)
    assert after != before
    assert (await one.call(f"{TRIAGE}/GetTaxonomy")).taxonomy == updated.taxonomy
    await until(is_in_force_at_two)
    assert await run_of(two, asked) != before


async def test_an_overturned_answer_is_given_by_neither_server(
    pair: Pair, operators: tuple[Caller, Caller]
) -> None:
    one, two = operators
    asked, overturned = await answered_alike(one, two)

    async def is_forgotten_at(caller: Caller) -> bool:
        return await run_of(caller, asked) != overturned

    async with opened(pair.site.database_url) as database, database.connection("test") as link:
        await notify_answers(link, [tag_of_run(overturned)])
    for caller in (one, two):
        await until(partial(is_forgotten_at, caller))

    async def is_shared() -> bool:
        return await run_of(one, asked) == await run_of(two, asked)

    await until(is_shared)


def tag_of_run(name: str) -> str:
    """What the kept answer of a run is tagged with."""
    return f"run:{name.removeprefix('triageRuns/')}"


async def run_of(caller: Caller, asked: dict[str, str]) -> str:
    return str((await caller.call(f"{TRIAGE}/Triage", ticket=asked)).result.run)


async def test_of_many_calls_at_both_exactly_the_limit_is_admitted(
    pair: Pair, operators: tuple[Caller, Caller]
) -> None:
    agent = await make_caller(operators[0], "ROLE_AGENT")
    limits = {"caller": agent.name, "limits": {"per_day": 10}}
    await operators[0].call(f"{LIMITS}/SetCustomLimit", **limits)
    for operator in operators:
        await until(partial(is_limited, operator, agent.name))
    calls = [each.call(f"{TRIAGE}/GetTaxonomy") for each in pair.both(agent) for _ in range(20)]
    codes = Counter([await call.code() for call in calls])
    assert codes == {grpc.StatusCode.OK: 10, grpc.StatusCode.RESOURCE_EXHAUSTED: 30}


async def is_limited(operator: Caller, name: str) -> bool:
    """Whether the custom limit is in force at this server."""
    answer = await operator.call(f"{LIMITS}/GetStatus", caller=name)
    return [window.limit for window in answer.windows] == [10]
