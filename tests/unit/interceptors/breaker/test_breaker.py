"""A breaker opens on what its settings name, refuses for a while, and closes when it is well."""

import asyncio
from dataclasses import replace

import pytest

from interceptors.breaker.breaker import CircuitBreaker
from interceptors.breaker.settings import BreakerSettings, Mode, State
from interceptors.errors import CircuitOpen
from tests.unit.interceptors.clock import Clock

RATES_ONLY = BreakerSettings(consecutive_failures=1000, window_calls=10, minimum_calls=4)


class Fault(Exception):
    """Counts."""


class Mistake(Exception):
    """Does not count."""


class Listener:
    """Writes down what it hears."""

    def __init__(self) -> None:
        self.heard: list[tuple[object, ...]] = []

    def state_changed(self, breaker: str, before: State, after: State) -> None:
        self.heard.append((breaker, before, after))

    def refused(self, breaker: str) -> None:
        self.heard.append((breaker, "refused"))

    def succeeded(self, breaker: str, duration_s: float) -> None:
        self.heard.append((breaker, "succeeded", duration_s))

    def failed(self, breaker: str, duration_s: float, error: Exception) -> None:
        self.heard.append((breaker, "failed", duration_s, type(error)))


@pytest.fixture
def clock() -> Clock:
    """At 1,000 seconds."""
    return Clock()


def breaker_with(
    settings: BreakerSettings, clock: Clock, listener: Listener | None = None
) -> CircuitBreaker:
    listeners = [listener] if listener else []
    return CircuitBreaker("b", settings, lambda e: isinstance(e, Fault), clock, listeners)


def state(breaker: CircuitBreaker) -> State:
    return breaker.state


def fail(breaker: CircuitBreaker, times: int = 1, error: BaseException | None = None) -> None:
    for _ in range(times):
        breaker.failed(breaker.admit(), error or Fault())


def succeed(breaker: CircuitBreaker, times: int = 1) -> None:
    for _ in range(times):
        breaker.succeeded(breaker.admit())


def test_five_failures_in_a_row_open_it(clock: Clock) -> None:
    breaker = breaker_with(BreakerSettings(), clock)
    fail(breaker, 4)
    assert state(breaker) is State.CLOSED
    fail(breaker)
    assert state(breaker) is State.OPEN


def test_a_success_breaks_the_row(clock: Clock) -> None:
    breaker = breaker_with(BreakerSettings(), clock)
    fail(breaker, 4)
    succeed(breaker)
    fail(breaker, 4)
    assert state(breaker) is State.CLOSED


def test_a_share_of_failures_opens_it_once_there_are_enough_calls(clock: Clock) -> None:
    breaker = breaker_with(RATES_ONLY, clock)
    fail(breaker, 3)
    assert state(breaker) is State.CLOSED
    succeed(breaker)
    assert state(breaker) is State.OPEN


def test_calls_beyond_the_window_are_forgotten(clock: Clock) -> None:
    breaker = breaker_with(RATES_ONLY, clock)
    succeed(breaker, 6)
    fail(breaker, 4)
    succeed(breaker, 6)
    fail(breaker, 4)
    assert state(breaker) is State.CLOSED
    fail(breaker)
    assert state(breaker) is State.OPEN


def test_calls_older_than_the_window_are_forgotten(clock: Clock) -> None:
    breaker = breaker_with(replace(RATES_ONLY, window_s=30.0), clock)
    fail(breaker, 3)
    clock.now_s += 30.0
    fail(breaker, 3)
    assert state(breaker) is State.CLOSED
    assert breaker.rates().calls == 3
    clock.now_s += 30.0
    assert breaker.rates().calls == 0


def test_a_share_of_slow_calls_opens_it(clock: Clock) -> None:
    breaker = breaker_with(replace(RATES_ONLY, slow_call_s=2.0, slow_call_rate=0.5), clock)
    succeed(breaker, 2)
    for _ in range(2):
        permit = breaker.admit()
        clock.now_s += 2.0
        breaker.succeeded(permit)
    assert state(breaker) is State.OPEN
    assert breaker.tally.slow == 2


def test_an_open_one_refuses_with_the_time_that_is_left(clock: Clock) -> None:
    breaker = breaker_with(BreakerSettings(open_s=60.0), clock)
    fail(breaker, 5)
    clock.now_s += 45.0
    with pytest.raises(CircuitOpen) as raised:
        breaker.admit()
    assert raised.value.retry_after_s == 15.0


def test_two_successes_after_the_wait_close_it(clock: Clock) -> None:
    breaker = breaker_with(BreakerSettings(open_s=60.0), clock)
    fail(breaker, 5)
    clock.now_s += 60.0
    succeed(breaker)
    assert state(breaker) is State.HALF_OPEN
    succeed(breaker)
    assert state(breaker) is State.CLOSED


def test_a_failure_after_the_wait_opens_it_for_the_whole_time_again(clock: Clock) -> None:
    breaker = breaker_with(BreakerSettings(open_s=60.0), clock)
    fail(breaker, 5)
    clock.now_s += 60.0
    fail(breaker)
    with pytest.raises(CircuitOpen) as raised:
        breaker.admit()
    assert raised.value.retry_after_s == 60.0


def test_one_that_closed_starts_afresh(clock: Clock) -> None:
    breaker = breaker_with(RATES_ONLY, clock)
    fail(breaker, 4)
    clock.now_s += 60.0
    succeed(breaker, 2)
    fail(breaker, 3)
    assert state(breaker) is State.CLOSED


@pytest.mark.parametrize("error", [Mistake(), asyncio.CancelledError(), GeneratorExit()])
def test_what_does_not_count_never_opens_it(clock: Clock, error: BaseException) -> None:
    breaker = breaker_with(BreakerSettings(), clock)
    fail(breaker, 100, error)
    assert state(breaker) is State.CLOSED
    assert breaker.tally.ignored == 100


def test_calls_begun_before_it_opened_do_not_count_after_it_closed(clock: Clock) -> None:
    breaker = breaker_with(BreakerSettings(), clock)
    late = [breaker.admit() for _ in range(5)]
    fail(breaker, 5)
    clock.now_s += 60.0
    succeed(breaker, 2)
    for permit in late:
        breaker.failed(permit, Fault())
    assert state(breaker) is State.CLOSED


def test_one_that_is_forced_open_refuses_for_as_long_as_the_order_stands(clock: Clock) -> None:
    breaker = breaker_with(BreakerSettings(), clock)
    breaker.set_mode(Mode.FORCED_OPEN)
    breaker.reset()
    clock.now_s += 3600.0
    with pytest.raises(CircuitOpen) as raised:
        breaker.admit()
    assert raised.value.is_forced
    breaker.set_mode(Mode.AUTOMATIC)
    succeed(breaker)


def test_a_disabled_one_lets_everything_pass_and_counts_nothing(clock: Clock) -> None:
    breaker = breaker_with(BreakerSettings(), clock)
    fail(breaker, 5)
    breaker.set_mode(Mode.DISABLED)
    fail(breaker, 100)
    succeed(breaker)
    assert (breaker.tally.failed, breaker.tally.successful) == (5, 0)
    assert state(breaker) is State.CLOSED


def test_one_for_metrics_only_counts_and_never_opens(clock: Clock) -> None:
    breaker = breaker_with(BreakerSettings(), clock)
    breaker.set_mode(Mode.METRICS_ONLY)
    fail(breaker, 100)
    assert state(breaker) is State.CLOSED
    assert breaker.rates().failure_rate == 1.0


def test_an_order_that_stands_already_forgets_nothing(clock: Clock) -> None:
    breaker = breaker_with(BreakerSettings(), clock)
    fail(breaker, 5)
    breaker.set_mode(Mode.AUTOMATIC)
    assert state(breaker) is State.OPEN


def test_a_reset_closes_it_and_forgets(clock: Clock) -> None:
    breaker = breaker_with(BreakerSettings(), clock)
    fail(breaker, 5)
    breaker.reset()
    assert breaker.rates().calls == 0
    fail(breaker, 4)
    assert state(breaker) is State.CLOSED


def test_new_settings_hold_at_once(clock: Clock) -> None:
    breaker = breaker_with(BreakerSettings(open_s=60.0), clock)
    fail(breaker, 5)
    breaker.update(replace(breaker.settings, open_s=1.0, successes_to_close=1))
    clock.now_s += 1.0
    succeed(breaker)
    assert state(breaker) is State.CLOSED


def test_calls_that_run_while_slow_calls_become_watched_are_not_taken_for_slow(
    clock: Clock,
) -> None:
    breaker = breaker_with(BreakerSettings(), clock)
    permit = breaker.admit()
    breaker.update(replace(breaker.settings, slow_call_s=1.0))
    breaker.succeeded(permit)
    assert breaker.tally.slow == 0


def test_a_smaller_window_keeps_the_newest_calls(clock: Clock) -> None:
    breaker = breaker_with(RATES_ONLY, clock)
    succeed(breaker, 8)
    fail(breaker, 2)
    breaker.update(replace(RATES_ONLY, window_calls=4))
    assert breaker.rates().failure_rate == 0.5


def test_listeners_hear_everything_with_its_duration(clock: Clock) -> None:
    listener = Listener()
    settings = BreakerSettings(consecutive_failures=1, successes_to_close=1)
    breaker = breaker_with(settings, clock, listener)
    permit = breaker.admit()
    clock.now_s += 2.0
    breaker.failed(permit, Fault())
    with pytest.raises(CircuitOpen):
        breaker.admit()
    clock.now_s += 60.0
    succeed(breaker)
    assert listener.heard == [
        ("b", State.CLOSED, State.OPEN),
        ("b", "failed", 2.0, Fault),
        ("b", "refused"),
        ("b", State.OPEN, State.HALF_OPEN),
        ("b", State.HALF_OPEN, State.CLOSED),
        ("b", "succeeded", 0.0),
    ]


async def test_a_guarded_coroutine_function_is_refused_when_it_fails_too_often(
    clock: Clock,
) -> None:
    breaker = breaker_with(BreakerSettings(consecutive_failures=2), clock)

    @breaker.guard()
    async def work(number: int) -> int:
        if number < 0:
            raise Fault
        return number

    assert await work(7) == 7
    for _ in range(2):
        with pytest.raises(Fault):
            await work(-1)
    with pytest.raises(CircuitOpen):
        await work(7)


async def test_a_guarded_block_that_is_cancelled_counts_as_nothing(clock: Clock) -> None:
    breaker = breaker_with(BreakerSettings(consecutive_failures=1), clock)

    async def work() -> None:
        async with breaker.guard():
            await asyncio.Event().wait()

    task = asyncio.ensure_future(work())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert (state(breaker), breaker.tally.ignored) == (State.CLOSED, 1)
