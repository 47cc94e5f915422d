"""Intervals for rates and means: their edges, and how often they cover."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.special import xlog1py, xlogy

from server.statistics.anytime import Interval
from server.statistics.intervals import clopper_pearson, newcombe, student, wilson


def test_no_trials_have_no_interval() -> None:
    assert wilson(0, 0, 0.05) is None
    assert clopper_pearson(0, 0, 0.05) is None
    assert newcombe(0, 0, 1, 2, 0.05) is None
    assert newcombe(1, 2, 0, 0, 0.05) is None


@pytest.mark.parametrize("method", [wilson, clopper_pearson])
@pytest.mark.parametrize(("successes", "end"), [(0, 0), (7, 1)])
def test_an_interval_reaches_the_end_that_was_never_left(
    method: Callable[[float, float, float], Interval | None], successes: int, end: int
) -> None:
    found = method(successes, 7, 0.05)
    assert found is not None
    assert found[end] == end


def test_a_difference_turns_round_with_its_arms() -> None:
    found, turned = newcombe(7, 20, 3, 30, 0.05), newcombe(3, 30, 7, 20, 0.05)
    assert found is not None
    assert turned == pytest.approx((-found.upper, -found.lower))


def coverage(intervals: list[Interval | None], rate: float) -> float:
    """Probability that the interval for the successes of so many trials covers the rate."""
    trials = len(intervals) - 1
    counts = np.arange(trials + 1)
    steps = np.log(np.maximum(counts, 1)).cumsum()
    log_chances = (
        steps[-1] - steps - steps[::-1] + xlogy(counts, rate) + xlog1py(counts[::-1], -rate)
    )
    covers = [found is not None and found.lower <= rate <= found.upper for found in intervals]
    return float(np.exp(log_chances) @ np.array(covers))


def test_the_exact_interval_covers_at_least_as_often_as_promised() -> None:
    intervals = [clopper_pearson(successes, 30, 0.05) for successes in range(31)]
    assert min(coverage(intervals, rate) for rate in np.linspace(0.01, 0.99, 99)) >= 0.95


def test_the_score_interval_covers_as_often_as_promised_on_average() -> None:
    intervals = [wilson(successes, 30, 0.05) for successes in range(31)]
    found = np.mean([coverage(intervals, rate) for rate in np.linspace(0.01, 0.99, 99)])
    assert found == pytest.approx(0.95, abs=0.01)


def test_a_mean_has_students_interval() -> None:
    """Student (1908), the extra sleep of ten patients: 2.33 on average, standard deviation 2.00."""
    found = student(2.33, 2.002**2, 10, 0.05)
    assert found == pytest.approx((0.90, 3.76), abs=5e-3)


def test_one_value_has_no_interval() -> None:
    assert student(4, 0, 1, 0.05) is None
