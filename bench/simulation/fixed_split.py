"""Experiments whose weights never change, looked at after every batch of outcomes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from bench.simulation.trial import IntArray, Row, Trial, brought, design_of, end, equal, rows_of
from server.experiments.experiment import MetricKind
from server.statistics.betting import FloatArray
from server.statistics.fixed_horizon import chi_square
from server.statistics.moments import Moments

CHI_SQUARE = "chi-square would end"
_CHI_SQUARE_ALPHA = 0.05
_BATCH = 100  # outcomes of clustered units between two looks
_UNIT_EVERY = 5  # outcomes: so often a clustered unit comes for the first time
_NEWEST = 500  # units that still have outcomes
_ALIKE = 10.0  # of the Beta distribution of units' own rates: their deviation is 0.12 at 0.8


@dataclass(frozen=True, slots=True)
class Split:
    """How often each arm truly succeeds, and how many units it gets."""

    rates: tuple[float, ...]
    looks: int
    batch: int = 100  # units between two looks
    weights: tuple[float, ...] = ()  # none: all alike
    spread: float = 0.0  # of the logarithm of what a success brings; 0: all the same

    @property
    def shares(self) -> tuple[float, ...]:
        """The weights."""
        return self.weights or equal(len(self.rates))

    def rows(self, rng: np.random.Generator) -> list[Row]:
        """All units so far, at every look."""
        units = rng.multinomial(self.batch, self.shares, size=self.looks)
        successes = rng.binomial(units, self.rates)
        return rows_of(brought(rng, units, successes, self.spread).cumsum(axis=0))


def conclusion(rng: np.random.Generator, *, split: Split) -> dict[str, float]:
    """How an experiment ends."""
    kind = MetricKind.MEAN if split.spread else MetricKind.BINARY
    trial = Trial.of(design_of(split.shares, kind=kind))
    return end(looks_at(trial, split.rows(rng)), split.rates)


def beside_chi_square(rng: np.random.Generator, *, split: Split) -> dict[str, float]:
    """The same, and whether a chi-square test at every look would have ended it."""
    trial, rows = Trial.of(design_of(split.shares)), split.rows(rng)
    return {
        **end(looks_at(trial, rows), split.rates),
        CHI_SQUARE: any(_chi_square_ends(row) for row in rows),
    }


def many_outcomes(rng: np.random.Generator, *, rate: float, looks: int) -> dict[str, float]:
    """The same with two equal arms, and units that have about five outcomes each.

    A unit keeps its arm, has a rate of its own, and has outcomes while it is among the newest; its
    value is the mean of those it has so far. The chi-square test takes every outcome for a unit.
    """
    outcomes = looks * _BATCH
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
    trial = Trial.of(design_of(equal(2), kind=MetricKind.MEAN))
    return {
        **end(looks_at(trial, by_unit), (rate, rate)),
        CHI_SQUARE: any(_chi_square_ends(row) for row in by_outcome),
    }


def looks_at(trial: Trial, rows: Iterable[Row]) -> Iterator[Trial]:
    """The same experiment, with one row after the other."""
    trial.begin(trial.design.weights)
    for row in rows:
        trial.show(row)
        yield trial


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
