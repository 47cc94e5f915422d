"""What the server stands on goes away and comes back: health tells it, and tells it in time."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import grpc
import pytest
import pytest_asyncio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from interceptors.timings import FAILED, Timings
from server.parts import KIND, Part, Parts
from tests.integration.access.refusals import refusal
from tests.integration.callers import PATIENCE_S, RESILIENCE, TRIAGE, Caller, until
from tests.integration.harm import database_of, engine_of, paused
from tools.server_process import ServerProcess

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


@pytest.fixture(scope="module")
def server(session_folder: Path) -> Iterator[ServerProcess]:
    """A server whose database and engine may be harmed."""
    process = ServerProcess(session_folder / "parts").start()
    yield process
    assert process.stop() == 0


@pytest_asyncio.fixture
async def caller(server: ServerProcess) -> AsyncIterator[Caller]:
    """Whoever sits at the server's machine."""
    async with grpc.aio.insecure_channel(server.address) as channel:
        yield Caller(channel)


@pytest.fixture
def health(caller: Caller) -> Any:
    """A stub of Health."""
    return health_pb2_grpc.HealthStub(caller.channel)


async def check(health: Any, service: str) -> int:
    return int((await health.Check(health_pb2.HealthCheckRequest(service=service))).status)


class Watched:
    """What the watchers of some services hear."""

    def __init__(self, health: Any, *services: str) -> None:
        self._calls = [
            health.Watch(health_pb2.HealthCheckRequest(service=service)) for service in services
        ]

    async def all_hear(self, status: int) -> None:
        """Return when the watchers of each have heard this status."""
        async with asyncio.timeout(PATIENCE_S):
            for call in self._calls:
                while (await call.read()).status != status:
                    continue

    def cancel(self) -> None:
        """Watch no more."""
        for call in self._calls:
            call.cancel()


async def test_a_database_that_hangs_makes_the_server_unready_but_alive(
    server: ServerProcess, health: Any
) -> None:
    watched = Watched(health, "", "database", TRIAGE)
    await watched.all_hear(SERVING)
    with paused(*database_of(server)):
        await watched.all_hear(NOT_SERVING)
        assert await check(health, "liveness") == SERVING
        assert await check(health, "engine") == SERVING
    await watched.all_hear(SERVING)
    watched.cancel()


async def test_a_call_that_a_database_hangs_under_is_unavailable_before_its_deadline(
    server: ServerProcess, caller: Caller
) -> None:
    with paused(*database_of(server)):
        ticket = {"id": "hanging", "body": "Where is my parcel?"}
        refused = await refusal(caller.call(f"{TRIAGE}/Triage", ticket=ticket))
    assert (refused.code, refused.reason) == ("UNAVAILABLE", "STORAGE_UNAVAILABLE")

    async def is_back() -> bool:
        health = health_pb2_grpc.HealthStub(caller.channel)
        return await check(health, "") == SERVING

    await until(is_back)


async def test_an_engine_that_hangs_makes_the_server_unready_until_it_is_replaced(
    server: ServerProcess, health: Any
) -> None:
    watched, engine = Watched(health, "", "engine"), engine_of(server)
    await watched.all_hear(SERVING)
    with paused(engine):
        await watched.all_hear(NOT_SERVING)
        assert await check(health, "database") == SERVING
        await watched.all_hear(SERVING)
    watched.cancel()


async def test_a_killed_engine_is_replaced_and_fails_no_call(
    server: ServerProcess, caller: Caller
) -> None:
    engine_of(server).kill()
    ticket = {"id": "killed", "body": "Where is my parcel?"}
    assert (await caller.call(f"{TRIAGE}/Triage", ticket=ticket)).result.run


async def test_performance_tells_how_long_each_part_takes_to_answer(caller: Caller) -> None:
    async def is_told() -> bool:
        answer = await caller.call(f"{RESILIENCE}/GetPerformance")
        parts = {one.subject: one for one in answer.performance if one.kind == KIND}
        return parts.keys() == {"database", "engine"} and all(
            one.p50.nanos or one.p50.seconds for one in parts.values()
        )

    await until(is_told)


class Told:
    """Keeps what is told of the parts."""

    def __init__(self) -> None:
        self.healthy: list[dict[str, bool]] = []

    def __call__(self, healthy: Mapping[str, bool]) -> None:
        self.healthy.append(dict(healthy))


async def answer() -> None:
    """A part that is well."""


async def refuse() -> None:
    raise ConnectionError


async def test_only_needed_parts_make_a_server_unready() -> None:
    told = Told()
    needed, other = Part(answer, is_needed=True), Part(refuse, is_needed=False)
    parts = Parts({"needed": needed, "other": other}, Timings(), told)
    await parts.ask_all()
    assert told.healthy == [{"needed": True, "other": False}]
    assert parts.is_ready(told.healthy[0])
    assert not parts.is_ready({"needed": False, "other": True})


async def test_what_does_not_change_is_told_once() -> None:
    told = Told()
    parts = Parts({"one": Part(answer, is_needed=True)}, Timings(), told)
    await parts.ask_all()
    await parts.ask_all()
    assert told.healthy == [{"one": True}]


async def test_a_refusal_is_timed_apart_from_answers() -> None:
    timings = Timings()
    await Parts({"one": Part(refuse, is_needed=True)}, timings, Told()).ask_all()
    assert [(name, outcome) for name, outcome, _ in timings.of_kind(KIND)] == [("one", FAILED)]


async def test_a_part_that_will_not_give_up_is_not_waited_for_nor_asked_twice() -> None:
    may_end, told, times_asked = asyncio.Event(), Told(), 0

    async def hang() -> None:
        nonlocal times_asked
        times_asked += 1
        while not may_end.is_set():
            try:
                await may_end.wait()
            except asyncio.CancelledError:
                continue  # as a driver that first waits for the other side to hear of it

    parts = Parts({"one": Part(hang, is_needed=True)}, Timings(), told)
    await parts.ask_all()
    await parts.ask_all()
    assert told.healthy == [{"one": False}]
    assert times_asked == 1
    may_end.set()

    async def is_well() -> bool:
        await parts.ask_all()
        return told.healthy[-1]["one"]

    await until(is_well)
