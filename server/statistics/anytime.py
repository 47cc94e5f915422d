"""What an estimate says at whatever moment one looks, as often as one likes."""

from math import exp
from typing import NamedTuple

from server.statistics.confidence_sequence import one_sided_radius, two_sided_radius
from server.statistics.estimate import Estimate

TUNED_FOR = 2000  # units: where bounds are narrowest, unless the caller knows better
_MOST_EVIDENCE = 600.0  # natural logarithm: no p-value is below exp(-600)
_HALVINGS = 40


class Interval(NamedTuple):
    """All values that the data do not speak against."""

    lower: float
    upper: float


def interval(estimate: Estimate, alpha: float, tuned_for: int = TUNED_FOR) -> Interval:
    """Covers the true value at every look at once, with probability 1 - alpha.

    alpha  in (0, 1)
    """
    radius = two_sided_radius(estimate.units, estimate.deviation, alpha, tuned_for)
    return Interval(estimate.value - radius, estimate.value + radius)


def lower_bound(estimate: Estimate, alpha: float, tuned_for: int = TUNED_FOR) -> float:
    """Below the true value at every look at once, with probability 1 - alpha.

    alpha  in (0, 0.5)
    """
    return estimate.value - _one_side(estimate, alpha, tuned_for)


def upper_bound(estimate: Estimate, alpha: float, tuned_for: int = TUNED_FOR) -> float:
    """Above the true value at every look at once, with probability 1 - alpha.

    alpha  in (0, 0.5). Harm whose upper bound is below a margin is less than the margin.
    """
    return estimate.value + _one_side(estimate, alpha, tuned_for)


def p_value(estimate: Estimate, tuned_for: int = TUNED_FOR) -> float:
    """The smallest alpha whose interval excludes 0; 1.0 if none does.

    If the true value is 0, it is ever `alpha` or less with probability alpha at most: the smaller
    alpha, the wider the interval, so all that exclude 0 do so as soon as one does.
    """
    low, high = 0.0, _MOST_EVIDENCE
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _excludes_zero(estimate, exp(-middle), tuned_for):
            low = middle
        else:
            high = middle
    return exp(-low)


def p_value_of(log_e_value: float) -> float:
    """The p-value of an e-value, a capital that is not expected to grow by chance."""
    return exp(-max(log_e_value, 0.0))


def _excludes_zero(estimate: Estimate, alpha: float, tuned_for: int) -> bool:
    lower, upper = interval(estimate, alpha, tuned_for)
    return not lower <= 0.0 <= upper


def _one_side(estimate: Estimate, alpha: float, tuned_for: int) -> float:
    return one_sided_radius(estimate.units, estimate.deviation, alpha, tuned_for)
