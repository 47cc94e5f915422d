"""Upper bounds on a mean by betting: exact, and valid at every look."""

import math

import numpy as np
import pytest

from server.statistics.betting import FRACTIONS, FloatArray, log_capital, upper_bound

ALPHA = 0.1
STREAMS = 400
# Above ALPHA by three standard errors of a share of STREAMS.
MOST_MISSES = STREAMS * ALPHA + 3 * math.sqrt(STREAMS * ALPHA * (1 - ALPHA))

RIGHT_OR_WRONG = np.array([0.0, 1.0])
NO_CEILINGS = np.array([1.0, 1.0])


def counts(*numbers: float) -> FloatArray:
    return np.array(numbers)


def misses(kinds: FloatArray, values: FloatArray, ceilings: FloatArray, mean: float) -> int:
    """In how many streams of kinds [n_streams, n_items] the bound was ever below the mean."""
    seen = np.zeros((len(kinds), len(values)))
    has_missed = np.zeros(len(kinds), dtype=bool)
    for at in range(kinds.shape[1]):
        seen[np.arange(len(kinds)), kinds[:, at]] += 1
        has_missed |= log_capital(values, ceilings, seen, mean) >= -math.log(ALPHA)
    return int(has_missed.sum())


def test_nothing_observed_says_nothing() -> None:
    assert log_capital(RIGHT_OR_WRONG, NO_CEILINGS, counts(0, 0), 0.5) == 0.0
    assert upper_bound(RIGHT_OR_WRONG, NO_CEILINGS, counts(0, 0), ALPHA) == 1.0


def test_one_right_item_pays_the_mean_of_the_fractions() -> None:
    # Against a mean of 0.5 each fraction f pays 1 + f / 2, and the fractions 0.9, 0.45, ... of
    # which there are eight sum up to 0.9 * (2 - 1 / 128).
    expected = math.log(1 + 0.9 * (2 - 1 / 128) / 8 / 2)
    assert log_capital(RIGHT_OR_WRONG, NO_CEILINGS, counts(1, 0), 0.5) == pytest.approx(expected)


def test_two_items_multiply_before_the_fractions_are_averaged() -> None:
    capital = sum((1 + f * 0.5) * (1 - f * 0.5) for f in FRACTIONS) / 8
    found = log_capital(RIGHT_OR_WRONG, NO_CEILINGS, counts(1, 1), 0.5)
    assert found == pytest.approx(math.log(capital))


def test_a_weighted_error_costs_what_its_ceiling_allows() -> None:
    values, ceilings = np.array([0.0, 10.0]), np.array([10.0, 10.0])
    capital = sum(1 + f / 10 * (0.02 - 10) for f in FRACTIONS) / 8
    found = log_capital(values, ceilings, counts(0, 1), 0.02)
    assert found == pytest.approx(math.log(capital))


def test_the_bound_is_where_the_capital_reaches_one_in_alpha() -> None:
    bound = upper_bound(RIGHT_OR_WRONG, NO_CEILINGS, counts(500, 5), ALPHA)
    capital = log_capital(RIGHT_OR_WRONG, NO_CEILINGS, counts(500, 5), bound)
    assert capital == pytest.approx(-math.log(ALPHA), abs=0.02)


def test_the_bound_comes_close_to_the_mean_of_many() -> None:
    bound = upper_bound(RIGHT_OR_WRONG, NO_CEILINGS, counts(98_000, 2_000), 0.05)
    assert 0.02 < bound < 0.0225


def test_a_few_hundred_right_items_show_an_error_below_two_percent() -> None:
    assert upper_bound(RIGHT_OR_WRONG, NO_CEILINGS, counts(400, 0), 0.05) < 0.02


@pytest.mark.parametrize("mean", [0.02, 0.3])
def test_the_bound_holds_at_every_look(mean: float) -> None:
    rng = np.random.default_rng(1)
    kinds = (rng.random((STREAMS, 1500)) < mean).astype(int)
    assert misses(kinds, RIGHT_OR_WRONG, NO_CEILINGS, mean) <= MOST_MISSES


def test_the_bound_holds_at_every_look_for_audits_of_one_in_five() -> None:
    rng, mean, rate = np.random.default_rng(2), 0.05, 0.2
    wrong = rng.random((STREAMS, 1500)) < mean
    kinds = (wrong & (rng.random(wrong.shape) < rate)).astype(int)
    values, ceilings = np.array([0.0, 1 / rate]), np.array([1 / rate, 1 / rate])
    assert misses(kinds, values, ceilings, mean) <= MOST_MISSES


def test_the_bound_holds_where_some_are_audited_always_and_others_rarely() -> None:
    rng, rate = np.random.default_rng(3), 0.2
    is_sure = rng.random((STREAMS, 1500)) < 0.6
    is_wrong = rng.random(is_sure.shape) < np.where(is_sure, 0.01, 0.1)
    is_audited = ~is_sure | (rng.random(is_sure.shape) < rate)
    kinds = np.where(is_wrong & is_audited, np.where(is_sure, 2, 1), 0)
    values, ceilings = np.array([0.0, 1.0, 1 / rate]), np.full(3, 1 / rate)
    assert misses(kinds, values, ceilings, 0.6 * 0.01 + 0.4 * 0.1) <= MOST_MISSES
