"""Asymptotic confidence sequences: bounds on a mean that hold at every look, for large samples.

Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2024), "Time-uniform central limit theory and
asymptotic confidence sequences", Annals of Statistics. They hold for the running average of means
that change, and need no bound on the variable. Below a few hundred observations use
`server.statistics.betting`, which is exact.
"""

from math import inf, log, sqrt


def two_sided_radius(count: float, deviation: float, alpha: float, tuned_for: int) -> float:
    """Half-width around the mean of `count` observations, in the observations' unit.

    deviation  standard deviation of the observations
    tuned_for  number of observations at which it is narrowest; valid at every number
    Theorem 2.2; infinite while nothing was observed.
    """
    if count == 0:
        return inf
    spread = count * _rho_squared(alpha, tuned_for)
    return deviation / count * _scaled(count, spread, log(sqrt(spread + 1) / alpha))


def one_sided_radius(count: float, deviation: float, alpha: float, tuned_for: int) -> float:
    """How far the mean may lie above (or below) that of `count` observations, in their unit.

    Arguments as in `two_sided_radius`. One side alone holds with probability 1 - alpha.
    The paper's one-sided bound, appendix B.
    """
    if count == 0:
        return inf
    spread = count * _rho_squared(2 * alpha, tuned_for)
    return deviation / count * _scaled(count, spread, log(1 + sqrt(spread + 1) / (2 * alpha)))


def _scaled(count: float, spread: float, log_term: float) -> float:
    return sqrt(2 * count * (spread + 1) / spread * log_term)


def _rho_squared(alpha: float, tuned_for: int) -> float:
    """The paper's rho, squared, that makes the sequence narrowest at `tuned_for` observations."""
    size = -2 * log(alpha)
    return (size + log(size + 1)) / tuned_for
