"""One experiment as the server keeps it, without a server: its design, and its sums so far."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Self

from server.experiments.analysis import analyse
from server.experiments.evidence import comparison_alpha, doubt
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
from server.experiments.lifecycle import drafted, started
from server.experiments.reading import Reading, read
from server.experiments.results import MetricSums, Tally
from server.experiments.verdict import decide
from server.statistics.moments import Moments

RIGHTLY, WRONGLY = "ends rightly", "ends wrongly"

Row = tuple[Moments, ...]  # [n_arms]

_NOW = datetime(2026, 1, 1, tzinfo=UTC)


def design_of(
    n_arms: int,
    *,
    kind: MetricKind = MetricKind.BINARY,
    algorithm: Algorithm = Algorithm.FIXED,
) -> Design:
    """Arms of equal weight to begin with, the control first, compared by one metric."""
    variants = tuple(Variant(_name(arm), 1 / n_arms) for arm in range(n_arms))
    metric = Metric("solved", kind, Role.PRIMARY, aggregation=Aggregation.MEAN)
    return Design(variants, (metric,), allocation=Allocation(algorithm))


@dataclass(slots=True)
class Trial:
    """An experiment that runs, configuration after configuration. Every unit counts at once."""

    experiment: Experiment
    tally: Tally = field(init=False)
    reading: Reading = field(init=False)  # of the metric, as it is now
    _configurations: list[Configuration] = field(default_factory=list)
    _rows: list[Row] = field(default_factory=list)  # by configuration
    _exposures: list[tuple[int, ...]] = field(default_factory=list)  # by configuration

    @classmethod
    def of(cls, design: Design) -> Self:
        """Started, but without a configuration yet."""
        return cls(started(drafted("simulation", "trial", design, _NOW), (), _NOW))

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

    def show(self, row: Row) -> None:
        """Say what all units of the last configuration have brought by now."""
        self._rows[-1] = row
        self._exposures[-1] = tuple(int(cell.n) for cell in row)
        primary = self.design.primary
        sums = {primary.name: MetricSums(tuple(self._rows))}
        self.tally = Tally(tuple(self._configurations), tuple(self._exposures), sums)
        self.reading = read(self.design, self.tally, primary)

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
        arms, alpha = range(len(self.design.variants)), comparison_alpha(self.design)
        leader = max(arms, key=lambda arm: self.reading.value(arm) or 0.0)
        return all(
            doubt(self.reading, leader, other) <= alpha for other in arms if other != leader
        ) or any(doubt(self.reading, 0, other) <= alpha for other in arms[1:])


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
