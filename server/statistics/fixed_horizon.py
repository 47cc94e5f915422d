"""Classical tests, each for one look at a number of units that was fixed before.

Peeked at repeatedly they find differences where there are none. They are shown for those who know
them, beside what is valid at every look, and never stop anything.
"""

from collections.abc import Sequence
from math import sqrt
from typing import NamedTuple

from scipy.special import chdtrc, ndtr, stdtr

from server.statistics.moments import Moments


class Significance(NamedTuple):
    """How far arms lie apart, and how often equal ones would by chance."""

    statistic: float  # z or t: positive where the arm lies above the control; or chi-square
    degrees: float | None  # of freedom; None for z
    p_value: float  # two-sided, in [0, 1]


def two_proportion_z(control: Moments, arm: Moments) -> Significance | None:
    """Whether two rates differ, with the variance of both pooled.

    The values of both are 0 or 1. None while one has no units, or all values are equal.
    """
    if control.n == 0 or arm.n == 0:
        return None
    pooled = (control.y + arm.y) / (control.n + arm.n)
    variance = pooled * (1 - pooled) * (1 / control.n + 1 / arm.n)
    if variance <= 0:
        return None
    z = (arm.y / arm.n - control.y / control.n) / sqrt(variance)
    return Significance(z, None, float(2 * ndtr(-abs(z))))


def welch_t(control: Moments, arm: Moments) -> Significance | None:
    """Whether two means differ, with a variance each. Welch (1947).

    None while one has fewer than two units, or while no values vary.
    """
    if control.mean is None or arm.mean is None:
        return None
    if control.variance is None or arm.variance is None:
        return None
    of_control, of_arm = control.variance / control.n, arm.variance / arm.n
    squared_error = of_control + of_arm
    if squared_error <= 0:
        return None
    t = (arm.mean - control.mean) / sqrt(squared_error)
    share = of_control / squared_error
    degrees = 1 / (share**2 / (control.n - 1) + (1 - share) ** 2 / (arm.n - 1))
    return Significance(t, degrees, float(2 * stdtr(degrees, -abs(t))))


def chi_square(arms: Sequence[Moments]) -> Significance | None:
    """Whether the rates of two arms or more differ. Pearson (1900), no continuity correction.

    All values are 0 or 1. None while an arm has no units, or all values are equal.
    """
    if len(arms) < 2 or any(arm.n == 0 for arm in arms):
        return None
    pooled = sum(arm.y for arm in arms) / sum(arm.n for arm in arms)
    variance = pooled * (1 - pooled)
    if variance <= 0:
        return None
    statistic = sum((arm.y - arm.n * pooled) ** 2 / arm.n for arm in arms) / variance
    degrees = len(arms) - 1
    return Significance(statistic, degrees, float(chdtrc(degrees, statistic)))
