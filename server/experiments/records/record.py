"""Who was assigned to what, and what is written down about it. Values alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from server.experiments.experiment import Experiment
from server.experiments.records.outcome import Outcome, Values


class UnitKey(NamedTuple):
    """Names an assignment."""

    tenant: str
    experiment_id: str
    phase: int
    unit: str
    episode: int


class RowKey(NamedTuple):
    """Names what is kept of a unit's outcomes in one metric."""

    unit: UnitKey
    metric: str


@dataclass(frozen=True, slots=True)
class Assignment:
    """The variant that a unit has."""

    experiment_id: str
    phase: int
    unit: str
    episode: int  # 0, 1, ...: how often it was assigned anew
    variant: int  # index
    propensity: float  # probability with which it got the variant
    configuration: int  # version of the one that it got it under
    assign_time: datetime
    expose_time: datetime | None = None  # None: not exposed

    def key_of(self, tenant: str) -> UnitKey:
        """Names it among the assignments of all tenants."""
        return UnitKey(tenant, self.experiment_id, self.phase, self.unit, self.episode)


@dataclass(frozen=True, slots=True)
class Recorded:
    """An outcome on record."""

    variant: int  # index of the unit's
    is_repeated: bool  # its id had been recorded before: nothing has changed


@dataclass(frozen=True, slots=True)
class Exposure:
    """A unit whose variant has run, and what came of it at once."""

    experiment: Experiment
    assignment: Assignment
    time: datetime
    outcomes: Sequence[Outcome] = ()


@dataclass(frozen=True, slots=True)
class Assigning:
    """To be written: an assignment, unless there is one; and that it was exposed, unless it was."""

    experiment: Experiment
    wanted: Assignment
    expose_time: datetime | None  # None: it is not exposed
    pre_period: Values = field(default_factory=dict)

    @property
    def key(self) -> UnitKey:
        """Of the assignment."""
        return self.wanted.key_of(self.experiment.tenant)


@dataclass(frozen=True, slots=True)
class Recording:
    """To be written: an outcome."""

    experiment: Experiment
    unit: str
    outcome: Outcome
    now: datetime
    episode: int | None = None  # None: the one that was exposed last by then

    @property
    def time(self) -> datetime:
        """When the outcome happened: no later than now, whatever the caller's clock says."""
        return min(self.outcome.time, self.now)

    @property
    def key(self) -> UnitKey | None:
        """Of the assignment; None: the one on record is to be found."""
        if self.episode is None:
            return None
        tenant, experiment_id = self.experiment.tenant, self.experiment.experiment_id
        return UnitKey(tenant, experiment_id, self.experiment.phase, self.unit, self.episode)


Write = Assigning | Recording


@dataclass(frozen=True, slots=True)
class KnownUnit:
    """An assignment on record, with what was known of the unit before."""

    assignment: Assignment
    pre_period: Mapping[str, float]
