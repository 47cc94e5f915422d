"""How many units an experiment takes that is looked at once, and what it finds with fewer.

Units are those of the whole experiment. Of several arms, each is compared with the control at its
own share of alpha (see `multiplicity.bonferroni`); the one with the smallest share of the units
takes longest.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt

from scipy.special import nctdtr, ndtr, ndtri, stdtrit

_EVEN = (0.5, 0.5)
_MOST_UNITS = 1e18
_HALVINGS = 60


@dataclass(frozen=True, slots=True)
class Comparison:
    """An arm beside the control, and the difference that is to be found."""

    effect: float  # absolute, above 0; of a non-inferiority test the margin
    variances: tuple[float, float]  # of a unit's value: the control's and the arm's
    null_variance: float | None = None  # of both if they were equal; None: as if they were not
    shares: tuple[float, float] = _EVEN  # of all units: the control's and the arm's
    alpha: float = 0.05
    is_one_sided: bool = False

    @property
    def deviation(self) -> float:
        """Standard deviation per unit of the estimated difference."""
        return self._deviation(*self.variances)

    @property
    def null_deviation(self) -> float:
        """The same if there were no difference."""
        null = self.null_variance
        return self.deviation if null is None else self._deviation(null, null)

    @property
    def tail(self) -> float:
        """Probability of a false alarm on the side that is looked for."""
        return self.alpha if self.is_one_sided else self.alpha / 2

    def _deviation(self, of_control: float, of_arm: float) -> float:
        return sqrt(of_control / self.shares[0] + of_arm / self.shares[1])


def between_rates(
    control_rate: float,
    arm_rate: float,
    shares: tuple[float, float] = _EVEN,
    alpha: float = 0.05,
) -> Comparison:
    """Two rates in (0, 1) that are to be told apart by a test with pooled variance."""
    pooled = (shares[0] * control_rate + shares[1] * arm_rate) / sum(shares)
    return Comparison(
        abs(arm_rate - control_rate),
        (_rate_variance(control_rate), _rate_variance(arm_rate)),
        _rate_variance(pooled),
        shares,
        alpha,
    )


def between_means(
    effect: float,
    deviation: float,
    shares: tuple[float, float] = _EVEN,
    alpha: float = 0.05,
) -> Comparison:
    """Two means that are to be told apart; `deviation` is that of a unit's value in either arm."""
    variance = deviation * deviation
    return Comparison(effect, (variance, variance), None, shares, alpha)


def within_margin(
    margin: float,
    deviation: float,
    shares: tuple[float, float] = _EVEN,
    alpha: float = 0.05,
) -> Comparison:
    """An arm like the control, to be shown to be worse by less than `margin` (non-inferiority).

    deviation  of a unit's value in either arm; of a rate p it is sqrt(p * (1 - p))
    """
    variance = deviation * deviation
    return Comparison(margin, (variance, variance), None, shares, alpha, is_one_sided=True)


def fixed_power(comparison: Comparison, units: float) -> float:
    """Probability to find the difference with one look at so many units; for large numbers."""
    needed = -ndtri(comparison.tail) * comparison.null_deviation
    return float(ndtr((comparison.effect * sqrt(units) - needed) / comparison.deviation))


def student_power(comparison: Comparison, units: float) -> float:
    """The same for means whose one variance is learned from the units themselves; exact."""
    degrees = units * sum(comparison.shares) - 2
    if degrees <= 0:
        return 0.0
    needed = -stdtrit(degrees, comparison.tail)
    distance = comparison.effect * sqrt(units) / comparison.deviation
    return float(1 - nctdtr(degrees, distance, needed))


def units_needed(power_at: Callable[[float], float], power: float) -> float | None:
    """The smallest number of units, not rounded, whose `power_at` is `power` or more.

    power_at  rises with the number of units
    None where no number of units up to 1e18 suffices.
    """
    high = 2.0
    while power_at(high) < power:
        high *= 2
        if high > _MOST_UNITS:
            return None
    low = high / 2
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if power_at(middle) >= power else (middle, high)
    return high


def _rate_variance(rate: float) -> float:
    return rate * (1 - rate)
