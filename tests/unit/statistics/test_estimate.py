"""Means and differences under a fixed split."""

import math

import numpy as np
import pytest

from server.statistics.estimate import (
    Estimate,
    difference,
    mean,
    ratio_difference,
    variances_at,
)
from server.statistics.moments import Moments, total


def zeros_and_ones(units: float, ones: float) -> Moments:
    return Moments(float(units), float(ones), float(ones))


def of_values(*values: float) -> Moments:
    return total(Moments.of_unit(value) for value in values)


def found(estimate: Estimate | None) -> Estimate:
    assert estimate is not None
    return estimate


def test_the_mean_of_an_arm_is_that_of_all_its_units() -> None:
    rng = np.random.default_rng(1)
    early, late = rng.normal(5, 2, 70), rng.normal(6, 3, 50)
    values = np.concatenate([early, late])
    estimate = found(mean([of_values(*early), of_values(*late)]))
    assert estimate.value == pytest.approx(values.mean())
    assert estimate.standard_error == pytest.approx(values.std(ddof=1) / math.sqrt(120))


def test_with_one_configuration_it_is_the_plain_difference_in_means() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.normal(5, 1, 70), rng.normal(4, 2, 50)
    estimate = found(difference([[of_values(*a), of_values(*b)]], 0, 1))
    assert estimate.value == pytest.approx(a.mean() - b.mean())
    assert estimate.standard_error == pytest.approx(
        math.sqrt(a.var(ddof=1) / 70 + b.var(ddof=1) / 50)
    )
    assert estimate.units == 120


def test_configurations_count_as_much_as_they_tell() -> None:
    rng = np.random.default_rng(3)
    pairs = [
        (rng.normal(5, 2, 30), rng.normal(4, 1, 90)),
        (rng.normal(9, 1, 60), rng.normal(7, 3, 20)),
    ]
    weights = [30 * 90 / 120, 60 * 20 / 80]
    gaps = [a.mean() - b.mean() for a, b in pairs]
    errors = [a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b) for a, b in pairs]
    estimate = found(difference([[of_values(*a), of_values(*b)] for a, b in pairs], 0, 1))
    assert estimate.value == pytest.approx(np.dot(weights, gaps) / sum(weights))
    assert estimate.standard_error == pytest.approx(
        math.sqrt(np.dot(np.square(weights), errors)) / sum(weights)
    )


def test_the_difference_the_other_way_round_is_its_negative() -> None:
    cells = [[zeros_and_ones(100, 80), Moments(), zeros_and_ones(90, 60)]]
    forth, back = found(difference(cells, 0, 2)), found(difference(cells, 2, 0))
    assert forth.value == -back.value
    assert forth.deviation == pytest.approx(back.deviation)


def test_weights_that_change_while_the_means_fall_show_no_difference() -> None:
    cells = [
        [zeros_and_ones(900, 810), zeros_and_ones(100, 90)],
        [zeros_and_ones(100, 50), zeros_and_ones(900, 450)],
    ]
    assert found(difference(cells, 0, 1)).value == pytest.approx(0.0)


def test_a_configuration_without_one_of_the_arms_counts_nothing() -> None:
    shared = [zeros_and_ones(100, 80), zeros_and_ones(100, 70)]
    alone = [zeros_and_ones(5000, 1000), Moments()]
    assert difference([alone, shared], 0, 1) == difference([shared], 0, 1)


def test_cells_of_one_unit_count_with_the_variance_of_their_arm() -> None:
    # Twenty configurations of one unit an arm: of a 16 successes, of b 10.
    cells = [[zeros_and_ones(1, at < 16), zeros_and_ones(1, at % 2)] for at in range(20)]
    estimate = found(difference(cells, 0, 1, span=1.0))
    assert estimate.value == pytest.approx(0.3)
    variances = 20 / 19 * (0.8 * 0.2 + 0.5 * 0.5)
    assert estimate.standard_error == pytest.approx(math.sqrt(variances / 20))


@pytest.mark.parametrize(
    "cells",
    [
        [],
        [[Moments(), Moments()]],
        [[zeros_and_ones(50, 30), zeros_and_ones(1, 1)]],
        [[zeros_and_ones(50, 30), Moments()], [Moments(), zeros_and_ones(50, 30)]],
    ],
)
def test_there_is_no_difference_below_two_units_side_by_side(cells: list[list[Moments]]) -> None:
    assert difference(cells, 0, 1, span=1.0) is None


@pytest.mark.parametrize("units", [0, 1])
def test_there_is_no_mean_below_two_units(units: int) -> None:
    assert mean([zeros_and_ones(units, units)], span=1.0) is None


def test_equal_values_of_an_unknown_span_give_no_estimate() -> None:
    constant = of_values(*[0.1] * 40)
    assert mean([constant]) is None
    assert difference([[constant, constant]], 0, 1) is None


def test_only_successes_are_as_uncertain_as_one_failure_more_would_make_them() -> None:
    assert found(mean([zeros_and_ones(99, 99)], span=1.0)).deviation == pytest.approx(0.1)


def test_a_span_touches_no_arm_that_has_an_exception() -> None:
    arm = zeros_and_ones(100, 99)
    assert mean([arm], span=1.0) == mean([arm])


def test_two_constant_arms_that_differ_are_not_taken_for_certain() -> None:
    # Together their variance is 0.5 * 0.5 * 40 / 39: that is the span squared.
    cells = [[zeros_and_ones(20, 20), zeros_and_ones(20, 0)]]
    variance = 0.25 * 40 / 39 / 21
    assert found(difference(cells, 0, 1)).standard_error == pytest.approx(math.sqrt(variance / 10))


def test_a_small_arm_that_has_few_rare_events_is_not_taken_for_certain() -> None:
    cells = [[zeros_and_ones(1000, 1), zeros_and_ones(19_000, 190)]]
    variance = 190 / 19_000 * 0.99
    assert found(difference(cells, 0, 1, span=1.0)).standard_error == pytest.approx(
        math.sqrt(variance * (1 / 1000 + 1 / 19_000)), rel=0.03
    )


def test_arms_vary_alike_at_least_about_their_own_means() -> None:
    rng = np.random.default_rng(4)
    a, b = rng.normal(5, 1, 40), rng.normal(9, 3, 160)
    common = (39 * a.var(ddof=1) + 159 * b.var(ddof=1)) / 198
    assert found(
        difference([[of_values(*a), of_values(*b)]], 0, 1)
    ).standard_error == pytest.approx(math.sqrt(common * (1 / 40 + 1 / 160)))


def test_means_that_drift_do_not_make_arms_vary_more() -> None:
    rng = np.random.default_rng(5)
    a, b = rng.normal(5, 1, 50), rng.normal(5, 1, 50)
    early, late = ([of_values(*(values + shift)) for values in (a, b)] for shift in (0.0, 5.0))
    once, twice = found(difference([early], 0, 1)), found(difference([early, late], 0, 1))
    assert twice.standard_error == pytest.approx(once.standard_error / math.sqrt(2))


def test_what_arms_vary_by_at_least_may_be_given() -> None:
    cells = [[zeros_and_ones(100, 0), zeros_and_ones(400, 4)]]
    estimate = found(difference(cells, 0, 1, span=1.0, least=(0.09, 0.04)))
    assert estimate.standard_error == pytest.approx(math.sqrt(0.09 / 100 + 0.04 / 400))


@pytest.mark.parametrize(
    ("gap", "of_arms", "rates"),
    [
        (0.0, [(100, 30), (300, 30)], (0.15, 0.15)),
        (0.1, [(100, 30), (300, 30)], (0.225, 0.125)),
        (-0.04, [(100, 30), (100, 30)], (0.28, 0.32)),
        (0.02, [(500, 0), (500, 0)], (0.02, 0.0)),
        (-0.02, [(500, 0), (500, 0)], (0.0, 0.02)),
        (0.02, [(500, 500), (500, 500)], (1.0, 0.98)),
        (1.0, [(10, 4), (10, 7)], (1.0, 0.0)),
        (0.1, [(0, 0), (0, 0)], (0.1, 0.0)),
    ],
)
def test_variances_at_a_gap_are_those_of_rates_so_far_apart(
    gap: float, of_arms: list[tuple[int, int]], rates: tuple[float, float]
) -> None:
    one, other = (zeros_and_ones(*arm) for arm in of_arms)
    assert variances_at(gap, one, other) == pytest.approx([rate * (1 - rate) for rate in rates])


def with_denominators(values: list[float], denominators: list[float]) -> Moments:
    return total(Moments.of_unit(y, x) for y, x in zip(values, denominators, strict=True))


def test_the_difference_of_ratios_is_that_of_the_sums() -> None:
    one = with_denominators([1.0, 5.0, 3.0], [1.0, 2.0, 2.0])
    other = with_denominators([2.0, 2.0, 3.0, 1.0], [4.0, 2.0, 1.0, 1.0])
    assert found(ratio_difference([[one, other]], 0, 1)).value == pytest.approx(9 / 5 - 8 / 8)


def test_ratios_and_denominators_that_drift_are_no_difference() -> None:
    early, late = ([1.0, 3.0], [1.0, 2.0]), ([9.0, 8.0], [3.0, 4.0])
    cells = [
        [with_denominators(early[0] * 9, early[1] * 9), with_denominators(*early)],
        [with_denominators(*late), with_denominators(late[0] * 9, late[1] * 9)],
    ]
    assert found(ratio_difference(cells, 0, 1)).value == pytest.approx(0, abs=1e-12)


def test_a_small_arm_without_large_values_is_not_taken_for_certain_of_its_ratio() -> None:
    small = with_denominators([1.0] * 99 + [2.0], [1.0] * 100)
    large = with_denominators([1.0] * 950 + [40.0] * 50, [1.0] * 1000)
    error = found(ratio_difference([[small, large]], 0, 1)).standard_error
    assert error > 0.9 * math.sqrt((large.variance or 0.0) / 100)


def test_there_is_no_difference_of_ratios_without_denominators() -> None:
    some, none = (
        with_denominators([1.0, 2.0], [1.0, 3.0]),
        with_denominators([1.0, 2.0], [0.0, 0.0]),
    )
    assert ratio_difference([[some, none]], 0, 1) is None
    assert ratio_difference([], 0, 1) is None
