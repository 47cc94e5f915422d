"""Experiments with equal arms, one of which is answered later than the other."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bench.simulation.trial import IntArray, Trial, design_of, end, equal
from server.statistics.betting import FloatArray
from server.statistics.moments import Moments


@dataclass(frozen=True, slots=True)
class Delays:
    """How long answers take. All arrive, if one waits long enough."""

    rate: float  # of success, in all arms
    mean_days: tuple[float, ...]  # of each arm; the single delays are exponential
    days: int = 14
    units_a_day: int = 300
    looks: int = 56


def conclusion(rng: np.random.Generator, *, delays: Delays) -> dict[str, float]:
    """How an experiment ends that counts the answers which have arrived."""
    return end(_looks(rng, delays), (delays.rate,) * len(delays.mean_days))


def _looks(rng: np.random.Generator, delays: Delays) -> Iterator[Trial]:
    units, n_arms = delays.days * delays.units_a_day, len(delays.mean_days)
    arms = rng.integers(n_arms, size=units)
    exposed = rng.uniform(0, delays.days, units)
    answered = exposed + rng.exponential(np.array(delays.mean_days)[arms])
    successes = (rng.random(units) < delays.rate).astype(float)
    trial = Trial.of(design_of(equal(n_arms)))
    trial.begin(trial.design.weights)
    for day in np.linspace(0, delays.days, delays.looks + 1)[1:]:
        known = _by_arm(arms, answered <= day, n_arms)
        won = _by_arm(arms, (answered <= day) * successes, n_arms)
        shown = _by_arm(arms, exposed <= day, n_arms)
        row = tuple(Moments(n, y, y) for n, y in zip(known, won, strict=True))
        trial.show(row, [int(n) for n in shown])
        yield trial


def _by_arm(arms: IntArray, values: FloatArray, n_arms: int) -> list[float]:
    found: list[float] = np.bincount(arms, weights=values, minlength=n_arms).tolist()
    return found
