"""What the units of a fixed split say of an arm's mean, and of the difference of two arms.

Where no variance is visible, an estimate must not look certain. An arm's variance is therefore
never taken to be below span^2 / (units + 1): what one more unit would bring that lies a span away
from all others. For a metric of zeros and ones and its span of 1 that is just below the variance of
one exception among all units, so only arms without any exception are touched. Where the span is not
known, the deviation of all units together stands for it; where that is 0 too, there is no estimate.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt

from server.statistics.moments import Moments, Table, linearised_at, total


@dataclass(frozen=True, slots=True)
class Estimate:
    """An average over units, asymptotically normal."""

    value: float
    deviation: float  # standard deviation per unit, above 0
    units: float

    @property
    def standard_error(self) -> float:
        """Standard deviation of `value` itself."""
        return self.deviation / sqrt(self.units)


def mean(cells: Iterable[Moments], span: float | None = None) -> Estimate | None:
    """The mean of an arm over all its units; None below two, or where nothing is known of variance.

    cells  of the arm, any configurations
    span   the most by which two values can differ, if known: 1 for a metric of zeros and ones
    """
    whole = total(cells)
    if whole.n < 2:
        return None
    variance = max(whole.variance or 0.0, squared_span(span, whole) / (whole.n + 1))
    return Estimate(whole.y / whole.n, sqrt(variance), whole.n) if variance else None


def difference(cells: Table, a: int, b: int, span: float | None = None) -> Estimate | None:
    """By how much the mean of arm `a` is above that of arm `b`, compared within configurations.

    a, b  columns of the table
    span  as in `mean`
    None while an arm has fewer than two units beside the other, or nothing is known of variance.

    The difference of each configuration counts n_a * n_b / (n_a + n_b), as much as it tells: the
    weights of Cochran (1954), "Some methods for strengthening the common chi-squared tests". So
    means that drift while the weights change do no harm, and a configuration in which one arm has
    no unit, where nothing can be compared, counts nothing. How many units an arm has says nothing
    of their values: leaving such configurations out does not bias the rest. A cell of one unit
    takes the variance of all units of its arm.
    """
    pairs = _side_by_side(cells, a, b)
    arms = list(zip(*pairs, strict=True))
    if not arms or min(total(arm).n for arm in arms) < 2:
        return None
    everyone = total(cell for arm in arms for cell in arm)
    squared = squared_span(span, everyone)
    weights = _cochran_weights(pairs)
    gaps = [one.y / one.n - other.y / other.n for one, other in pairs]
    value = sum(weight * gap for weight, gap in zip(weights, gaps, strict=True)) / sum(weights)
    squared_error = sum(_squared_error(arm, weights, squared) for arm in arms)
    deviation = sqrt(everyone.n * squared_error) / sum(weights)
    return Estimate(value, deviation, everyone.n) if deviation else None


def ratio_difference(cells: Table, a: int, b: int) -> Estimate | None:
    """By how much the ratio sum y / sum x of arm `a` is above that of arm `b`.

    The sums are of the means of the configurations, weighted as in `difference`: sums over units
    would weigh a time as much as an arm had units then, and drift would pass for a difference.
    None where there would be no difference of means, and without x above 0.
    """
    pairs = _side_by_side(cells, a, b)
    weights = _cochran_weights(pairs)
    arms = [_linearised(arm, weights) for arm in zip(*pairs, strict=True)]
    return difference(list(zip(*arms, strict=True)), 0, 1)


def squared_span(span: float | None, everyone: Moments) -> float:
    """The square of the span; where it is not known, the variance of all units; 0.0 for neither."""
    return (everyone.variance or 0.0) if span is None else span * span


def _side_by_side(cells: Table, a: int, b: int) -> list[tuple[Moments, Moments]]:
    return [(row[a], row[b]) for row in cells if row[a].n and row[b].n]


def _cochran_weights(pairs: Sequence[tuple[Moments, Moments]]) -> list[float]:
    return [one.n * other.n / (one.n + other.n) for one, other in pairs]


def _linearised(arm: Sequence[Moments], weights: Sequence[float]) -> list[Moments]:
    """At the weighted means of the arm."""
    shares = [weight / cell.n / sum(weights) for weight, cell in zip(weights, arm, strict=True)]
    y_mean = sum(share * cell.y for share, cell in zip(shares, arm, strict=True))
    x_mean = sum(share * cell.x for share, cell in zip(shares, arm, strict=True))
    return linearised_at(arm, y_mean, x_mean)


def _squared_error(arm: Sequence[Moments], weights: Sequence[float], squared: float) -> float:
    """The variance of the sum of an arm's means, each times its weight; `squared` is the span's."""
    whole = total(arm)
    least, borrowed = squared / (whole.n + 1), whole.variance or 0.0
    shares = [weight * weight / cell.n for weight, cell in zip(weights, arm, strict=True)]
    variances = [borrowed if cell.variance is None else cell.variance for cell in arm]
    found = sum(share * one for share, one in zip(shares, variances, strict=True))
    return max(found, least * sum(shares))
