"""What came of a unit, and how the sums of its variant follow. Pure.

All outcomes of a unit in one metric are kept as one row: their aggregates, and hashes of their ids,
so that each counts once. What the unit adds to its variant's sums follows from the row alone; when
the row changes, the sums change by the difference.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from math import isfinite

from server.experiments.errors import InvalidOutcome, OutcomeRefused
from server.experiments.experiment import (
    Aggregation,
    Design,
    Experiment,
    Metric,
    MetricKind,
    Source,
    State,
)
from server.statistics.moments import Moments

MOST_OUTCOMES = 1000  # of one unit in one metric
MOST_MAGNITUDE = 1e12
SKEW_S = 60.0  # by which the clocks of two machines may differ
MOST_FUTURE_S = 300.0
OPEN = frozenset({State.RUNNING, State.PAUSED, State.STOPPED})  # outcomes are counted

Values = Mapping[str, float]  # by metric


@dataclass(frozen=True, slots=True)
class Amended:
    """An outcome that another one takes the place of."""

    outcome_id: str
    value: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a unit in one metric."""

    metric: str
    outcome_id: str
    value: float  # of binary metrics: above 0 is a success
    time: datetime
    is_success_flag: bool = False  # whether it was told as a success or failure, not as a value
    denominator: float | None = None  # None: 1
    metadata: Mapping[str, str] = field(default_factory=dict)
    amends: Amended | None = None  # of metrics that are neither the largest nor the latest value


@dataclass(frozen=True, slots=True)
class UnitRow:
    """What is kept of a unit's outcomes in one metric."""

    total: float = 0.0
    largest: float = 0.0
    latest: float = 0.0
    latest_time: datetime | None = None  # None: no outcome
    denominator: float = 0.0
    ids: tuple[int, ...] = ()  # one for each outcome
    due_time: datetime | None = None  # when the unit begins to count; None: it does
    metadata: Mapping[str, str] = field(default_factory=dict)  # of the latest


def check_open(experiment: Experiment) -> None:
    """Raises OutcomeRefused where the experiment's state takes no outcomes."""
    if experiment.state not in OPEN:
        why = f"{experiment.name} is {experiment.state.name.lower()}: it takes no outcomes"
        raise OutcomeRefused("EXPERIMENT_CLOSED", why)


def check_outcome(design: Design, outcome: Outcome) -> None:
    """Raises InvalidOutcome, with the contract's field path, for what a caller may not record."""
    metric = design.metric_named.get(outcome.metric)
    if metric is None:
        known = ", ".join(design.metric_named)
        raise InvalidOutcome("outcome.metric", f"must be one of the experiment's: {known}")
    if metric.source is not Source.CALLER:
        rule = f"must be one that callers record; {metric.name} is recorded by triage itself"
        raise InvalidOutcome("outcome.metric", rule)
    _check_value(metric, outcome)
    _check_denominator(metric, outcome.denominator)


def counted_time(
    outcome: Outcome, metric: Metric, expose_time: datetime, now: datetime
) -> datetime:
    """When an outcome counts as having happened, as far as clocks may differ.

    Raises InvalidOutcome, OutcomeRefused where it is too far in the future, too early or too late.
    """
    if outcome.time > now + timedelta(seconds=MOST_FUTURE_S):
        rule = f"must be at most {MOST_FUTURE_S:.0f} seconds in the future"
        raise InvalidOutcome("outcome.time", rule)
    time, skew = min(outcome.time, now), timedelta(seconds=SKEW_S)
    if time < expose_time - skew:
        why = f"the unit was exposed at {_told(expose_time)}, after the outcome"
        raise OutcomeRefused("BEFORE_EXPOSURE", why)
    end = _window_end(metric, expose_time)
    if time > end + skew:
        why = f"the unit's outcomes of {metric.name} counted until {_told(end)}"
        raise OutcomeRefused("WINDOW_PASSED", why)
    return max(time, expose_time)


def awaited(metric: Metric, expose_time: datetime) -> UnitRow | None:
    """The row that a unit begins with; None: it has none before its first outcome."""
    return UnitRow(due_time=_window_end(metric, expose_time)) if metric.missing_is_failure else None


def begun(metric: Metric, expose_time: datetime, now: datetime) -> UnitRow:
    """The row that a unit's first outcome goes into, where it had none."""
    end = _window_end(metric, expose_time)
    return UnitRow(due_time=end if metric.awaits_window and now < end else None)


def has_taken(row: UnitRow | None, outcome: Outcome) -> bool:
    """Whether an outcome of the same id is in the row."""
    return row is not None and _hashed(outcome.outcome_id) in row.ids


def taken(before: UnitRow, outcome: Outcome, time: datetime) -> UnitRow:
    """The row with one more outcome, which happened at `time`.

    Raises OutcomeRefused where it is full.
    """
    if len(before.ids) >= MOST_OUTCOMES:
        why = f"the unit has {MOST_OUTCOMES:,} outcomes of {outcome.metric}, and may have no more"
        raise OutcomeRefused("TOO_MANY_OUTCOMES", why)
    if outcome.amends is not None:
        before = _without(before, outcome.amends)
    after = replace(
        before,
        total=before.total + outcome.value,
        largest=max(before.largest, outcome.value) if before.ids else outcome.value,
        denominator=before.denominator
        + (1.0 if outcome.denominator is None else outcome.denominator),
        ids=(*before.ids, _hashed(outcome.outcome_id)),
    )
    if before.latest_time is not None and time < before.latest_time:
        return after
    return replace(after, latest=outcome.value, latest_time=time, metadata=outcome.metadata)


def _without(row: UnitRow, amended: Amended) -> UnitRow:
    """The row as if that outcome had not been; itself where it was not."""
    taken_back = _hashed(amended.outcome_id)
    if taken_back not in row.ids:
        return row
    total = row.total - amended.value
    return replace(
        row,
        total=total,
        largest=float(total > 0),  # of binary metrics, which ask for no more
        denominator=row.denominator - 1.0,
        ids=tuple(known for known in row.ids if known != taken_back),
    )


def contribution(row: UnitRow | None, metric: Metric, pre_period: Values) -> Moments:
    """What a unit adds to the sums of its variant; nothing where it does not count yet."""
    if row is None or row.due_time is not None:
        return Moments()
    y = value_of(row, metric)
    if metric.kind is MetricKind.RATIO:
        return Moments.of_unit(y, row.denominator)
    return Moments.of_unit(y, pre_period.get(metric.name, 0.0) if metric.uses_pre_period else 0.0)


def value_of(row: UnitRow, metric: Metric) -> float:
    """The one value of a unit in a metric, within the metric's limits; 0.0 without outcomes."""
    y = _aggregated(row, metric)
    if metric.winsorize_lower is not None:
        y = max(y, metric.winsorize_lower)
    if metric.winsorize_upper is not None:
        y = min(y, metric.winsorize_upper)
    return y


def _window_end(metric: Metric, expose_time: datetime) -> datetime:
    return expose_time + timedelta(seconds=metric.window_s)


def _aggregated(row: UnitRow, metric: Metric) -> float:
    if metric.kind is MetricKind.BINARY:
        return float(row.largest > 0)
    if metric.kind is MetricKind.RATIO or metric.aggregation is Aggregation.SUM:
        return row.total
    if metric.aggregation is Aggregation.MEAN:
        return row.total / max(len(row.ids), 1)
    return row.largest if metric.aggregation is Aggregation.MAX else row.latest


def _check_value(metric: Metric, outcome: Outcome) -> None:
    is_binary = metric.kind is MetricKind.BINARY
    if is_binary is not outcome.is_success_flag:
        sent, wanted = ("value", "success") if is_binary else ("success", "value")
        kind = "is" if is_binary else "is not"
        raise InvalidOutcome(
            f"outcome.{sent}", f"must be absent, and {wanted} set: {metric.name} {kind} binary"
        )
    if not _is_within(outcome.value):
        raise InvalidOutcome("outcome.value", "must be a number within a million millions of 0")


def _check_denominator(metric: Metric, denominator: float | None) -> None:
    if denominator is None:
        return
    if metric.kind is not MetricKind.RATIO:
        rule = f"must be absent: {metric.name} is no ratio"
        raise InvalidOutcome("outcome.denominator", rule)
    if not _is_within(denominator) or denominator < 0:
        rule = "must be a number of 0 to a million millions"
        raise InvalidOutcome("outcome.denominator", rule)


def _is_within(value: float) -> bool:
    return isfinite(value) and abs(value) <= MOST_MAGNITUDE


def _hashed(outcome_id: str) -> int:
    """64 bits, with a sign as the database's integers have it."""
    digest = blake2b(outcome_id.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _told(time: datetime) -> str:
    return time.isoformat(" ", "seconds")
