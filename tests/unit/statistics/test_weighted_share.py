"""Upper bounds on a share of which some kinds are looked at rarely."""

import math

import numpy as np
import pytest
from scipy.special import gammaincinv

from server.statistics.weighted_share import upper_bounds

ALPHA = 0.05


def bounds(*kinds: tuple[float, float, float]) -> list[float]:
    """Of kinds of (items looked at, wrong among them, how many they stand for)."""
    items, wrong, stands_for = np.array(kinds, dtype=float).T
    return [float(bound) for bound in upper_bounds(items, wrong, stands_for, ALPHA)]


def test_nothing_seen_bounds_nothing() -> None:
    assert bounds((0, 0, 0)) == [1.0]


def test_without_an_error_it_is_the_rule_of_three() -> None:
    assert bounds((300, 0, 300)) == pytest.approx([-math.log(ALPHA) / 300])


def test_with_equal_weights_it_is_the_exact_bound_of_a_poisson_mean() -> None:
    exact = gammaincinv(5 + 1, 1 - ALPHA) / 1000
    assert bounds((400, 2, 400), (600, 3, 600))[1] == pytest.approx(exact)


def test_a_kind_looked_at_rarely_is_known_as_well_as_its_audits_allow() -> None:
    assert bounds((100, 1, 1000)) == pytest.approx(bounds((100, 1, 100)))


def test_a_kind_of_which_nothing_was_seen_changes_nothing() -> None:
    assert bounds((300, 1, 300), (0, 0, 0)) == pytest.approx(bounds((300, 1, 300)) * 2)


def test_a_bound_is_never_above_one() -> None:
    assert bounds((2, 2, 2)) == [1.0]


@pytest.mark.parametrize("rates", [(0.002, 0.03), (0.02, 0.02), (0.0, 0.05)])
def test_it_misses_the_true_share_no_more_often_than_stated(rates: tuple[float, float]) -> None:
    rng, streams = np.random.default_rng(2), 1000
    items, stands_for = np.array([150.0, 900.0]), np.array([1500.0, 900.0])
    truth = float(np.dot(stands_for, rates) / stands_for.sum())
    wrong = rng.binomial(items.astype(int), rates, (streams, 2))
    misses = sum(upper_bounds(items, w.astype(float), stands_for, ALPHA)[1] < truth for w in wrong)
    assert misses <= streams * ALPHA + 3 * math.sqrt(streams * ALPHA)
