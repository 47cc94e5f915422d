"""A breaker that is half open admits exactly the permitted calls, whatever becomes of them."""

import asyncio
from collections.abc import Sequence

import pytest

from interceptors.breaker.breaker import CircuitBreaker, Permit
from interceptors.breaker.settings import BreakerSettings, State
from interceptors.errors import CircuitOpen
from tests.unit.interceptors.clock import Clock

CALLERS = 100


class Work:
    """Does not end before it is told to; knows how many are at it."""

    def __init__(self, breaker: CircuitBreaker) -> None:
        self._breaker = breaker
        self.running = 0
        self.end = asyncio.Event()

    async def do(self) -> None:
        """Raises CircuitOpen."""
        async with self._breaker.guard():
            self.running += 1
            try:
                await self.end.wait()
            finally:
                self.running -= 1


@pytest.fixture
def clock() -> Clock:
    """At 1,000 seconds."""
    return Clock()


def half_open(clock: Clock, probes: int, successes: int = 3) -> CircuitBreaker:
    """A breaker whose next calls are probes."""
    settings = BreakerSettings(
        consecutive_failures=1,
        half_open_calls=probes,
        successes_to_close=successes,
        probe_lease_s=20.0,
    )
    breaker = CircuitBreaker("b", settings, lambda _error: True, clock)
    breaker.failed(breaker.admit(), ValueError())
    clock.now_s += settings.open_s
    return breaker


def state(breaker: CircuitBreaker) -> State:
    return breaker.state


def admitted(breaker: CircuitBreaker) -> list[Permit]:
    """What a crowd of callers gets."""
    permits = []
    for _ in range(CALLERS):
        try:
            permits.append(breaker.admit())
        except CircuitOpen:
            continue
    return permits


async def turn() -> None:
    """Lets every task that can run do so."""
    for _ in range(5):
        await asyncio.sleep(0)


def refused(tasks: Sequence[asyncio.Task[None]]) -> int:
    return sum(task.done() and isinstance(task.exception(), CircuitOpen) for task in tasks)


@pytest.mark.parametrize("probes", [1, 2, 3, 10])
async def test_of_many_callers_at_once_exactly_the_permitted_pass(
    clock: Clock, probes: int
) -> None:
    work = Work(half_open(clock, probes))
    tasks = [asyncio.ensure_future(work.do()) for _ in range(CALLERS)]
    await turn()
    assert (work.running, refused(tasks)) == (probes, CALLERS - probes)
    work.end.set()
    await asyncio.wait(tasks)


async def test_cancelled_probes_make_room_for_exactly_as_many(clock: Clock) -> None:
    breaker = half_open(clock, probes=3)
    work = Work(breaker)
    first = [asyncio.ensure_future(work.do()) for _ in range(3)]
    await turn()
    for task in first[:2]:
        task.cancel()
    await turn()
    second = [asyncio.ensure_future(work.do()) for _ in range(CALLERS)]
    await turn()
    assert (work.running, refused(second)) == (3, CALLERS - 2)
    assert state(breaker) is State.HALF_OPEN
    work.end.set()
    await asyncio.wait([*first, *second])


async def test_probes_that_are_cancelled_before_their_first_step_hold_no_slot(
    clock: Clock,
) -> None:
    breaker = half_open(clock, probes=1)
    task = asyncio.ensure_future(Work(breaker).do())
    task.cancel()
    await asyncio.wait([task])
    assert len(admitted(breaker)) == 1


def test_a_success_makes_room_for_one_more(clock: Clock) -> None:
    breaker = half_open(clock, probes=2)
    first = admitted(breaker)
    breaker.succeeded(first[0])
    assert (len(first), len(admitted(breaker))) == (2, 1)


def test_a_probe_that_never_reports_gives_its_slot_back(clock: Clock) -> None:
    breaker = half_open(clock, probes=2)
    admitted(breaker)
    clock.now_s += 19.0
    assert admitted(breaker) == []
    clock.now_s += 1.0
    assert len(admitted(breaker)) == 2


def test_a_refused_call_is_told_when_the_next_slot_is_free_at_the_latest(clock: Clock) -> None:
    breaker = half_open(clock, probes=1)
    breaker.admit()
    clock.now_s += 5.0
    with pytest.raises(CircuitOpen) as raised:
        breaker.admit()
    assert raised.value.retry_after_s == 15.0


def test_the_report_of_a_probe_whose_slot_went_to_another_does_not_count(clock: Clock) -> None:
    breaker = half_open(clock, probes=1, successes=1)
    late = breaker.admit()
    clock.now_s += 20.0
    breaker.admit()
    breaker.succeeded(late)
    assert state(breaker) is State.HALF_OPEN
    assert admitted(breaker) == []


def test_probes_of_an_earlier_try_do_not_count_for_the_next(clock: Clock) -> None:
    breaker = half_open(clock, probes=2, successes=1)
    late, failing = breaker.admit(), breaker.admit()
    breaker.failed(failing, ValueError())
    clock.now_s += 60.0
    probe = breaker.admit()
    breaker.succeeded(late)
    assert state(breaker) is State.HALF_OPEN
    breaker.succeeded(probe)
    assert state(breaker) is State.CLOSED


def test_a_call_begun_before_it_opened_is_no_probe(clock: Clock) -> None:
    settings = BreakerSettings(consecutive_failures=1, successes_to_close=1)
    breaker = CircuitBreaker("b", settings, lambda _error: True, clock)
    early = breaker.admit()
    breaker.failed(breaker.admit(), ValueError())
    clock.now_s += 60.0
    breaker.admit()
    breaker.succeeded(early)
    assert state(breaker) is State.HALF_OPEN


def test_a_slow_probe_does_not_close_it(clock: Clock) -> None:
    settings = BreakerSettings(consecutive_failures=1, successes_to_close=1, slow_call_s=2.0)
    breaker = CircuitBreaker("b", settings, lambda _error: True, clock)
    breaker.failed(breaker.admit(), ValueError())
    clock.now_s += 60.0
    probe = breaker.admit()
    clock.now_s += 2.0
    breaker.succeeded(probe)
    assert state(breaker) is State.OPEN
