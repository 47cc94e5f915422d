"""Sums over units that all inference is made of: additive, so they are kept, never recounted.

A unit has one value y of a metric and one value x beside it: what it had before the experiment
(CUPED), the denominator of a ratio, or 0. A cell holds the sums over the units of one arm in one
configuration, a stretch of time in which the arms' weights did not change. Cells come in a table,
[n_configurations][n_arms], oldest first.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import fsum
from typing import Self

# Of a sum of squares: what is left beside the mean's part below this share is rounding, for sums
# that are exact but for their own last digit.
_ROUNDING = 1e-14


@dataclass(frozen=True, slots=True)
class Moments:
    """Sums over units."""

    n: float = 0.0  # number of units
    y: float = 0.0
    yy: float = 0.0
    x: float = 0.0
    xx: float = 0.0
    xy: float = 0.0

    @classmethod
    def of_unit(cls, y: float, x: float = 0.0) -> Self:
        """The moments of one unit."""
        return cls(1.0, y, y * y, x, x * x, x * y)

    @property
    def mean(self) -> float | None:
        """Mean of y; None without units."""
        return self.y / self.n if self.n else None

    @property
    def variance(self) -> float | None:
        """Unbiased variance of y, 0 where all values are equal; None below two units."""
        if self.n < 2:
            return None
        return _about_mean(self.yy, self.y, self.n) / (self.n - 1)

    def linear(self, a: float, b: float, c: float = 0.0) -> "Moments":
        """The moments of a * y + b * x + c as y, with nothing beside it."""
        return Moments(
            self.n,
            a * self.y + b * self.x + c * self.n,
            a * a * self.yy
            + b * b * self.xx
            + c * c * self.n
            + 2 * (a * b * self.xy + a * c * self.y + b * c * self.x),
        )


Table = Sequence[Sequence[Moments]]  # [n_configurations][n_arms], oldest first


def total(cells: Iterable[Moments]) -> Moments:
    """The moments of all units of some cells taken together."""
    rows = [(cell.n, cell.y, cell.yy, cell.x, cell.xx, cell.xy) for cell in cells]
    return Moments(*map(fsum, zip(*rows, strict=True))) if rows else Moments()


def common_variance(cells: Iterable[Moments]) -> float:
    """The variance of y about the mean of its cell, of all units alike; 0.0 where it is unknown."""
    known = [(cell.n - 1, variance) for cell in cells if (variance := cell.variance) is not None]
    freedom = sum(units for units, _ in known)
    return sum(units * variance for units, variance in known) / freedom if freedom else 0.0


def theta_of(cells: Iterable[Moments]) -> float:
    """How much of x is in y: their common slope within cells. 0.0 where x does not vary.

    Deng, Xu, Kohavi and Walker (2013), "Improving the sensitivity of online controlled experiments
    by utilizing pre-experiment data". Within cells, so that what an arm or a time does to y is not
    taken for an effect of x.
    """
    common = varied = 0.0
    for cell in cells:
        if cell.n:
            common += cell.xy - cell.x * cell.y / cell.n
            varied += _about_mean(cell.xx, cell.x, cell.n)
    return common / varied if varied else 0.0


def adjusted(cells: Table, theta: float) -> list[list[Moments]]:
    """The table of y - theta * (x - mean of x over all units): as y, with less noise (CUPED)."""
    whole = total(cell for row in cells for cell in row)
    centre = whole.x / whole.n if whole.n else 0.0
    return [[cell.linear(1.0, -theta, theta * centre) for cell in row] for row in cells]


def linearised(cells: Table) -> list[list[Moments]]:
    """The table of a ratio metric: per unit R + (y - R * x) / mean of x, R being the arm's ratio.

    An arm's mean of it is the ratio of its sums, sum y / sum x, and its variance that of the delta
    method: Deng, Knoblich and Lu (2018), "Applying the delta method in metric analytics".
    An arm whose x do not sum up to more than 0 has no ratio: its cells are empty.
    """
    arms = [_linearised_arm(arm) for arm in zip(*cells, strict=True)]
    return [list(row) for row in zip(*arms, strict=True)]


def linearised_at(arm: Sequence[Moments], y_mean: float, x_mean: float) -> list[Moments]:
    """The cells of one arm, linearised where its y and x are these on average; empty without x."""
    if x_mean <= 0:
        return [Moments() for _ in arm]
    ratio = y_mean / x_mean
    return [cell.linear(1 / x_mean, -ratio / x_mean, ratio) for cell in arm]


def _linearised_arm(arm: Sequence[Moments]) -> list[Moments]:
    whole = total(arm)
    units = whole.n or 1.0
    return linearised_at(arm, whole.y / units, whole.x / units)


def _about_mean(squares: float, values: float, n: float) -> float:
    """Sum of squares about the mean, from the sums of squares and of values; never negative."""
    centred = squares - values * values / n
    return centred if centred > _ROUNDING * squares else 0.0
