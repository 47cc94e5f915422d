"""Confidence intervals for rates and means, each for one look at a number that was fixed before.

They are shown beside what is valid at every look; nothing is decided by them.
"""

from math import sqrt

from scipy.special import betaincinv, ndtri, stdtrit

from server.statistics.anytime import Interval


def wilson(successes: float, trials: float, alpha: float) -> Interval | None:
    """Score interval for a rate; None without trials.

    Wilson (1927), without a correction for continuity.
    """
    if trials == 0:
        return None
    z = float(-ndtri(alpha / 2))
    rate, square = successes / trials, z * z / trials
    middle = (rate + square / 2) / (1 + square)
    radius = z / (1 + square) * sqrt((rate * (1 - rate) + square / 4) / trials)
    return Interval(max(middle - radius, 0.0), min(middle + radius, 1.0))


def clopper_pearson(successes: float, trials: float, alpha: float) -> Interval | None:
    """Exact interval for a rate, wider than needed on average; None without trials.

    Clopper and Pearson (1934).
    """
    if trials == 0:
        return None
    failures = trials - successes
    lower = betaincinv(successes, failures + 1, alpha / 2) if successes else 0.0
    upper = betaincinv(successes + 1, failures, 1 - alpha / 2) if failures else 1.0
    return Interval(float(lower), float(upper))


def newcombe(
    successes: float,
    trials: float,
    control_successes: float,
    control_trials: float,
    alpha: float,
) -> Interval | None:
    """Hybrid score interval for a rate less the control's; None without trials of either.

    Newcombe (1998), "Interval estimation for the difference between independent proportions",
    method 10.
    """
    arm = wilson(successes, trials, alpha)
    control = wilson(control_successes, control_trials, alpha)
    if arm is None or control is None:
        return None
    rate, control_rate = successes / trials, control_successes / control_trials
    down = sqrt((rate - arm.lower) ** 2 + (control.upper - control_rate) ** 2)
    up = sqrt((arm.upper - rate) ** 2 + (control_rate - control.lower) ** 2)
    return Interval(rate - control_rate - down, rate - control_rate + up)


def student(mean: float, variance: float, n: float, alpha: float) -> Interval | None:
    """Student's interval for a mean, from the unbiased variance of n values; None below two."""
    if n < 2:
        return None
    radius = float(stdtrit(n - 1, 1 - alpha / 2)) * sqrt(variance / n)
    return Interval(mean - radius, mean + radius)
