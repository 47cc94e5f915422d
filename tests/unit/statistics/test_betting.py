"""Evidence that a share is small: exact, and valid at every look."""

import math

import numpy as np
import pytest

from server.statistics.betting import FRACTIONS, STAKES, log_capital

ALPHA = 0.1
STREAMS = 400
# Above ALPHA by three standard errors of a share of STREAMS.
MOST_MISSES = STREAMS * ALPHA + 3 * math.sqrt(STREAMS * ALPHA * (1 - ALPHA))


def capital(items: float, wrong: float, share: float) -> float:
    return math.exp(log_capital(np.array(items), np.array(wrong), share))


def test_nothing_observed_says_nothing() -> None:
    assert capital(0, 0, 0.5) == pytest.approx(1.0)


def test_one_right_item_pays_the_weighted_mean_of_the_fractions() -> None:
    # Against a share of 0.5 each fraction f pays 1 + f / 2.
    assert capital(1, 0, 0.5) == pytest.approx(1 + (0.7 * 0.9 + 0.3 * 0.45) / 2)


def test_items_multiply_before_the_fractions_are_averaged() -> None:
    expected = sum(
        stake * (1 + f * 0.5) * (1 - f * 0.5) for stake, f in zip(STAKES, FRACTIONS, strict=True)
    )
    assert capital(2, 1, 0.5) == pytest.approx(expected)


def test_each_count_has_a_capital_of_its_own() -> None:
    both = log_capital(np.array([100.0, 100.0]), np.array([0.0, 5.0]), 0.05)
    assert both[0] > 1 > both[1]


@pytest.mark.parametrize("share", [0.02, 0.3])
def test_a_share_that_is_true_is_seldom_spoken_against_at_any_look(share: float) -> None:
    rng = np.random.default_rng(1)
    wrong = (rng.random((STREAMS, 2000)) < share).cumsum(axis=1).astype(float)
    items = np.broadcast_to(np.arange(1.0, 2001), wrong.shape)
    misses = (log_capital(items, wrong, share) >= -math.log(ALPHA)).any(axis=1).sum()
    assert misses <= MOST_MISSES
