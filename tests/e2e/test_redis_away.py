"""Redis is harmed under a server that works hard: no call fails, it is told, it is used again."""

import asyncio
import urllib.request
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pytest
import pytest_asyncio
import redis
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.conftest import make_database
from tests.integration.callers import LIMITS, TRIAGE, Caller, make_caller, until
from tools.redis_process import RedisProcess
from tools.server_process import ServerProcess

SERVING = health_pb2.HealthCheckResponse.SERVING
CALLERS_AT_ONCE = 24
LONGEST_CALL_S = 30.0  # on a busy machine; a Redis that hangs does so for longer
SHARED = ("rate_limit_shared", "switchyard_cache_shared")
Harm = Callable[[RedisProcess], object]


@dataclass
class Load:
    """Calls that go on and on, and how they went."""

    caller: Caller
    answered: int = 0
    failures: list[str] = field(default_factory=list)

    async def call_for_ever(self) -> None:
        """One call after another: every ticket twice, every run, and the taxonomy."""
        while True:
            ticket = {"id": uuid.uuid4().hex, "body": "Where is my parcel?"}
            try:
                for _ in range(2):
                    run = (await self.caller.call(f"{TRIAGE}/Triage", ticket=ticket)).result.run
                await self.caller.call(f"{TRIAGE}/GetTriageRun", name=run)
                await self.caller.call(f"{TRIAGE}/GetTaxonomy")
                self.answered += 4
            except grpc.aio.AioRpcError as error:
                self.failures.append(f"{error.code().name}: {error.details()}")

    async def go_on(self) -> None:
        """Return when every caller can have been answered once more."""
        enough = self.answered + 8 * CALLERS_AT_ONCE

        async def is_enough() -> bool:
            return self.answered >= enough or bool(self.failures)

        await until(is_enough)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """A few dozen callers at once while the block runs."""
        calling = [asyncio.create_task(self.call_for_ever()) for _ in range(CALLERS_AT_ONCE)]
        try:
            yield
        finally:
            for task in calling:
                task.cancel()
            await asyncio.gather(*calling, return_exceptions=True)


@dataclass(frozen=True)
class Site:
    """A server, its Redis, and somebody whose calls are limited."""

    server: ServerProcess
    redis: RedisProcess
    caller: Caller

    async def health(self, service: str) -> int:
        """The health of a service or part."""
        stub: Any = health_pb2_grpc.HealthStub(self.caller.channel)
        request = health_pb2.HealthCheckRequest(service=service)
        return int((await stub.Check(request, timeout=LONGEST_CALL_S)).status)

    async def metrics(self) -> dict[str, str]:
        """What the metrics tell, by name and labels."""
        text = await asyncio.to_thread(fetch, self.server.metrics_url)
        samples = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
        return {name: value for name, _, value in samples}

    async def is_shared(self) -> bool:
        """Whether limits and cached answers both go through Redis, and health says so."""
        metrics = await self.metrics()
        is_told = await self.health("redis") == SERVING
        return is_told and all(float(metrics[name]) == 1 for name in SHARED)

    async def is_alone(self) -> bool:
        """Whether neither does, and health says so."""
        metrics = await self.metrics()
        is_told = await self.health("redis") != SERVING
        return is_told and all(float(metrics[name]) == 0 for name in SHARED)


def fetch(url: str) -> str:
    with urllib.request.urlopen(url, timeout=LONGEST_CALL_S) as answer:  # noqa: S310  # our own server
        return str(answer.read().decode())


@asynccontextmanager
async def site(folder: Path, database_url: str, its_redis: RedisProcess) -> AsyncIterator[Site]:
    """A server beside a Redis that may be away, and a caller with a key and wide limits."""
    server = ServerProcess(
        *(folder / "data", "--metrics-listen", "127.0.0.1:0"),
        SWITCHYARD_REDIS_URL=its_redis.url,
        SWITCHYARD_DATABASE_URL=database_url,
    )
    await asyncio.to_thread(server.start)
    try:
        async with grpc.aio.insecure_channel(server.address) as channel:
            operator = await make_caller(Caller(channel), "ROLE_ADMIN")
            agent = await make_caller(operator, "ROLE_AGENT")
            wide = {"per_day": 1_000_000_000}
            await operator.call(f"{LIMITS}/SetCustomLimit", caller=agent.name, limits=wide)
            caller = Caller(channel, agent.secret, agent.name, LONGEST_CALL_S)
            yield Site(server, its_redis, caller)
    finally:
        assert await asyncio.to_thread(server.stop) == 0


@pytest.fixture(scope="module")
def its_redis(session_folder: Path) -> Iterator[RedisProcess]:
    """The Redis of this file's server."""
    process = RedisProcess(session_folder / "redis-away").start()
    yield process
    process.stop()


@pytest_asyncio.fixture(scope="module")
async def busy(
    session_folder: Path, postgres_url: str, its_redis: RedisProcess
) -> AsyncIterator[Site]:
    """A server whose Redis is harmed and mended again and again."""
    url = await make_database(postgres_url)
    async with site(session_folder / "redis-away", url, its_redis) as made:
        yield made


def fill(its_redis: RedisProcess) -> None:
    """Leave Redis no room; what is there stays."""
    configure(its_redis, maxmemory=1)


def empty(its_redis: RedisProcess) -> None:
    """Give Redis room again."""
    configure(its_redis, maxmemory=0)


def configure(its_redis: RedisProcess, maxmemory: int) -> None:
    with redis.Redis.from_url(its_redis.url) as client:
        client.config_set("maxmemory", maxmemory)


def restart(its_redis: RedisProcess) -> None:
    """Lose everything, and answer again at once."""
    its_redis.kill()
    its_redis.start()


HARMS: dict[str, tuple[Harm, Harm]] = {
    "killed": (RedisProcess.kill, RedisProcess.start),
    "paused": (RedisProcess.pause, RedisProcess.resume),
    "full": (fill, empty),
}


@dataclass(frozen=True)
class Outage:
    """A time without Redis under load, and what came of it."""

    failures: list[str]
    readiness: int
    liveness: int


@pytest_asyncio.fixture(scope="module", params=HARMS)
async def outage(request: pytest.FixtureRequest, busy: Site) -> Outage:
    """What callers and watchers saw. That sharing ended and came back has been waited for."""
    harm, mend = HARMS[request.param]
    load = Load(busy.caller)
    async with load.running():
        await until(busy.is_shared)
        harm(busy.redis)
        try:
            await until(busy.is_alone)
            await load.go_on()
            readiness, liveness = await busy.health(""), await busy.health("liveness")
        finally:
            mend(busy.redis)
        await until(busy.is_shared)
        await load.go_on()
    return Outage(load.failures, readiness, liveness)


async def test_no_call_fails_for_want_of_redis(outage: Outage) -> None:
    assert outage.failures == []


async def test_without_redis_the_server_is_alive_and_ready(outage: Outage) -> None:
    assert (outage.readiness, outage.liveness) == (SERVING, SERVING)


async def test_a_redis_that_restarts_empty_in_mid_load_fails_no_call(busy: Site) -> None:
    load = Load(busy.caller)
    async with load.running():
        for _ in range(3):
            await load.go_on()
            await asyncio.to_thread(restart, busy.redis)
        await load.go_on()
        await until(busy.is_shared)
    assert load.failures == []


@pytest_asyncio.fixture(scope="module")
async def early(session_folder: Path, postgres_url: str) -> AsyncIterator[Site]:
    """A server that is there before its Redis."""
    its_redis = RedisProcess(session_folder / "redis-late")
    url = await make_database(postgres_url)
    try:
        async with site(session_folder / "redis-late", url, its_redis) as made:
            yield made
    finally:
        its_redis.stop()


async def test_a_server_starts_without_its_redis_and_uses_it_when_it_comes(early: Site) -> None:
    load = Load(early.caller)
    async with load.running():
        await until(early.is_alone)
        await load.go_on()
        early.redis.start()
        await until(early.is_shared)
    assert load.failures == []
