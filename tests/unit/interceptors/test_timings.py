"""Timings: counts, extremes and percentiles of durations."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interceptors.timings import Timing, Timings, merge


def timing_of(*seconds: float) -> Timing:
    timing = Timing()
    for one in seconds:
        timing.add(one)
    return timing


def test_count_total_and_extremes() -> None:
    timing = timing_of(0.5, 0.001, 200.0)
    assert (timing.count, timing.total_s) == (3, 200.501)
    assert (timing.minimum_s, timing.maximum_s) == (0.001, 200.0)


def test_of_none_every_percentile_is_zero() -> None:
    assert Timing().percentile_s(99) == 0.0


def test_of_one_every_percentile_is_that_one() -> None:
    timing = timing_of(0.0042)
    assert timing.percentile_s(50) == pytest.approx(0.0042)
    assert timing.percentile_s(99) == pytest.approx(0.0042)


@given(st.lists(st.floats(1e-6, 300), min_size=1, max_size=200), st.floats(1, 100))
def test_a_percentile_lies_between_the_extremes(seconds: list[float], percent: float) -> None:
    timing = timing_of(*seconds)
    assert min(seconds) * 0.999 <= timing.percentile_s(percent) <= max(seconds) * 1.001


@given(st.lists(st.floats(1e-6, 300), min_size=2, max_size=100))
def test_percentiles_grow(seconds: list[float]) -> None:
    timing = timing_of(*seconds)
    p50, p95, p99 = (timing.percentile_s(percent) for percent in (50, 95, 99))
    assert p50 <= p95 * 1.001
    assert p95 <= p99 * 1.001


def test_merged_timings_are_as_if_measured_together() -> None:
    assert merge([timing_of(0.1, 0.2), timing_of(3.0), Timing()]) == timing_of(0.1, 0.2, 3.0)


def test_a_timing_is_made_once() -> None:
    timings = Timings()
    timings.of("step", "draft").add(1.0)
    assert timings.of("step", "draft").count == 1
    assert [subject for subject, _, _ in timings.of_kind("step")] == ["draft"]
    assert timings.kinds() == ["step"]
