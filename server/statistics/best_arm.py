"""How often each arm must be seen to find the best one with the fewest units.

Garivier and Kaufmann (2016), "Optimal best arm identification with fixed confidence", COLT. Arm 1
is the best, d a divergence. Having seen arm 1 once and arm a x times, the evidence that a is worse
is g_a(x) = d(mean_1, m) + x d(mean_a, m) at their pooled mean m. The best proportions gather the
same evidence y against every rival, for the y at which the sum over rivals of
d(mean_1, m) / d(mean_a, m) is 1 (theorem 5).
"""

from collections.abc import Callable

import numpy as np
from scipy.special import rel_entr

from server.statistics.betting import FloatArray

Divergence = Callable[[FloatArray, FloatArray], FloatArray]

_HALVINGS = 25  # of the evidence: to seven digits
_STEPS = 8  # of Newton's method: the odds that are looked for are about 1 or less


def bernoulli_divergence(mean: FloatArray, other: FloatArray) -> FloatArray:
    """Kullback-Leibler divergence of arms that answer 0 or 1."""
    return np.asarray(rel_entr(mean, other) + rel_entr(1 - mean, 1 - other))


def gaussian_divergence(mean: FloatArray, other: FloatArray) -> FloatArray:
    """Kullback-Leibler divergence of normal arms of one variance, in units of that variance."""
    return np.asarray((mean - other) ** 2 / 2)


def optimal_shares(means: FloatArray, divergence: Divergence) -> FloatArray:
    """The share of units [n_arms] of each arm that finds the largest of `means` soonest.

    means  of Bernoulli arms strictly between 0 and 1: a certain arm is infinitely unlike others
    Arms that are best to four digits share everything: no few units tell them apart.
    """
    best = np.isclose(means, means.max(), rtol=1e-4, atol=0.0)
    if best.sum() > 1:
        return np.asarray(best / best.sum())
    odds = np.ones(len(means))
    odds[~best] = _optimal_odds(means[best], means[~best], divergence)
    return np.asarray(odds / odds.sum())


def _optimal_odds(top: FloatArray, rivals: FloatArray, divergence: Divergence) -> FloatArray:
    """How often each rival is to be seen for each time that the best arm is."""
    low, high = 0.0, float(divergence(top, rivals).min())
    for _ in range(_HALVINGS):
        evidence = (low + high) / 2
        pooled = _pooled(top, rivals, _odds_for(evidence, top, rivals, divergence))
        balance = (divergence(top, pooled) / divergence(rivals, pooled)).sum()
        low, high = (evidence, high) if balance < 1 else (low, evidence)
    return _odds_for((low + high) / 2, top, rivals, divergence)


def _odds_for(
    evidence: float, top: FloatArray, rivals: FloatArray, divergence: Divergence
) -> FloatArray:
    """How often each rival must be seen to gather that evidence, by Newton's method.

    Evidence is concave in it: from 0 the steps approach the solution and never pass it.
    """
    odds = np.zeros(len(rivals))
    for _ in range(_STEPS):
        pooled = _pooled(top, rivals, odds)
        slope = divergence(rivals, pooled)
        odds += (evidence - divergence(top, pooled) - odds * slope) / slope
    return odds


def _pooled(top: FloatArray, rivals: FloatArray, odds: FloatArray) -> FloatArray:
    return (top + odds * rivals) / (1 + odds)
