"""Whether units come to the arms in other shares than their weights say, valid at every look.

Lindon and Malek (2022), "Anytime-valid inference for multinomial count data": the Bayes factor of
unknown shares against the chances p that units were given. By chance it ever reaches 1 / alpha with
probability alpha at most. The unknown shares are drawn from Dirichlet(c * p); the concentration c
says which deviations are looked for, those of about 1 / sqrt(c). As nobody knows, the stake is
split over several.

Whatever loses units of an arm mostly loses the same share of them under all weights. So in later
configurations the shares are expected where the earlier ones put them, in proportion to the
chances: while the weights stay, a new configuration changes nothing.
"""

import numpy as np
from scipy.special import gammaln

from server.statistics.betting import FloatArray

_CONCENTRATIONS = (100.0, 1000.0, 10_000.0)  # deviations of a tenth to a hundredth


def log_mismatch(counts: FloatArray, chances: FloatArray) -> float:
    """Natural logarithm of the evidence that shares and chances differ; 0.0 without units.

    counts   [n_configurations, n_arms]  units, oldest first
    chances  [n_configurations, n_arms]  of a unit of each configuration, each row sums to 1
    Infinite if an arm has a unit that it had no chance of.
    """
    if counts[chances == 0].any():
        return np.inf
    logs = [_log_factor(counts, chances, concentration) for concentration in _CONCENTRATIONS]
    return float(np.logaddexp.reduce(logs) - np.log(len(logs)))


def _log_factor(counts: FloatArray, chances: FloatArray, concentration: float) -> float:
    units = counts.sum(axis=1, keepdims=True)
    whole = concentration + units.cumsum(axis=0) - units
    # An arm without a chance has no unit either: with any numbers it counts for nothing.
    likely = np.where(chances > 0, chances, 1.0)
    prior = np.where(chances > 0, whole * _expected_shares(counts, chances, concentration), 1.0)
    of_arms = gammaln(prior + counts) - gammaln(prior) - counts * np.log(likely)
    return float(of_arms.sum() + (gammaln(whole) - gammaln(whole + units)).sum())


def _expected_shares(counts: FloatArray, chances: FloatArray, concentration: float) -> FloatArray:
    """The shares that a configuration is expected to have after all before it; rows sum to 1."""
    due = counts.sum(axis=1, keepdims=True) * chances
    stake = concentration * np.where(chances > 0, chances, 1.0)
    surplus = (stake + counts.cumsum(axis=0) - counts) / (stake + due.cumsum(axis=0) - due)
    tilted = chances * surplus
    return np.asarray(tilted / tilted.sum(axis=1, keepdims=True))
