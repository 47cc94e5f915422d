"""The proportions in which arms are best seen to find the best of them."""

import numpy as np
import pytest

from server.statistics.best_arm import (
    Divergence,
    bernoulli_divergence,
    gaussian_divergence,
    optimal_shares,
)

BOTH = pytest.mark.parametrize("divergence", [bernoulli_divergence, gaussian_divergence])


@pytest.mark.parametrize(
    ("means", "published"),
    [
        ((0.5, 0.45, 0.43, 0.4), (0.417, 0.390, 0.136, 0.057)),
        ((0.3, 0.21, 0.2, 0.19, 0.18), (0.336, 0.251, 0.177, 0.132, 0.104)),
    ],
)
def test_published_proportions(means: tuple[float, ...], published: tuple[float, ...]) -> None:
    """Garivier and Kaufmann (2016), section 6: the two Bernoulli bandits of the experiments."""
    shares = optimal_shares(np.array(means), bernoulli_divergence)
    assert shares == pytest.approx(published, abs=0.0006)


def test_the_best_of_equal_normal_rivals_gets_as_much_as_theory_says() -> None:
    # Every rival gets x times the share of the best; 3 x^2 = 1 by the balance of theorem 5.
    shares = optimal_shares(np.array([1.0, 0.0, 0.0, 0.0]), gaussian_divergence)
    assert shares[0] == pytest.approx(1 / (1 + 3 / np.sqrt(3)), abs=1e-6)


@BOTH
def test_the_evidence_against_all_rivals_is_the_same(divergence: Divergence) -> None:
    means = np.array([0.2, 0.6, 0.55, 0.3])
    shares = optimal_shares(means, divergence)
    rivals = [0, 2, 3]
    pooled = (shares[1] * means[1] + shares[rivals] * means[rivals]) / (shares[1] + shares[rivals])
    evidence = shares[1] * divergence(means[1], pooled) + shares[rivals] * divergence(
        means[rivals], pooled
    )
    assert evidence == pytest.approx(np.full(3, evidence[0]), rel=1e-5)


@BOTH
def test_no_other_shares_gather_evidence_sooner(divergence: Divergence) -> None:
    means, rng = np.array([0.6, 0.5, 0.45]), np.random.default_rng(3)

    def least_evidence(shares: np.ndarray) -> float:
        top, others = shares[0], shares[1:]
        pooled = (top * means[0] + others * means[1:]) / (top + others)
        against = top * divergence(means[0], pooled) + others * divergence(means[1:], pooled)
        return float(against.min())

    best = least_evidence(optimal_shares(means, divergence))
    assert max(least_evidence(shares) for shares in rng.dirichlet(np.ones(3), 2000)) <= best


@BOTH
def test_arms_that_are_equally_good_share_everything(divergence: Divergence) -> None:
    shares = optimal_shares(np.array([0.3, 0.8, 0.8, 0.8 + 1e-9]), divergence)
    assert shares == pytest.approx([0, 1 / 3, 1 / 3, 1 / 3])


@BOTH
@pytest.mark.parametrize("gap", [1e-3, 1e-2, 0.3])
def test_two_arms_are_seen_about_equally(divergence: Divergence, gap: float) -> None:
    assert optimal_shares(np.array([0.5, 0.5 + gap]), divergence) == pytest.approx(0.5, abs=0.02)


@BOTH
def test_a_hundred_arms_have_shares_above_zero_that_sum_to_one(divergence: Divergence) -> None:
    shares = optimal_shares(np.linspace(0.01, 0.99, 100), divergence)
    assert (shares.min() > 0, shares.sum()) == (True, pytest.approx(1.0))
