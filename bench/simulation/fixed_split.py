"""Experiments whose weights never change, looked at after every batch of outcomes."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from bench.simulation.trial import Row, Trial, design_of, ended
from server.experiments.experiment import Conclusion, MetricKind
from server.statistics.betting import FloatArray
from server.statistics.fixed_horizon import chi_square
from server.statistics.moments import Moments

BATCH = 100  # outcomes between two looks
CHI_SQUARE = "chi-square would end"
_CHI_SQUARE_ALPHA = 0.05
_UNIT_EVERY = 5  # outcomes: so often a clustered unit comes for the first time
_NEWEST = 500  # units that still have outcomes
_ALIKE = 10.0  # of the Beta distribution of units' own rates: their deviation is 0.12 at 0.8

IntArray = npt.NDArray[np.int64]


def single_outcomes(
    rng: np.random.Generator, *, rates: tuple[float, ...], looks: int
) -> dict[str, float]:
    """How an experiment ends, and whether a chi-square test at every look would have ended it."""
    trial, rows = Trial.of(design_of(len(rates))), list(_rows(rng, rates, looks))
    return {
        **ended(_first_conclusion(trial, rows), rates),
        CHI_SQUARE: any(_chi_square_ends(row) for row in rows),
    }


def many_outcomes(rng: np.random.Generator, *, rate: float, looks: int) -> dict[str, float]:
    """The same with two equal arms, and units that have about five outcomes each.

    A unit keeps its arm, has a rate of its own, and has outcomes while it is among the newest; its
    value is the mean of those it has so far. The chi-square test takes every outcome for a unit.
    """
    outcomes = looks * BATCH
    n_units = outcomes // _UNIT_EVERY
    arms = rng.integers(2, size=n_units)
    own_rates = rng.beta(_ALIKE * rate, _ALIKE * (1 - rate), size=n_units)
    newest = np.arange(outcomes) // _UNIT_EVERY
    units = newest - rng.integers(np.minimum(newest + 1, _NEWEST))
    successes = (rng.random(outcomes) < own_rates[units]).astype(float)
    sums, counts = np.zeros(n_units), np.zeros(n_units)
    by_unit, by_outcome = [], []
    for batch in np.split(np.arange(outcomes), looks):
        counts += np.bincount(units[batch], minlength=n_units)
        sums += np.bincount(units[batch], weights=successes[batch], minlength=n_units)
        by_unit.append(_by_unit(arms, sums, counts))
        by_outcome.append(_by_outcome(arms, sums, counts))
    trial = Trial.of(design_of(2, kind=MetricKind.MEAN))
    return {
        **ended(_first_conclusion(trial, by_unit), (rate, rate)),
        CHI_SQUARE: any(_chi_square_ends(row) for row in by_outcome),
    }


def _first_conclusion(trial: Trial, rows: list[Row]) -> Conclusion | None:
    trial.begin(trial.design.weights)
    for row in rows:
        trial.show(row)
        conclusion = trial.conclusion()
        if conclusion is not None:
            return conclusion
    return None


def _rows(rng: np.random.Generator, rates: tuple[float, ...], looks: int) -> Iterator[Row]:
    """All units so far, at every look."""
    units = rng.multinomial(BATCH, np.full(len(rates), 1 / len(rates)), size=looks)
    successes = rng.binomial(units, rates)
    for row in np.stack([units, successes], axis=2).cumsum(axis=0).tolist():
        yield tuple(Moments(n, y, y) for n, y in row)


def _by_unit(arms: IntArray, sums: FloatArray, counts: FloatArray) -> Row:
    """Moments of the mean outcome of each unit."""
    seen = counts > 0
    means, arms = sums[seen] / counts[seen], arms[seen]
    of_arms = (means[arms == arm] for arm in (0, 1))
    return tuple(Moments(len(each), float(each.sum()), float(each @ each)) for each in of_arms)


def _by_outcome(arms: IntArray, sums: FloatArray, counts: FloatArray) -> Row:
    """Moments of outcomes, as if each was a unit's only one."""
    units, successes = (np.bincount(arms, weights=each).tolist() for each in (counts, sums))
    return tuple(Moments(n, y, y) for n, y in zip(units, successes, strict=True))


def _chi_square_ends(row: Row) -> bool:
    test = chi_square(row)
    return test is not None and test.p_value <= _CHI_SQUARE_ALPHA
