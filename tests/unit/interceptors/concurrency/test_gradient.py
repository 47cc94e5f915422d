"""The limit follows what calls take: it grows while they are quick and shrinks when they wait."""

import pytest

from interceptors.concurrency.gradient import GradientLimit, RoundTrips
from tests.unit.interceptors.clock import Clock

LEAST, MOST, INITIAL = 10, 500, 100
PLACES = 20  # in which the simulated server works at once
WORK_S = 0.01


@pytest.fixture
def clock() -> Clock:
    """At 1,000 seconds."""
    return Clock()


@pytest.fixture
def limit(clock: Clock) -> GradientLimit:
    """At 100 calls."""
    return GradientLimit(LEAST, MOST, INITIAL, clock)


def end_windows(
    limit: GradientLimit,
    kind: RoundTrips,
    clock: Clock,
    windows: int,
    took_s: float,
    in_flight: int,
) -> None:
    """Windows of twenty calls that took so long beside so many others."""
    for _ in range(windows):
        for _ in range(19):
            limit.sample(kind, clock.now_s - took_s, in_flight)
        clock.now_s += 1.0
        assert limit.sample(kind, clock.now_s - took_s, in_flight)


def test_it_grows_while_calls_stay_quick(limit: GradientLimit, clock: Clock) -> None:
    kind = limit.new_kind()
    end_windows(limit, kind, clock, windows=20, took_s=WORK_S, in_flight=INITIAL)
    assert limit.calls > INITIAL


def test_it_settles_near_what_a_saturated_server_can_do(limit: GradientLimit, clock: Clock) -> None:
    kind = limit.new_kind()
    end_windows(limit, kind, clock, windows=50, took_s=WORK_S, in_flight=1)
    for _ in range(50):
        waits = max(1.0, limit.calls / PLACES)
        end_windows(limit, kind, clock, 1, WORK_S * waits, in_flight=limit.calls)
    assert PLACES <= limit.calls <= 3 * PLACES


def test_a_limit_that_is_far_from_reached_stays(limit: GradientLimit, clock: Clock) -> None:
    kind = limit.new_kind()
    end_windows(limit, kind, clock, windows=20, took_s=WORK_S, in_flight=INITIAL // 2 - 1)
    assert limit.calls == INITIAL


def test_it_never_falls_below_the_least(limit: GradientLimit, clock: Clock) -> None:
    kind = limit.new_kind()
    end_windows(limit, kind, clock, windows=10, took_s=WORK_S, in_flight=1)
    end_windows(limit, kind, clock, windows=100, took_s=100 * WORK_S, in_flight=INITIAL)
    assert limit.calls == LEAST


def test_it_never_rises_above_the_most(limit: GradientLimit, clock: Clock) -> None:
    kind = limit.new_kind()
    end_windows(limit, kind, clock, windows=500, took_s=WORK_S, in_flight=MOST)
    assert limit.calls == MOST


def test_more_calls_of_a_slow_kind_do_not_shrink_it(limit: GradientLimit, clock: Clock) -> None:
    quick, slow = limit.new_kind(), limit.new_kind()
    end_windows(limit, quick, clock, windows=10, took_s=WORK_S, in_flight=INITIAL)
    before = limit.calls
    end_windows(limit, slow, clock, windows=10, took_s=100 * WORK_S, in_flight=INITIAL)
    assert limit.calls > before


def test_it_recovers_after_an_overload(limit: GradientLimit, clock: Clock) -> None:
    kind = limit.new_kind()
    end_windows(limit, kind, clock, windows=10, took_s=WORK_S, in_flight=1)
    end_windows(limit, kind, clock, windows=50, took_s=50 * WORK_S, in_flight=INITIAL)
    low = limit.calls
    end_windows(limit, kind, clock, windows=50, took_s=WORK_S, in_flight=INITIAL)
    assert limit.calls > 2 * low


def test_what_was_usual_in_an_overload_is_soon_forgotten(
    limit: GradientLimit, clock: Clock
) -> None:
    kind = limit.new_kind()
    end_windows(limit, kind, clock, windows=50, took_s=50 * WORK_S, in_flight=1)
    end_windows(limit, kind, clock, windows=100, took_s=WORK_S, in_flight=1)
    assert kind.usual_s <= 2.1 * WORK_S


def test_calls_that_take_no_time_at_all_are_quick(limit: GradientLimit, clock: Clock) -> None:
    kind = limit.new_kind()
    end_windows(limit, kind, clock, windows=1, took_s=WORK_S, in_flight=INITIAL)
    end_windows(limit, kind, clock, windows=5, took_s=0.0, in_flight=INITIAL)
    assert limit.calls > INITIAL


def test_a_window_waits_for_enough_calls(limit: GradientLimit, clock: Clock) -> None:
    kind = limit.new_kind()
    clock.now_s += 3600.0
    assert not any(limit.sample(kind, clock.now_s - WORK_S, INITIAL) for _ in range(9))
    assert limit.sample(kind, clock.now_s - WORK_S, INITIAL)
