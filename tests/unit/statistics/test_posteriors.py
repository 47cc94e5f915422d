"""Chances to be the best and expected losses, against closed forms."""

from itertools import pairwise
from math import exp

import numpy as np
import pytest
from scipy.special import betaln, ndtr

from server.statistics.moments import Moments, total
from server.statistics.posteriors import (
    MeanPosteriors,
    RatePosteriors,
    chances_to_be_best,
    expected_losses,
    mean_posteriors,
    rate_posteriors,
)

Arm = tuple[float, float]  # successes, units
Shape = tuple[float, float]  # alpha and beta of a Beta distribution

ARMS: list[Arm] = [(0, 0), (3, 10), (30, 80), (4, 4), (0, 700), (810, 1000), (80_200, 100_000)]
PAIRS = [*pairwise(ARMS), (ARMS[0], ARMS[-1]), (ARMS[1], ARMS[3])]


def beliefs(*arms: Arm) -> RatePosteriors:
    """Of arms with so many successes of so many units."""
    return rate_posteriors([Moments(units, successes, successes) for successes, units in arms])


def values(*numbers: float) -> Moments:
    return total(Moments.of_unit(number) for number in numbers)


def chance_above(a: Shape, b: Shape) -> float:
    """Probability that the second of two Beta variables is larger.

    Evan Miller, "Formulas for Bayesian A/B testing", equation 6.
    """
    (alpha_a, beta_a), (alpha_b, beta_b) = a, b
    i = np.arange(alpha_b)
    summands = betaln(alpha_a + i, beta_a + beta_b) - np.log(beta_b + i) - betaln(1 + i, beta_b)
    return float(np.exp(summands - betaln(alpha_a, beta_a)).sum())


def loss_of_first(a: Shape, b: Shape) -> float:
    """Expected value of max(second - first, 0) of two Beta variables.

    Chris Stucchio (2014), "Easy evaluation of decision rules in Bayesian A/B testing".
    """
    (alpha_a, beta_a), (alpha_b, beta_b) = a, b
    grown_a = exp(betaln(alpha_a + 1, beta_a) - betaln(alpha_a, beta_a))
    grown_b = exp(betaln(alpha_b + 1, beta_b) - betaln(alpha_b, beta_b))
    return grown_b * chance_above(a, (alpha_b + 1, beta_b)) - grown_a * chance_above(
        (alpha_a + 1, beta_a), b
    )


def shape(arm: Arm) -> Shape:
    successes, units = arm
    return 1 + successes, 1 + units - successes


@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_the_chance_of_one_rate_to_exceed_another_is_the_closed_form(a: Arm, b: Arm) -> None:
    chance = chance_above(shape(a), shape(b))
    assert chances_to_be_best(beliefs(a, b)) == pytest.approx([1 - chance, chance], abs=1e-8)


@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_the_expected_loss_of_one_rate_is_the_closed_form(a: Arm, b: Arm) -> None:
    loss = loss_of_first(shape(a), shape(b))
    assert expected_losses(beliefs(a, b))[0] == pytest.approx(loss, abs=1e-8)


@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_the_smaller_rate_is_best_where_less_is_better(a: Arm, b: Arm) -> None:
    both = beliefs(a, b)
    turned = chances_to_be_best(both, minimizes=True)[::-1]
    assert turned == pytest.approx(chances_to_be_best(both), abs=1e-8)


@pytest.mark.parametrize("n_arms", [1, 2, 5, 100])
def test_equal_arms_are_equally_often_the_best(n_arms: int) -> None:
    chances = chances_to_be_best(beliefs(*[(80, 100)] * n_arms))
    assert chances == pytest.approx(np.full(n_arms, 1 / n_arms), abs=1e-8)


def test_arms_of_very_different_certainty_share_all_chances() -> None:
    extremes = [(10**7, 10**7), (0, 10**7), (0, 0)]
    assert chances_to_be_best(beliefs(*ARMS, *extremes)).sum() == pytest.approx(1, abs=1e-8)


def test_no_chance_is_more_than_certain_however_many_units_there_are() -> None:
    found = chances_to_be_best(beliefs((1_000_000_000, 2_000_000_000), (1, 2_000_000_000)))
    assert found.max() <= 1
    assert found.sum() == pytest.approx(1, abs=1e-12)


def test_a_hundred_arms_share_all_chances() -> None:
    arms = [
        (round(units * rate), units)
        for units in (5, 500, 10**6)
        for rate in np.linspace(0.7, 0.8, 33)
    ]
    assert chances_to_be_best(beliefs((0, 0), *arms)).sum() == pytest.approx(1, abs=1e-7)


def test_uniform_beliefs_lose_what_order_statistics_say() -> None:
    # The largest of four uniform variables is 4 / 5 on average, one of them 1 / 2.
    losses = expected_losses(beliefs(*[(0, 0)] * 4))
    assert losses == pytest.approx([0.3] * 4, abs=1e-9)


def test_losses_are_never_negative_however_clear_the_winner() -> None:
    losses = expected_losses(beliefs((99_000, 100_000), (10, 100_000)))
    assert 0 <= losses[0] < 1e-12
    assert losses[1] == pytest.approx(0.9899, abs=1e-4)


def normal_beliefs(means: list[float], errors: list[float]) -> MeanPosteriors:
    return MeanPosteriors(np.array(means), np.array(errors), np.full(len(means), 1e9))


def test_two_normal_means_compare_by_their_difference() -> None:
    chances = chances_to_be_best(normal_beliefs([1.0, 2.0], [0.6, 0.8]))
    assert chances[1] == pytest.approx(float(ndtr(1.0)), abs=1e-8)


def test_two_normal_means_lose_what_their_difference_says() -> None:
    losses = expected_losses(normal_beliefs([1.0, 2.0], [0.6, 0.8]))
    density = exp(-0.5) / np.sqrt(2 * np.pi)
    assert losses[1] == pytest.approx(density - float(ndtr(-1.0)), abs=1e-8)
    assert losses[0] - losses[1] == pytest.approx(1.0, abs=1e-8)


def test_less_can_be_better_for_means() -> None:
    means = normal_beliefs([1.0, 2.0], [0.6, 0.8])
    assert chances_to_be_best(means, minimizes=True)[0] == pytest.approx(float(ndtr(1.0)), abs=1e-8)


def test_heavy_tails_of_few_units_share_all_chances() -> None:
    means = mean_posteriors([values(0, 1, 2), values(3, 3.01, 3.02), values(-9, 0, 9)])
    assert means is not None
    assert chances_to_be_best(means).sum() == pytest.approx(1, abs=1e-7)


@pytest.mark.parametrize(
    "arm", [Moments(), values(1), values(1, 2), values(5, 5, 5), values(0.1, 0.1, 0.1, 0.1)]
)
def test_there_is_no_belief_on_a_mean_of_too_few_or_constant_values(arm: Moments) -> None:
    assert mean_posteriors([values(1, 2, 3), arm]) is None
