"""How far people who judge the same things agree, beyond what chance would bring.

Judgements are given as two arrays of equal length: which unit was judged, and what it was said to
be. Values are names without order. A unit may be judged by any number of people; one that only one
has judged says nothing and is left out.
"""

from math import sqrt
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from server.statistics.anytime import Interval
from server.statistics.betting import FloatArray

Names = npt.ArrayLike  # of anything that can be sorted
RESAMPLES = 500
_MOST_CELLS = 1_000_000  # of a table that is held at once


class Kappa(NamedTuple):
    """Cohen's kappa of two people."""

    observed: float  # share of the units where they agree
    value: float | None  # at most 1; None: both always say the same one thing
    error: float  # its standard error, for many units; 0.0 where there is no value


class Coincidences(NamedTuple):
    """Judgements of the units that two or more have judged, counted."""

    sizes: FloatArray  # [n_units] judgements of each, 2 or more
    matches: FloatArray  # [n_units] ordered pairs of them that agree
    units: npt.NDArray[np.intp]  # [n_cells] unit of each cell: a unit and a value that it was given
    counts: FloatArray  # [n_cells] how often; cells stand in the order of their values
    starts: npt.NDArray[np.intp]  # [n_values] where the cells of each value begin

    @classmethod
    def of(cls, units: Names, values: Names) -> Self:
        """Count judgements."""
        unit, value = _codes(units), _codes(values)
        is_shared = np.bincount(unit)[unit] > 1 if len(unit) else np.zeros(0, bool)
        unit, value = _codes(unit[is_shared]), value[is_shared]
        cells, counts = np.unique(np.stack([value, unit]), axis=1, return_counts=True)
        of_value, of_unit = cells
        often = counts.astype(np.float64)
        return cls(
            sizes=np.bincount(unit).astype(np.float64),
            matches=np.bincount(of_unit, often * (often - 1)).astype(np.float64),
            units=of_unit,
            counts=often,
            starts=np.unique(of_value, return_index=True)[1],
        )


def observed_agreement(found: Coincidences) -> float | None:
    """Share of the pairs of judgements of one unit that agree; None: there are none."""
    pairs = float((found.sizes * (found.sizes - 1)).sum())
    return float(found.matches.sum()) / pairs if pairs else None


def krippendorff_alpha(found: Coincidences) -> float | None:
    """1 where all agree, 0 where they do as often as chance brings, below it where less often.

    Krippendorff (2011), "Computing Krippendorff's Alpha-Reliability", for nominal data. None: there
    are no pairs of judgements, or all name the same.
    """
    if not len(found.sizes):
        return None
    (alpha,) = _alphas(found, np.ones((1, len(found.sizes))))
    return None if np.isnan(alpha) else float(alpha)


def alpha_interval(found: Coincidences, level: float, rng: np.random.Generator) -> Interval | None:
    """Percentile interval for alpha, by drawing units with replacement; None below two units, or
    where no draw has an alpha.

    level  probability to miss it, in (0, 1)
    """
    n_units = len(found.sizes)
    if n_units < 2:
        return None
    at_once = max(1, _MOST_CELLS // max(n_units, len(found.units)))
    drawn = [
        _alphas(found, _resampled(n_units, min(at_once, RESAMPLES - done), rng))
        for done in range(0, RESAMPLES, at_once)
    ]
    alphas = np.concatenate(drawn)
    defined = alphas[~np.isnan(alphas)]
    if not len(defined):
        return None
    return Interval(*(float(end) for end in np.quantile(defined, [level / 2, 1 - level / 2])))


def cohen_kappa(one: Names, other: Names) -> Kappa | None:
    """Agreement of two people on the same units, in the same order; None: there are no units.

    Cohen (1960), "A coefficient of agreement for nominal scales"; standard error of Fleiss, Cohen
    and Everitt (1969), "Large sample standard errors of kappa and weighted kappa".
    """
    n = np.size(one)
    if not n:
        return None
    first, second = np.split(_codes(np.concatenate([one, other])), 2)
    n_values = int(max(first.max(), second.max())) + 1
    of_first, of_second = (np.bincount(said, minlength=n_values) / n for said in (first, second))
    agree = first == second
    observed, by_chance = float(agree.mean()), float(of_first @ of_second)
    if by_chance == 1:
        return Kappa(observed, None, 0.0)
    kappa = (observed - by_chance) / (1 - by_chance)
    squares = np.where(
        agree,
        (1 - (of_first[first] + of_second[first]) * (1 - kappa)) ** 2,
        ((of_second[first] + of_first[second]) * (1 - kappa)) ** 2,
    )
    spread = float(squares.mean()) - (kappa - by_chance * (1 - kappa)) ** 2
    return Kappa(observed, kappa, sqrt(max(spread, 0.0) / n) / (1 - by_chance))


def kappa_interval(kappa: Kappa, level: float) -> Interval | None:
    """Normal interval for kappa, within [-1, 1]; None where it has no value.

    level  probability to miss it, in (0, 1)
    """
    if kappa.value is None:
        return None
    radius = float(-ndtri(level / 2)) * kappa.error
    return Interval(max(kappa.value - radius, -1.0), min(kappa.value + radius, 1.0))


def _codes(names: Names) -> npt.NDArray[np.intp]:
    """Each name as the number of its rank."""
    return np.unique(np.asarray(names), return_inverse=True)[1]


def _resampled(n_units: int, samples: int, rng: np.random.Generator) -> FloatArray:
    """[samples, n_units] how often each unit was drawn."""
    drawn = rng.integers(n_units, size=(samples, n_units))
    cells = drawn + n_units * np.arange(samples)[:, None]
    counted = np.bincount(cells.ravel(), minlength=samples * n_units)
    return counted.reshape(samples, n_units).astype(np.float64)


def _alphas(found: Coincidences, weights: FloatArray) -> FloatArray:
    """[n_samples] alpha with units as often as `weights`, [n_samples, n_units], say; NaN: none."""
    n = weights @ found.sizes
    agreeing = weights @ (found.matches / (found.sizes - 1))
    totals = np.add.reduceat(weights[:, found.units] * found.counts, found.starts, axis=1)
    by_chance = n * n - (totals * totals).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        alphas = 1 - (n - 1) * (n - agreeing) / by_chance
    return np.where(by_chance > 0, alphas, np.nan)
