"""When an experiment stops that is looked at all the time."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from server.statistics.confidence_sequence import two_sided_radius
from server.statistics.sample_size import (
    between_means,
    between_rates,
    fixed_power,
    units_needed,
    within_margin,
)
from server.statistics.stopping import sequential_power, stopping_curve, stopping_times

TUNED_FOR = 2000
RATES = between_rates(0.80, 0.85)


def test_the_units_of_a_power_have_that_power() -> None:
    times = stopping_times(RATES, TUNED_FOR, 0.8)
    assert times is not None
    assert sequential_power(RATES, TUNED_FOR, times.units) == pytest.approx(0.8, abs=0.003)


def test_half_of_the_experiments_stop_before_the_median() -> None:
    times = stopping_times(RATES, TUNED_FOR, 0.8)
    assert times is not None
    assert times.median < times.units
    assert sequential_power(RATES, TUNED_FOR, times.median) == pytest.approx(0.5, abs=0.003)


def test_a_low_power_is_reached_before_the_median() -> None:
    times = stopping_times(RATES, TUNED_FOR, 0.3)
    assert times is not None
    assert times.units < times.median


def test_peeking_costs_units_for_certain_power_and_saves_them_on_average() -> None:
    times = stopping_times(RATES, TUNED_FOR, 0.9)
    once = units_needed(partial(fixed_power, RATES), 0.9)
    assert times is not None
    assert once is not None
    assert times.median < once < times.units


def test_without_an_effect_the_false_alarms_stay_within_alpha() -> None:
    nothing = replace(RATES, effect=0.0)
    assert 0.01 < sequential_power(nothing, TUNED_FOR, 10**6) < nothing.alpha


def test_an_effect_of_nothing_is_never_found() -> None:
    assert stopping_times(replace(RATES, effect=0.0), TUNED_FOR, 0.8) is None


def test_a_margin_is_shown_sooner_than_a_difference_of_its_size() -> None:
    margin = stopping_times(within_margin(0.5, 3), TUNED_FOR, 0.8)
    difference = stopping_times(between_means(0.5, 3), TUNED_FOR, 0.8)
    assert margin is not None
    assert difference is not None
    assert margin.units < difference.units


def test_two_arms_of_four_stop_after_twice_the_units() -> None:
    two = stopping_times(between_means(0.5, 3), TUNED_FOR, 0.8)
    four = stopping_times(between_means(0.5, 3, shares=(0.25, 0.25)), TUNED_FOR, 0.8)
    assert two is not None
    assert four is not None
    assert four == pytest.approx((2 * two.median, 2 * two.units))


def test_sequences_stop_as_often_as_foretold() -> None:
    rng, runs = np.random.default_rng(1), 4000
    comparison = between_means(0.2, 1)
    units, chances = stopping_curve(comparison, TUNED_FOR, 2000)
    steps = np.diff(units, prepend=0)
    sums = 0.2 * steps + 2 * np.sqrt(steps) * rng.standard_normal((runs, len(units)))
    radii = [two_sided_radius(count, 2.0, 0.05, TUNED_FOR) for count in units]
    has_stopped = np.logical_or.accumulate(np.abs(sums.cumsum(axis=1) / units) > radii, axis=1)
    assert chances == pytest.approx(has_stopped.mean(axis=0), abs=4 * (0.25 / runs) ** 0.5)
