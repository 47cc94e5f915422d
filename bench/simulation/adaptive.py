"""Experiments under Thompson sampling: weights follow the outcomes, batch by batch."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from bench.simulation.trial import Trial, brought, design_of, end, ended, equal, rows_of
from server.experiments.allocation import next_weights
from server.experiments.experiment import Algorithm, MetricKind
from server.experiments.findings.reading import Reading
from server.experiments.results import Interval
from server.statistics.betting import FloatArray

REGRET = "regret"
MEANS_HOLD, GAPS_HOLD = "means hold", "differences hold"
_ALPHA = 0.05  # of each interval


@dataclass(frozen=True, slots=True)
class World:
    """How often each arm truly succeeds."""

    rates: tuple[float, ...]  # at the beginning
    batches: int
    fall: float = 0.0  # by how much all rates have fallen at the end
    batch: int = 100  # units between two changes of the weights, and two looks
    spread: float = 0.0  # of the logarithm of what a success brings; 0: all the same

    @property
    def rates_by_batch(self) -> FloatArray:
        """[n_batches, n_arms]"""
        return np.array(self.rates) - self.fall * np.linspace(0, 1, self.batches)[:, None]

    @property
    def means_by_batch(self) -> FloatArray:
        """Of each arm over all batches so far, [n_batches, n_arms]."""
        sums = self.rates_by_batch.cumsum(axis=0)
        return np.asarray(sums / np.arange(1, self.batches + 1)[:, None])


def conclusion(rng: np.random.Generator, *, world: World) -> dict[str, float]:
    """How an experiment ends that is looked at after every batch."""
    return end(_looks(rng, world), world.rates)


def intervals(rng: np.random.Generator, *, world: World) -> dict[str, float]:
    """The same; what is lost on the way; and which intervals hold the truth at all looks.

    Nothing stops it: it goes on after its end.
    """
    means_hold, gaps_hold, found = np.array(True), np.array(True), None
    for truths, trial in zip(world.means_by_batch, _looks(rng, world), strict=True):
        means_hold = means_hold & _means_hold(trial.reading, truths)
        gaps_hold = gaps_hold & _gaps_hold(trial.reading, truths)
        found = found or trial.conclusion()
    return {
        **ended(found, world.rates),
        REGRET: _regret(world, trial),
        MEANS_HOLD: float(means_hold.mean()),
        GAPS_HOLD: float(gaps_hold.mean()),
    }


def _looks(rng: np.random.Generator, world: World) -> Iterator[Trial]:
    """The same experiment after every batch."""
    kind = MetricKind.MEAN if world.spread else MetricKind.BINARY
    n_arms = len(world.rates)
    trial = Trial.of(design_of(equal(n_arms), kind=kind, algorithm=Algorithm.THOMPSON))
    weights = trial.design.weights
    for rates in world.rates_by_batch:
        units = rng.multinomial(world.batch, weights)
        successes = rng.binomial(units, rates)
        (row,) = rows_of(brought(rng, units, successes, world.spread)[None])
        trial.begin(weights)
        trial.show(row)
        yield trial
        weights = next_weights(trial.design, trial.tally)


def _means_hold(reading: Reading, truths: FloatArray) -> FloatArray:
    """Of each arm, whether the interval of its mean holds the truth."""
    return np.array(
        [_holds(reading.interval(arm, _ALPHA), truth) for arm, truth in enumerate(truths)]
    )


def _gaps_hold(reading: Reading, truths: FloatArray) -> FloatArray:
    """Of each pair of arms, whether the interval of their difference holds the truth."""
    gaps = (
        (reading.difference(one, other), truths[one] - truths[other])
        for one, other in combinations(range(len(truths)), 2)
    )
    return np.array([gap is None or _holds(gap.interval(_ALPHA), truth) for gap, truth in gaps])


def _holds(interval: Interval | None, truth: float) -> bool:
    return interval is None or interval.lower <= truth <= interval.upper


def _regret(world: World, trial: Trial) -> float:
    """Successes lost, on average, by not giving every unit the best arm."""
    return float(trial.reading.units @ (max(world.rates) - np.array(world.rates)))
