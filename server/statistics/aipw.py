"""What units say of the arms when their weights followed the outcomes: AIPW.

An arm that did well early gets more units, one that did badly by chance keeps its bad luck: plain
means are biased, and under drift arms are compared over different times. The augmented inverse
propensity weighted mean is not: Robins, Rotnitzky and Zhao (1994); after adaptive allocation
Hadad, Hirshberg, Zhan, Wager and Athey (2021), "Confidence intervals for policy evaluation in
adaptive experiments". Every unit, whatever its arm, has a score for arm a,

    m_a + [its arm is a] * (y - m_a) / (propensity of a),

whose expectation is the mean of a at that time for any guess m_a made before. All units count
alike: weights that favour late units would not hold under drift.

The guess is the arm's mean over earlier configurations, each unit weighted by 1 / propensity. An
arm without earlier units takes its mean in the configuration itself: the score is then the plain
mean of a fixed split, which needs no guess. One without units there either takes the mean of all.

A unit of an arm with a small propensity weighs much, and the few that there are may be without the
rare events, or large values, that make the variance. So no arm is taken to vary less than all units
do about the means of their arms (see `server.statistics.estimate`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from server.statistics.betting import FloatArray
from server.statistics.estimate import Estimate, Variances, squared_span
from server.statistics.moments import Moments, Table, common_variance, linearised_at

Propensities = Sequence[Sequence[float]]  # as a table: above 0, of a configuration up to 1


def aipw_means(
    cells: Table, propensities: Propensities, span: float | None = None
) -> list[Estimate | None]:
    """The mean of each arm over all units, as if every one had been in it.

    propensities  the probability of each arm in each configuration
    span          the most by which two values can differ, if known: 1 for zeros and ones
    None for an arm below two units, or where nothing is known of its variance.
    """
    return scores_of(cells, propensities, span).means() if cells else []


def aipw_difference(
    cells: Table, propensities: Propensities, a: int, b: int, span: float | None = None
) -> Estimate | None:
    """By how much the mean of arm `a` is above that of arm `b`, over all units.

    a, b  columns of the table; the rest as in `aipw_means`
    None while one of them has fewer than two units, or nothing is known of variance.
    """
    return scores_of(cells, propensities, span).difference(a, b) if cells else None


@dataclass(frozen=True, slots=True)
class Scores:
    """Sums of all units' scores: what every mean and difference of a table is made of."""

    units: FloatArray  # [n_configurations]
    arm_units: FloatArray  # [n_arms]
    guesses: FloatArray  # [n_configurations, n_arms] the part of the score that all units share
    surprises: FloatArray  # [n_configurations, n_arms] sum of the rest
    squares: FloatArray  # [n_arms] sum of the squares of the rest
    least_variances: FloatArray  # [n_arms] of a unit, at least; 0: nothing is known
    expansions: FloatArray  # [n_arms] sum of 1 / propensity: by how much variances grow

    def means(self) -> list[Estimate | None]:
        """As `aipw_means`."""
        arms = np.eye(len(self.arm_units))
        return [self._mean_of(arm, self.least_variances) for arm in arms]

    def difference(self, a: int, b: int, least: Variances = (0.0, 0.0)) -> Estimate | None:
        """As `aipw_difference`; `least` as in `estimate.difference`."""
        arms = np.eye(len(self.arm_units))
        variances = np.maximum(self.least_variances, least[0] * arms[a] + least[1] * arms[b])
        return self._mean_of(arms[a] - arms[b], variances)

    def _mean_of(self, contrast: FloatArray, least_variances: FloatArray) -> Estimate | None:
        """The mean over all units of their scores for the arms [n_arms], added up so weighted."""
        least_squares = float((least_variances * self.expansions) @ contrast**2)
        if self.arm_units[contrast != 0].min() < 2 or not least_squares:
            return None
        units = float(self.units.sum())
        guesses, surprises = self.guesses @ contrast, self.surprises @ contrast
        value = float(self.units @ guesses + surprises.sum()) / units
        off = guesses - value
        squares = float(self.units @ off**2 + 2 * off @ surprises + self.squares @ contrast**2)
        return Estimate(value, sqrt(max(squares, least_squares) / (units - 1)), units)


def scores_of(cells: Table, propensities: Propensities, span: float | None = None) -> Scores:
    """The scores of a table of one configuration or more; arguments as in `aipw_means`."""
    n, y, yy = np.array([[(c.n, c.y, c.yy) for c in row] for row in cells]).transpose(2, 0, 1)
    chances = np.asarray(propensities, dtype=np.float64)
    guesses = _guesses(n, y, chances)
    units, arm_units = n.sum(axis=1), n.sum(axis=0)
    least = squared_span(span, Moments(n.sum(), y.sum(), yy.sum())) / (arm_units + 1)
    common = common_variance(cell for row in cells for cell in row)
    return Scores(
        units,
        arm_units,
        guesses,
        surprises=(y - n * guesses) / chances,
        squares=((yy - 2 * guesses * y + n * guesses**2) / chances**2).sum(axis=0),
        least_variances=np.maximum(least, common),
        expansions=units @ (1 / chances),
    )


def ratio_scores_of(cells: Table, propensities: Propensities) -> Scores:
    """The scores of a ratio metric, whose means are ratios of the means of y and of x.

    Values are linearised (see `moments.linearised`) at these means: at plain ones, drift would pass
    for a difference of the arms. An arm without x above 0 has no units.
    """
    denominators = [[cell.linear(0.0, 1.0) for cell in row] for row in cells]
    span = 1.0  # any: the values of these means are used, not their variance
    y_means, x_means = (
        [found.value if found else 0.0 for found in aipw_means(table, propensities, span)]
        for table in (cells, denominators)
    )
    arms = [
        linearised_at(arm, y_mean, x_mean)
        for arm, y_mean, x_mean in zip(zip(*cells, strict=True), y_means, x_means, strict=True)
    ]
    return scores_of(list(zip(*arms, strict=True)), propensities)


def _guesses(n: FloatArray, y: FloatArray, chances: FloatArray) -> FloatArray:
    """Mean of each arm over earlier configurations; where there is none, of this one."""
    weight, value = _before(n / chances), _before(y / chances)
    of_everyone = _ratio(y.sum(axis=1), n.sum(axis=1), 0.0)
    of_now = _ratio(y, n, of_everyone[:, None])
    return _ratio(value, weight, of_now)


def _before(rows: FloatArray) -> FloatArray:
    """The sum of all rows above each."""
    return np.vstack([np.zeros_like(rows[:1]), rows[:-1].cumsum(axis=0)])


def _ratio(
    numerator: FloatArray, denominator: FloatArray, otherwise: FloatArray | float
) -> FloatArray:
    """The quotient, or `otherwise` where there is nothing to divide by."""
    is_known = denominator > 0
    return np.where(is_known, numerator / np.where(is_known, denominator, 1.0), otherwise)
