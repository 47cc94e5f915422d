"""Windows admit up to their limit, all of them or none, and tell the true wait."""

from hypothesis import given
from hypothesis import strategies as st

from interceptors.limits.windows import (
    ADMITTED,
    NEAR,
    REFUSED,
    Meter,
    Verdict,
    Window,
    charge,
    remaining_units,
)

WIDTHS_S = (1, 60, 3600, 86400)

meters = st.lists(st.integers(1, 1000), min_size=1, max_size=4).map(
    lambda limits: meter(*zip(limits, WIDTHS_S, strict=False))
)
# Costs with the seconds that pass before each.
spendings = st.lists(st.tuples(st.floats(0, 4000), st.integers(1, 1500)), max_size=30)
starts = st.floats(0, 2e9)


def meter(*windows: tuple[int, int]) -> Meter:
    """A meter with windows of these limits and widths."""
    return Meter(tuple(Window(f"{width} s", limit, width) for limit, width in windows), "")


def spend(charged: Meter, cost: int, now: float) -> Verdict:
    """Charge a meter that has windows."""
    verdict = charge(charged, cost, now)
    assert verdict is not None
    return verdict


def spend_all(charged: Meter, spent: list[tuple[float, int]], now: float) -> float:
    """Charge each cost in its time; the time of the last."""
    for passes_s, cost in spent:
        now += passes_s
        spend(charged, cost, now)
    return now


def test_a_window_admits_its_limit_and_no_unit_more() -> None:
    charged = meter((60, 60))
    outcomes = [spend(charged, 1, 1000.0).outcome for _ in range(61)]
    assert outcomes == [ADMITTED] * 47 + [NEAR] * 13 + [REFUSED]


def test_units_of_the_bucket_before_fade_evenly() -> None:
    charged = meter((60, 60))
    spend(charged, 60, 600.0)  # a bucket's beginning
    assert [remaining_units(charged.windows[0], now) for now in (660.0, 675.0, 720.0)] == [
        0,
        15,
        60,
    ]


def test_who_waits_as_told_gets_the_whole_of_a_small_limit() -> None:
    charged, now, admitted = meter((2, 1)), 1000.0, 0
    while now < 1050.0:
        wait_s = spend(charged, 1, now).wait_s
        admitted += not wait_s
        now += wait_s
    assert admitted == 100  # two each second


def test_a_refusal_spends_nothing_in_any_window() -> None:
    charged = meter((1, 1), (60, 60))
    spend(charged, 1, 1000.0)
    assert spend(charged, 1, 1000.0).outcome == REFUSED
    assert [window.current for window in charged.windows] == [1, 1]


def test_a_verdict_tells_of_the_window_closest_to_its_limit() -> None:
    charged = meter((50, 1), (60, 60))
    now = 1000.0
    for _ in range(3):
        verdict = spend(charged, 10, now)
        now += 5.0
    assert (verdict.window.width_s, verdict.remaining_units) == (60, 30)


def test_a_refusal_tells_of_the_window_that_is_the_last_to_admit() -> None:
    charged = meter((1, 1), (1, 60))
    spend(charged, 1, 1000.0)
    assert spend(charged, 1, 1000.0).window.width_s == 60


def test_a_cost_above_the_limit_takes_an_empty_window_whole() -> None:
    charged = meter((5, 1))
    assert spend(charged, 100, 1000.0).remaining_units == 0
    refused = spend(charged, 100, 1000.5)
    assert refused.outcome == REFUSED
    assert spend(charged, 100, 1000.5 + refused.wait_s).outcome == NEAR


def test_a_meter_without_windows_has_no_verdict() -> None:
    assert charge(meter(), 1, 1000.0) is None


@given(meters, starts, spendings, st.integers(1, 1500))
def test_the_same_cost_is_admitted_after_exactly_the_wait(
    charged: Meter, start: float, spent: list[tuple[float, int]], cost: int
) -> None:
    now = spend_all(charged, spent, start)
    verdict = spend(charged, cost, now)
    if verdict.outcome == REFUSED:
        assert spend(charged, cost, now + verdict.wait_s).outcome != REFUSED


@given(meters, starts, spendings, st.integers(1, 1500))
def test_the_same_cost_is_refused_until_the_wait_is_over(
    charged: Meter, start: float, spent: list[tuple[float, int]], cost: int
) -> None:
    now = spend_all(charged, spent, start)
    wait_s = spend(charged, cost, now).wait_s
    if wait_s > 0.002:
        assert spend(charged, cost, now + wait_s - 0.001).outcome == REFUSED


@given(meters, starts, spendings)
def test_no_window_ever_counts_more_than_its_limit(
    charged: Meter, start: float, spent: list[tuple[float, int]]
) -> None:
    now = spend_all(charged, spent, start)
    assert all(window.spent(now) <= window.limit for window in charged.windows)


@given(meters, starts, spendings)
def test_the_remaining_units_can_be_spent(
    charged: Meter, start: float, spent: list[tuple[float, int]]
) -> None:
    now = spend_all(charged, spent, start)
    remaining = min(remaining_units(window, now) for window in charged.windows)
    assert spend(charged, remaining, now).outcome != REFUSED


@given(meters, starts, spendings)
def test_a_window_is_whole_again_when_it_says(
    charged: Meter, start: float, spent: list[tuple[float, int]]
) -> None:
    now = spend_all(charged, spent, start)
    for window in charged.windows:
        later = now + window.whole_in_s(now) + 0.001
        assert remaining_units(window, later) == window.limit
