"""Units that a difference takes to be found."""

from functools import partial

import numpy as np
import pytest

from server.statistics.fixed_horizon import two_proportion_z, welch_t
from server.statistics.moments import Moments
from server.statistics.multiplicity import bonferroni
from server.statistics.sample_size import (
    Comparison,
    between_means,
    between_rates,
    fixed_power,
    student_power,
    units_needed,
    within_margin,
)

RATES = between_rates(0.80, 0.85)


def needed(comparison: Comparison, power: float = 0.8) -> float:
    units = units_needed(partial(fixed_power, comparison), power)
    assert units is not None
    return units


def test_the_units_needed_have_the_power_asked_for() -> None:
    assert fixed_power(RATES, needed(RATES, 0.9)) == pytest.approx(0.9, abs=1e-9)


def test_a_fall_takes_as_many_units_as_the_rise_back() -> None:
    assert needed(between_rates(0.85, 0.80)) == pytest.approx(needed(RATES))


def test_half_the_effect_takes_four_times_the_units() -> None:
    assert needed(between_means(0.5, 3)) == pytest.approx(4 * needed(between_means(1, 3)))


def test_an_uneven_split_takes_more_units() -> None:
    assert needed(between_means(1, 3, shares=(0.9, 0.1))) > 2 * needed(between_means(1, 3))


def test_four_arms_take_more_than_twice_the_units_of_two() -> None:
    four = between_means(1, 3, shares=(0.25, 0.25), alpha=bonferroni(0.05, 3))
    assert needed(four) > 2 * needed(between_means(1, 3))


def test_a_margin_is_tested_on_one_side() -> None:
    assert needed(within_margin(1, 3, alpha=0.025)) == pytest.approx(needed(between_means(1, 3)))


def test_a_power_that_nothing_reaches_has_no_number_of_units() -> None:
    assert units_needed(lambda _: 0.5, 0.8) is None


def test_two_units_say_nothing_of_a_variance() -> None:
    assert student_power(between_means(1, 1), 2) == 0.0


def test_the_students_power_comes_to_the_normal_one_for_many_units() -> None:
    comparison = between_means(0.1, 1)
    assert student_power(comparison, 4000) == pytest.approx(fixed_power(comparison, 4000), abs=1e-3)


def test_the_z_test_rejects_as_often_as_its_power_says() -> None:
    rng, runs, each = np.random.default_rng(1), 2000, 900
    control, arm = rng.binomial(each, 0.80, runs), rng.binomial(each, 0.85, runs)
    found = [
        two_proportion_z(Moments(each, a, a), Moments(each, b, b))
        for a, b in zip(control, arm, strict=True)
    ]
    rejected = np.mean([one is not None and one.p_value < 0.05 for one in found])
    assert rejected == pytest.approx(fixed_power(RATES, 2 * each), abs=0.03)


def test_the_t_test_rejects_as_often_as_its_power_says() -> None:
    rng, runs, each = np.random.default_rng(2), 2000, 12
    control, arm = rng.standard_normal((runs, each)), 1 + rng.standard_normal((runs, each))
    found = [welch_t(moments(a), moments(b)) for a, b in zip(control, arm, strict=True)]
    rejected = np.mean([one is not None and one.p_value < 0.05 for one in found])
    assert rejected == pytest.approx(student_power(between_means(1, 1), 2 * each), abs=0.03)


def moments(values: np.ndarray) -> Moments:
    return Moments(len(values), float(values.sum()), float(values @ values))
