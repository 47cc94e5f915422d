"""What the engine's process is given to do at once."""

import asyncio
from collections.abc import Callable

import orjson
import pytest
import pytest_asyncio

from server.engines.embedded import frames
from server.engines.embedded.frames import MOST_IN_FRAME, Frame, Job, LoadedEngine, Outbox


async def _nothing_to_teach() -> None:
    """An engine that has learned nothing."""


def engine(key: str) -> LoadedEngine:
    return LoadedEngine(key, orjson.dumps(["load", key]), _nothing_to_teach)


ANN, BOB, CAROL = engine("ann"), engine("bob"), engine("carol")


def ticket(of: LoadedEngine) -> Job:
    future = asyncio.get_running_loop().create_future()
    return Job(orjson.dumps(["read", of.key]), of, future)


def lesson(of: LoadedEngine) -> Job:
    future = asyncio.get_running_loop().create_future()
    return Job(orjson.dumps(["learn", of.key]), of, future, is_lesson=True)


def load(of: LoadedEngine) -> Job:
    return Job(of.load, of, asyncio.get_running_loop().create_future())


def told(frame: Frame | None) -> list[str]:
    """What a frame says."""
    return [] if frame is None else [" ".join(job) for job in orjson.loads(frame.encode())]


@pytest_asyncio.fixture
async def outbox() -> Outbox:
    """One for a process that has the engines of Ann and of Bob."""
    outbox = Outbox(most_engines=3)
    for known in (ANN, BOB):
        outbox.add(load(known))
        outbox.next_frame()
    return outbox


async def test_an_engine_that_was_loaded_is_not_loaded_again(outbox: Outbox) -> None:
    outbox.add(lesson(ANN))
    assert told(outbox.next_frame()) == ["learn ann"]


async def test_a_frame_teaches_one_lesson_beside_the_tickets(outbox: Outbox) -> None:
    for job in (lesson(ANN), lesson(BOB), ticket(ANN), ticket(BOB)):
        outbox.add(job)
    assert told(outbox.next_frame()) == ["read ann", "read bob", "learn ann"]
    assert told(outbox.next_frame()) == ["learn bob"]


async def test_a_frame_loads_one_engine(outbox: Outbox) -> None:
    outbox.all_are_lost()
    for job in (ticket(ANN), ticket(ANN), ticket(BOB), ticket(ANN)):
        outbox.add(job)
    assert told(outbox.next_frame()) == ["load ann", "read ann", "read ann"]
    assert told(outbox.next_frame()) == ["load bob", "read bob", "read ann"]


async def test_an_engine_is_to_be_taught_again_only_where_a_ticket_had_it_loaded() -> None:
    outbox = Outbox(most_engines=3)
    outbox.add(load(ANN))
    outbox.add(ticket(BOB))
    frames = [outbox.next_frame(), outbox.next_frame()]
    assert [frame and frame.reloaded for frame in frames] == [None, BOB]


async def test_an_engine_that_was_refused_is_loaded_again(outbox: Outbox) -> None:
    outbox.is_lost(ANN)
    outbox.add(ticket(ANN))
    assert told(outbox.next_frame()) == ["load ann", "read ann"]


async def test_a_retired_engine_is_dropped_before_it_is_loaded_again(outbox: Outbox) -> None:
    outbox.retire("ann")
    outbox.add(ticket(ANN))
    assert told(outbox.next_frame()) == ["drop ann", "load ann", "read ann"]


async def test_engines_that_take_too_much_room_are_dropped(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames, "MOST_LOADED_BYTES", len(BOB.load) + len(CAROL.load))
    outbox.add(load(CAROL))
    assert told(outbox.next_frame()) == ["load carol"]
    outbox.add(ticket(BOB))
    assert told(outbox.next_frame()) == ["drop ann", "read bob"]


async def test_an_engine_is_not_dropped_for_another_while_a_ticket_needs_it() -> None:
    outbox = Outbox(most_engines=1)
    outbox.add(load(ANN))
    outbox.next_frame()
    outbox.add(ticket(ANN))
    outbox.add(ticket(CAROL))
    assert told(outbox.next_frame()) == ["load carol", "read ann", "read carol"]
    outbox.add(ticket(CAROL))
    assert told(outbox.next_frame()) == ["drop ann", "read carol"]


@pytest.mark.parametrize("make", [ticket, lesson])
async def test_a_job_that_the_process_died_with_goes_first_and_alone(
    outbox: Outbox, make: Callable[[LoadedEngine], Job]
) -> None:
    suspect = make(ANN)
    suspect.deaths = 1
    outbox.put_back(suspect)
    for job in (ticket(BOB), lesson(BOB)):
        outbox.add(job)
    first = outbox.next_frame()
    assert first is not None
    assert first.jobs == [suspect]
    assert told(outbox.next_frame()) == ["read bob", "learn bob"]


async def test_a_frame_holds_no_more_tickets_than_it_may(outbox: Outbox) -> None:
    for _ in range(MOST_IN_FRAME + 1):
        outbox.add(ticket(ANN))
    assert len(told(outbox.next_frame())) == MOST_IN_FRAME
    assert len(outbox) == 1


async def test_jobs_that_nobody_waits_for_any_more_are_not_done(outbox: Outbox) -> None:
    given_up = ticket(ANN)
    given_up.answer.cancel()
    outbox.add(given_up)
    assert outbox.next_frame() is None
