"""One works for all who ask the same; who leaves, leaves alone."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from interceptors.cache.flights import Flights
from interceptors.errors import DeadlineExceeded
from tests.unit.interceptors.cache.questions import Worker, turn

KEY = b"k"


async def ask(flights: Flights[bytes], worker: Worker) -> bytes:
    flight = flights.get(KEY)
    if flight is None:
        return await flights.lead(KEY, worker.work())
    return await flights.join(flight, worker.work)


async def start(*askers: Coroutine[Any, Any, bytes]) -> list[asyncio.Task[bytes]]:
    """The askers as tasks, each of which has come as far as it can."""
    tasks = [asyncio.create_task(asker) for asker in askers]
    await turn()
    return tasks


async def test_all_who_ask_at_once_get_the_answer_of_one_work() -> None:
    flights, worker = Flights[bytes](), Worker().hold()
    tasks = await start(*(ask(flights, worker) for _ in range(5)))
    worker.may_end.set()
    assert await asyncio.gather(*tasks) == [b"1"] * 5


async def test_an_error_reaches_all_who_wait() -> None:
    flights, worker = Flights[bytes](), Worker([ValueError("no")]).hold()
    tasks = await start(*(ask(flights, worker) for _ in range(3)))
    worker.may_end.set()
    ends = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(end) for end in ends] == [ValueError] * 3


async def test_a_work_begins_anew_after_it_has_failed() -> None:
    flights, worker = Flights[bytes](), Worker([ValueError("no")])
    with pytest.raises(ValueError, match="no"):
        await ask(flights, worker)
    assert await ask(flights, worker) == b"2"


async def test_one_who_waits_can_leave_without_the_others() -> None:
    flights, worker = Flights[bytes](), Worker().hold()
    leader, leaver, waiter = await start(*(ask(flights, worker) for _ in range(3)))
    leaver.cancel()
    worker.may_end.set()
    assert [await leader, await waiter] == [b"1", b"1"]


@pytest.mark.parametrize("leavers", [1, 2, 3])
async def test_the_work_runs_at_most_twice_however_many_leave(leavers: int) -> None:
    flights, worker = Flights[bytes](), Worker().hold()
    tasks = await start(*(ask(flights, worker) for _ in range(5)))
    for task in tasks[:leavers]:
        task.cancel()
        await turn()
    worker.may_end.set()
    assert await asyncio.gather(*tasks[leavers:]) == [b"2"] * (5 - leavers)
    assert worker.runs == 2


async def test_a_first_caller_out_of_time_does_not_end_the_others() -> None:
    flights, worker = Flights[bytes](), Worker([DeadlineExceeded(0.1)]).hold()
    leader, waiter = await start(ask(flights, worker), ask(flights, worker))
    worker.may_end.set()
    with pytest.raises(DeadlineExceeded):
        await leader
    assert await waiter == b"2"


async def test_a_work_that_all_have_left_is_cancelled() -> None:
    flights, worker = Flights[bytes](), Worker().hold()
    leader, waiter = await start(ask(flights, worker), ask(flights, worker))
    leader.cancel()
    await turn()
    waiter.cancel()
    await turn()
    assert worker.cancelled == 2


async def test_who_comes_after_all_have_left_begins_anew() -> None:
    flights, worker = Flights[bytes](), Worker().hold()
    leader, waiter = await start(ask(flights, worker), ask(flights, worker))
    leader.cancel()
    await turn()
    waiter.cancel()
    await asyncio.sleep(0)  # the waiter has left, the task is not yet cancelled
    (late,) = await start(ask(flights, worker))
    worker.may_end.set()
    assert await late == b"3"


async def test_all_leaving_in_the_same_moment_leave_nothing_behind() -> None:
    flights, worker = Flights[bytes](), Worker().hold()
    tasks = await start(*(ask(flights, worker) for _ in range(3)))
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await turn()
    assert flights.get(KEY) is None


async def test_closing_ends_the_works_that_were_handed_over() -> None:
    flights, worker = Flights[bytes](), Worker().hold()
    leader, waiter = await start(ask(flights, worker), ask(flights, worker))
    leader.cancel()
    await turn()
    await flights.close()
    with pytest.raises(asyncio.CancelledError):
        await waiter
