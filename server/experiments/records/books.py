"""What a batch of writes changes, worked out between reading and writing. Pure.

Units and their rows are read and locked first; the books hold them while the writes are gone
through one by one, and say at the end what is new, what has changed, and by how much the sums have.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from server.experiments.errors import ExperimentError, OutcomeRefused
from server.experiments.experiment import Metric, MetricKind
from server.experiments.records.outcome import (
    UnitRow,
    awaited,
    begun,
    contribution,
    counted_time,
    has_taken,
    taken,
    value_of,
)
from server.experiments.records.record import (
    Assigning,
    Assignment,
    KnownUnit,
    Recorded,
    Recording,
    RowKey,
    UnitKey,
)
from server.statistics.moments import Moments
from server.statistics.quantiles import bucket_of

EXPOSURES = ""  # in the place of a metric: the units that were exposed
_EXPOSED = Moments(1.0)


class CellKey(NamedTuple):
    """Names sums over units."""

    tenant: str
    experiment_id: str
    phase: int
    configuration: int
    variant: int
    metric: str


class BucketKey(NamedTuple):
    """Names a count of units by value."""

    tenant: str
    experiment_id: str
    phase: int
    variant: int
    metric: str
    bucket: int


class Changes:
    """By how much sums and counts have changed.

    Sums are told as how many more units, or fewer, there are of the same moments. Whoever adds them
    up exactly has what there would be without those that came and went, outliers among them.
    """

    def __init__(self) -> None:
        self.units: Counter[tuple[CellKey, Moments]] = Counter()
        self.buckets: Counter[BucketKey] = Counter()

    def add_exposure(self, key: UnitKey, assignment: Assignment) -> None:
        """A unit was exposed for the first time."""
        self._add(key, assignment, EXPOSURES, _EXPOSED, 1)

    def replace_row(
        self, key: UnitKey, unit: KnownUnit, metric: Metric, before: UnitRow | None, after: UnitRow
    ) -> None:
        """A unit's row in a metric has changed."""
        old = contribution(before, metric, unit.pre_period)
        new = contribution(after, metric, unit.pre_period)
        self._add(key, unit.assignment, metric.name, old, -1)
        self._add(key, unit.assignment, metric.name, new, 1)
        if metric.kind is MetricKind.QUANTILE:
            self._count(key, unit.assignment, metric, before, -old.n)
            self._count(key, unit.assignment, metric, after, new.n)

    def _add(
        self, key: UnitKey, assignment: Assignment, metric: str, one: Moments, units: int
    ) -> None:
        if one.n:
            cell = CellKey(*key[:3], assignment.configuration, assignment.variant, metric)
            self.units[cell, one] += units

    def _count(
        self, key: UnitKey, assignment: Assignment, metric: Metric, row: UnitRow | None, n: float
    ) -> None:
        if row is not None and n:
            bucket = bucket_of(value_of(row, metric))
            self.buckets[BucketKey(*key[:3], assignment.variant, metric.name, bucket)] += int(n)


class Books:
    """Units and rows that a batch is about. What it has changed is there to be written."""

    def __init__(self, units: Mapping[UnitKey, KnownUnit], rows: Mapping[RowKey, UnitRow]) -> None:
        self._units = dict(units)
        self._rows = dict(rows)
        self.new_units: dict[UnitKey, KnownUnit] = {}
        self.exposed: dict[UnitKey, datetime] = {}  # of those that are not new
        self.changed_rows: dict[RowKey, UnitRow] = {}
        self.changes = Changes()

    def assign(self, write: Assigning) -> tuple[Assignment, bool]:
        """The assignment on record, and whether this is its first exposure."""
        key = write.key
        if key not in self._units:
            wanted = replace(write.wanted, expose_time=None)
            self._units[key] = self.new_units[key] = KnownUnit(wanted, write.pre_period)
        known = self._units[key]
        if write.expose_time is None or known.assignment.expose_time is not None:
            return known.assignment, False
        return self._expose(key, known, write, write.expose_time), True

    def record(self, write: Recording, key: UnitKey | None) -> Recorded | ExperimentError:
        """What became of an outcome of the unit `key`; None: there is no such unit."""
        unit = None if key is None else self._units.get(key)
        if key is None or unit is None or unit.assignment.expose_time is None:
            why = f"the unit was not exposed in this phase of {write.experiment.name}"
            return OutcomeRefused("NOT_EXPOSED", why)
        try:
            is_new = self._take(write, key, unit, unit.assignment.expose_time)
        except ExperimentError as error:
            return error
        return Recorded(unit.assignment.variant, is_repeated=not is_new)

    def _expose(
        self, key: UnitKey, known: KnownUnit, write: Assigning, time: datetime
    ) -> Assignment:
        assignment = replace(known.assignment, expose_time=time)
        self._units[key] = exposed = replace(known, assignment=assignment)
        if key in self.new_units:
            self.new_units[key] = exposed
        else:
            self.exposed[key] = time
        self.changes.add_exposure(key, assignment)
        for metric in write.experiment.design.metrics:
            row = awaited(metric, time)
            if row is not None:
                self._keep(RowKey(key, metric.name), row)
        return assignment

    def _take(self, write: Recording, key: UnitKey, unit: KnownUnit, expose_time: datetime) -> bool:
        """Whether the outcome is a new one. One that came before may come again at any time."""
        outcome, metric = write.outcome, write.experiment.design.metric_named[write.outcome.metric]
        row_key = RowKey(key, metric.name)
        before = self._rows.get(row_key)
        if has_taken(before, outcome):
            return False
        time = counted_time(outcome, metric, expose_time, write.now)
        after = taken(before or begun(metric, expose_time, write.now), outcome, time)
        self._keep(row_key, after)
        self.changes.replace_row(key, unit, metric, before, after)
        return True

    def _keep(self, key: RowKey, row: UnitRow) -> None:
        self._rows[key] = self.changed_rows[key] = row
