"""Quantiles of values that were counted by bucket."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

import numpy as np
import pytest

from server.statistics.anytime import Interval
from server.statistics.quantiles import (
    LEAST_MAGNITUDE,
    MOST_BUCKETS,
    RELATIVE_ACCURACY,
    bucket_of,
    difference_interval,
    quantile,
    rank_interval,
    sequence_interval,
    value_of,
)

ALPHA = 0.1
NOTHING: Mapping[int, int] = {}

IntervalOf = Callable[[Mapping[int, int], float, float], Interval | None]


def counted(values: Iterable[float]) -> Counter[int]:
    return Counter(bucket_of(value) for value in values)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_bucket_gives_its_values_back_within_one_percent(sign: int) -> None:
    values = sign * np.array([*np.geomspace(1e-9, 1e26, 3001), 1.0, 20.0, 1e-9])
    given_back = np.array([value_of(bucket_of(value)) for value in values])
    assert given_back == pytest.approx(values, rel=RELATIVE_ACCURACY * (1 + 1e-9))


@pytest.mark.parametrize("value", [0.0, -0.0, LEAST_MAGNITUDE / 2, -5e-324])
def test_next_to_nothing_counts_as_zero(value: float) -> None:
    assert bucket_of(value) == 0
    assert value_of(bucket_of(value)) == 0.0


@pytest.mark.parametrize(("value", "bucket"), [(1e308, MOST_BUCKETS), (-1e308, -MOST_BUCKETS)])
def test_the_number_of_buckets_is_bounded(value: float, bucket: int) -> None:
    assert bucket_of(value) == bucket


def test_buckets_are_in_the_order_of_the_values() -> None:
    values = [-1e9, -3.0, -2.9, -1e-3, 0.0, 1e-3, 0.5, 1.0, 7e7]
    assert [bucket_of(value) for value in values] == sorted({bucket_of(value) for value in values})


@pytest.mark.parametrize("p", [0.01, 0.25, 0.5, 0.9, 0.95, 0.999])
def test_a_quantile_is_within_one_percent_of_the_values_own(p: float) -> None:
    values = np.random.default_rng(1).standard_t(3, 10_001) * 40
    exact = np.quantile(values, p, method="inverted_cdf")
    assert quantile(counted(values), p) == pytest.approx(exact, rel=RELATIVE_ACCURACY * (1 + 1e-9))


def test_counts_of_two_processes_are_those_of_all_values() -> None:
    assert counted([1, 2, 3]) + counted([3, 4]) == counted([1, 2, 3, 3, 4])


def test_a_value_that_was_taken_out_again_does_not_count() -> None:
    counts = counted([1.0, 5.0, 100.0])
    counts.subtract([bucket_of(100.0)])
    assert quantile(counts, 0.99) == pytest.approx(5.0, rel=0.01)


@pytest.mark.parametrize("counts", [NOTHING, {3: 0}])
def test_no_values_have_no_quantile(counts: Mapping[int, int]) -> None:
    assert quantile(counts, 0.5) is None
    assert rank_interval(counts, 0.5, 0.05) is None
    assert sequence_interval(counts, 0.5, 0.05) is None


@pytest.mark.parametrize("interval", [rank_interval, sequence_interval])
@pytest.mark.parametrize("p", [0.01, 0.99])
def test_too_few_values_for_an_end_have_no_interval(interval: IntervalOf, p: float) -> None:
    assert interval(counted(range(100)), p, 0.05) is None


def test_five_values_do_not_bound_a_median() -> None:
    # All lie on one side with probability 2 / 32 > 0.05; of six values with 2 / 64.
    assert rank_interval(counted(range(5)), 0.5, 0.05) is None
    assert rank_interval(counted(range(6)), 0.5, 0.05) is not None


@pytest.mark.parametrize("interval", [rank_interval, sequence_interval])
def test_an_interval_covers_the_whole_of_its_outer_buckets(interval: IntervalOf) -> None:
    found = interval({bucket_of(-7.0): 5000, bucket_of(7.0): 5000}, 0.5, 0.05)
    assert found is not None
    assert found.lower <= -7.0
    assert found.upper >= 7.0
    assert found == pytest.approx((-7.0, 7.0), rel=2.1 * RELATIVE_ACCURACY)


def test_values_that_are_all_zero_have_an_interval_of_zero() -> None:
    assert sequence_interval({0: 1000}, 0.5, 0.05) == Interval(0.0, 0.0)


@pytest.mark.parametrize("p", [0.5, 0.95])
def test_a_rank_interval_covers_as_often_as_promised(p: float) -> None:
    rng, runs = np.random.default_rng(2), 400
    truth = math.exp(float(np.quantile(np.random.default_rng(3).standard_normal(10**6), p)))
    covered = 0
    for _ in range(runs):
        found = rank_interval(counted(np.exp(rng.standard_normal(200))), p, ALPHA)
        covered += found is not None and found.lower <= truth <= found.upper
    assert covered / runs >= 1 - ALPHA - 3 * math.sqrt(ALPHA * (1 - ALPHA) / runs)


def looks_outside(rng: np.random.Generator, p: float, truth: float) -> bool:
    """Whether the sequence excludes the true quantile of exponential values at any look."""
    counts: Counter[int] = Counter()
    for _ in range(60):
        counts += counted(rng.exponential(size=25))
        found = sequence_interval(counts, p, ALPHA)
        if found is not None and not found.lower <= truth <= found.upper:
            return True
    return False


@pytest.mark.parametrize("p", [0.5, 0.9])
def test_a_sequence_covers_at_every_look(p: float) -> None:
    rng, runs = np.random.default_rng(4), 150
    missed = sum(looks_outside(rng, p, -math.log(1 - p)) for _ in range(runs))
    assert missed <= runs * ALPHA + 3 * math.sqrt(runs * ALPHA)


@pytest.mark.parametrize(("counts", "first", "last"), [((425, 149), 2, 3), ((426, 149), 1, 2)])
def test_the_ranks_of_a_sequence_by_hand(counts: tuple[int, int], first: int, last: int) -> None:
    # l = (1.4 log log 2100 + log 200) / 1000 = 0.00814685, and 1.5 sqrt(l / 4) + 0.8 l = 0.0742125:
    # of 1000 values from the 426th to the 575th.
    found = sequence_interval({1: counts[0], 2: counts[1], 3: 1000 - sum(counts)}, 0.5, 0.05)
    assert found == pytest.approx((value_of(first) * 0.99, value_of(last) * 1.01), rel=2e-4)


def test_a_sequence_is_wider_than_an_interval_for_one_look() -> None:
    counts = counted(np.random.default_rng(5).exponential(size=2000))
    once, always = rank_interval(counts, 0.9, 0.05), sequence_interval(counts, 0.9, 0.05)
    assert once is not None
    assert always is not None
    assert always.lower < once.lower < once.upper < always.upper


def test_a_slower_arm_is_found_slower() -> None:
    rng = np.random.default_rng(6)
    slow, fast = (counted(rng.exponential(scale, 5000)) for scale in (2.0, 1.0))
    found = difference_interval(slow, fast, 0.9, 0.05)
    assert found is not None
    assert 0 < found.lower < math.log(10) < found.upper


def test_a_difference_needs_both_arms() -> None:
    many, few = counted(range(1000)), counted(range(3))
    assert difference_interval(many, few, 0.5, 0.05) is None
    assert difference_interval(few, many, 0.5, 0.05) is None
