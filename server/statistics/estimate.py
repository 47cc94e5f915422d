"""What the units of a fixed split say of an arm's mean, and of the difference of two arms.

Where no variance is visible, an estimate must not look certain. An arm's variance is therefore
never taken to be below span^2 / (units + 1): what one more unit would bring that lies a span away
from all others. For a metric of zeros and ones and its span of 1 that is just below the variance of
one exception among all units, so only arms without any exception are touched. Where the span is not
known, the deviation of all units together stands for it; where that is 0 too, there is no estimate.

Nor may a small arm look certain that happens to have few of the rare events, or of the large
values, that make the variance: its own is too small just when its mean is far off. So the error of
a difference is that of arms which vary as they were seen to, or of arms which vary alike, as in
Student's test: whichever is larger. Where a small arm truly varies less than the other, that is
more caution than it takes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt

from server.statistics.moments import Moments, Table, common_variance, linearised_at, total

Variances = tuple[float, float]  # per unit, of two arms that are compared


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


def difference(
    cells: Table, a: int, b: int, span: float | None = None, least: Variances = (0.0, 0.0)
) -> Estimate | None:
    """By how much the mean of arm `a` is above that of arm `b`, compared within configurations.

    a, b   columns of the table
    span   as in `mean`
    least  what the variances of `a` and `b` are at least taken to be, both at once
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
    squared_error = max(
        sum(_squared_error(arm, weights, squared) for arm in arms),
        _least_squared_error(arms, weights, least),
    )
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


def variances_at(gap: float, one: Moments, other: Moments) -> Variances:
    """The variances of zeros and ones in two arms, if the mean of `one` were above by `gap`.

    gap  -1 to 1
    With as many ones in both together as there are, as far as that is possible: Dunnett and Gent
    (1977), "Significance testing to establish equivalence between treatments". To exclude a gap by
    the variances that are seen would let an arm without exceptions bear witness to its own luck.
    """
    units = one.n + other.n
    lower = (one.y + other.y - one.n * gap) / units if units else 0.0
    lower = min(max(lower, 0.0, -gap), 1.0, 1.0 - gap)
    upper = lower + gap
    return upper * (1 - upper), lower * (1 - lower)


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
    whole, shares = total(arm), _squared_shares(arm, weights)
    least, borrowed = squared / (whole.n + 1), whole.variance or 0.0
    variances = [borrowed if cell.variance is None else cell.variance for cell in arm]
    found = sum(share * one for share, one in zip(shares, variances, strict=True))
    return max(found, least * sum(shares))


def _least_squared_error(
    arms: Sequence[Sequence[Moments]], weights: Sequence[float], least: Variances
) -> float:
    """The same of both arms, were they to vary alike, or as much as they are said to at least."""
    common = common_variance(cell for arm in arms for cell in arm)
    return sum(
        max(variance, common) * sum(_squared_shares(arm, weights))
        for variance, arm in zip(least, arms, strict=True)
    )


def _squared_shares(arm: Sequence[Moments], weights: Sequence[float]) -> list[float]:
    """What a variance of 1 brings to the variance of the sum, of each configuration."""
    return [weight * weight / cell.n for weight, cell in zip(weights, arm, strict=True)]
