"""Intervals and p-values that hold at every look."""

import math

import numpy as np
import pytest

from server.statistics.anytime import (
    TUNED_FOR,
    Interval,
    interval,
    lower_bound,
    p_value,
    p_value_of,
    upper_bound,
)
from server.statistics.betting import FloatArray
from server.statistics.confidence_sequence import one_sided_radius, two_sided_radius
from server.statistics.estimate import Estimate, difference
from server.statistics.moments import Moments

SOME = Estimate(value=0.05, deviation=0.75, units=3600.0)


def test_an_interval_lies_around_the_estimate() -> None:
    radius = two_sided_radius(3600, 0.75, 0.05, 1000)
    assert interval(SOME, 0.05, 1000) == Interval(0.05 - radius, 0.05 + radius)


def test_one_sided_bounds_lie_on_their_side() -> None:
    radius = one_sided_radius(3600, 0.75, 0.05, TUNED_FOR)
    assert lower_bound(SOME, 0.05) == 0.05 - radius
    assert upper_bound(SOME, 0.05) == 0.05 + radius


def test_one_side_alone_is_closer_than_both() -> None:
    assert interval(SOME, 0.05).lower < lower_bound(SOME, 0.05)


@pytest.mark.parametrize("value", [0.03, -0.045, 0.06, 0.2])
@pytest.mark.parametrize("tuned_for", [500, 2000, 10_000])
def test_the_p_value_is_where_the_interval_begins_to_exclude_zero(
    value: float, tuned_for: int
) -> None:
    estimate = Estimate(value, 0.75, 3600.0)
    found = p_value(estimate, tuned_for)
    wider, narrower = (interval(estimate, found * part, tuned_for) for part in (0.999, 1.001))
    assert wider.lower < 0 < wider.upper
    assert not narrower.lower < 0 < narrower.upper


def test_the_smaller_alpha_the_wider_the_interval() -> None:
    alphas = [1e-9, 1e-4, 0.01, 0.05, 0.2, 0.5, 0.9, 0.999]
    for units in (5.0, 500.0, 5e6):
        widths = [interval(Estimate(0.0, 1.0, units), alpha).upper for alpha in alphas]
        assert widths == sorted(widths, reverse=True)


@pytest.mark.parametrize("value", [0.0, 1e-9, 0.01])
def test_no_evidence_is_a_p_value_of_one(value: float) -> None:
    assert p_value(Estimate(value, 0.75, 3600.0)) == 1.0


def test_overwhelming_evidence_is_a_p_value_above_zero() -> None:
    assert 0.0 < p_value(Estimate(1e6, 0.75, 1e7)) < 1e-100


@pytest.mark.parametrize(
    ("log_e_value", "expected"),
    [(math.log(20), 0.05), (0.0, 1.0), (-3.0, 1.0), (math.inf, 0.0), (1e5, 0.0)],
)
def test_the_p_value_of_evidence_is_its_inverse(log_e_value: float, expected: float) -> None:
    assert p_value_of(log_e_value) == pytest.approx(expected)


def share_that_finds_a_difference(
    rates: tuple[float, float], looks: int, units: int, runs: int
) -> float:
    """In what share of trials a difference is found at any of so many looks, by 5 %."""
    rng = np.random.default_rng(1)
    sizes = rng.binomial(units, 0.5, (runs, looks))
    n = np.stack([sizes, units - sizes], axis=-1)
    ones = rng.binomial(n, rates).cumsum(axis=1)
    n = n.cumsum(axis=1)
    return sum(any(map(finds, n[run], ones[run])) for run in range(runs)) / runs


def finds(n: FloatArray, ones: FloatArray) -> bool:
    cells = [
        Moments(float(of_n), float(of_y), float(of_y)) for of_n, of_y in zip(n, ones, strict=True)
    ]
    estimate = difference([cells], 0, 1, span=1.0)
    if estimate is None:
        return False
    lower, upper = interval(estimate, 0.05)
    return not lower <= 0.0 <= upper


def test_two_hundred_looks_at_equal_arms_seldom_find_a_difference() -> None:
    assert share_that_finds_a_difference((0.8, 0.8), looks=200, units=100, runs=150) <= 0.05


def test_looks_at_equal_arms_from_the_first_units_on_seldom_find_a_difference() -> None:
    assert share_that_finds_a_difference((0.95, 0.95), looks=150, units=2, runs=200) <= 0.05


def test_five_points_are_found_within_3600_units() -> None:
    assert share_that_finds_a_difference((0.80, 0.85), looks=36, units=100, runs=400) >= 0.85
