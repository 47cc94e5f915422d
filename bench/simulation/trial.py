"""One experiment as the server keeps it, without a server: its design, and its sums so far."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import hypot
from typing import Self

import numpy as np
import numpy.typing as npt

from server.experiments.experiment import (
    Aggregation,
    Algorithm,
    Allocation,
    Cause,
    Conclusion,
    Configuration,
    Design,
    Ending,
    Experiment,
    Metric,
    MetricKind,
    Role,
    Variant,
)
from server.experiments.findings.analysis import analyse
from server.experiments.findings.evidence import comparison_alpha, doubt
from server.experiments.findings.reading import Reading, read
from server.experiments.findings.verdict import decide
from server.experiments.lifecycle import drafted, started
from server.experiments.results import MetricSums, Tally
from server.statistics.betting import FloatArray
from server.statistics.moments import Moments

RIGHTLY, WRONGLY = "ends rightly", "ends wrongly"

Row = tuple[Moments, ...]  # [n_arms]
IntArray = npt.NDArray[np.int64]

# Standard errors between two arms: what holds at all looks needs three and more to tell them apart.
_LEAST_ERRORS = 2.0
_NOW = datetime(2026, 1, 1, tzinfo=UTC)


def equal(n_arms: int) -> tuple[float, ...]:
    """Weights that are all alike."""
    return (1 / n_arms,) * n_arms


def design_of(
    weights: Sequence[float],
    *,
    kind: MetricKind = MetricKind.BINARY,
    algorithm: Algorithm = Algorithm.FIXED,
) -> Design:
    """Arms of those weights to begin with, the control first, compared by one metric."""
    variants = tuple(Variant(_name(arm), weight) for arm, weight in enumerate(weights))
    metric = Metric("solved", kind, Role.PRIMARY, aggregation=Aggregation.MEAN)
    return Design(variants, (metric,), allocation=Allocation(algorithm))


@dataclass(slots=True)
class Trial:
    """An experiment that runs, configuration after configuration, and what its units have brought.

    Unless said otherwise, that is of the primary metric, and every unit counts at once.
    """

    experiment: Experiment
    watched: Metric
    tally: Tally = field(init=False)
    reading: Reading = field(init=False)  # of the metric, as it is now
    _configurations: list[Configuration] = field(default_factory=list)
    _rows: list[Row] = field(default_factory=list)  # by configuration
    _exposures: list[tuple[int, ...]] = field(default_factory=list)  # by configuration

    @classmethod
    def of(cls, design: Design, watched: Metric | None = None) -> Self:
        """Started, but without a configuration yet."""
        experiment = started(drafted("simulation", "trial", design, _NOW), (), _NOW)
        return cls(experiment, watched or design.primary)

    @property
    def design(self) -> Design:
        """What is compared, and how."""
        return self.experiment.design

    def begin(self, weights: Sequence[float]) -> None:
        """Begin a configuration with those weights."""
        version = len(self._configurations) + 1
        configuration = Configuration(version, tuple(weights), 1.0, Cause.ALGORITHM, _NOW)
        self.experiment = self.experiment.changed(configuration=configuration)
        self._configurations.append(configuration)
        self._rows.append(())
        self._exposures.append(())

    def show(self, row: Row, exposures: Sequence[int] | None = None) -> None:
        """Say what all units of the last configuration have brought by now.

        exposures  [n_arms] where units are exposed that do not count yet
        """
        self._rows[-1] = row
        self._exposures[-1] = tuple(exposures or (int(cell.n) for cell in row))
        sums = {self.watched.name: MetricSums(tuple(self._rows))}
        self.tally = Tally(tuple(self._configurations), tuple(self._exposures), sums)
        self.reading = read(self.design, self.tally, self.watched)

    def conclusion(self) -> Conclusion | None:
        """How the server would end it now; None: not at all."""
        if not self._may_end():
            return None
        results = analyse(self.experiment, self.tally, _NOW)
        return decide(self.experiment, results, self.tally, _NOW)

    def _may_end(self) -> bool:
        """Whether the leader is better than all others, or the control better than one.

        Else there is no winner and no harm, and all that the server works out at a look beside
        that need not be: it takes fifty times as long.
        """
        arms = range(len(self.design.variants))
        leader = max(arms, key=lambda arm: self.reading.value(arm) or 0.0)
        return all(self._is_better(leader, other) for other in arms if other != leader) or any(
            self._is_better(0, other) for other in arms[1:]
        )

    def _is_better(self, arm: int, other: int) -> bool:
        """In the server's eyes, which is not asked where nobody would say so: that takes longer."""
        gap = self.reading.difference(arm, other)
        errors = [self.reading.standard_error(each) or 0.0 for each in (arm, other)]
        if gap is None or gap.value <= _LEAST_ERRORS * hypot(*errors):
            return False
        return doubt(self.reading, arm, other) <= comparison_alpha(self.design)


def brought(
    rng: np.random.Generator, units: IntArray, successes: IntArray, spread: float
) -> FloatArray:
    """Moments n, y and yy of cells in which so many units succeeded, [..., 3].

    spread  of the logarithm of what a success brings, which is 1 on average; 0: it is 1
    """
    cell = np.repeat(np.arange(successes.size), successes.ravel())
    values = rng.lognormal(-(spread**2) / 2, spread, cell.size)
    y, yy = (
        np.bincount(cell, weights=each, minlength=successes.size).reshape(successes.shape)
        for each in (values, values**2)
    )
    return np.stack([units, y, yy], axis=-1)


def rows_of(sums: FloatArray) -> list[Row]:
    """Moments by look, from n, y and yy [n_looks, n_arms, 3]."""
    return [tuple(Moments(*cell) for cell in look) for look in sums.tolist()]


def end(looks: Iterable[Trial], rates: Sequence[float]) -> dict[str, float]:
    """How an experiment ends that is looked at so often, and whether truly."""
    conclusions = (trial.conclusion() for trial in looks)
    return ended(next(filter(None, conclusions), None), rates)


def ended(conclusion: Conclusion | None, rates: Sequence[float]) -> dict[str, float]:
    """Whether it ended, and whether truly.

    A winner must be the best of all arms, and what is said to do harm worse than the control.
    """
    if conclusion is None:
        return {RIGHTLY: 0.0, WRONGLY: 0.0}
    at = [_name(arm) for arm in range(len(rates))].index(conclusion.variant)
    is_harm = conclusion.ending is Ending.HARM
    others = [rate for arm, rate in enumerate(rates) if arm != at]
    is_right = rates[at] < rates[0] if is_harm else rates[at] > max(others)
    return {RIGHTLY: is_right, WRONGLY: not is_right}


def _name(arm: int) -> str:
    return f"arm-{arm}"
