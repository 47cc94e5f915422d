"""How many units an experiment takes, and how long: before it begins, or from what it has shown."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from math import ceil, sqrt

from server.experiments.errors import InvalidExperiment, NotPossibleNow
from server.experiments.experiment import Experiment, MetricKind
from server.experiments.findings.evidence import EXACT_SHARE
from server.experiments.findings.reading import Reading, read
from server.experiments.results import Tally
from server.statistics.anytime import TUNED_FOR
from server.statistics.moments import Moments
from server.statistics.multiplicity import bonferroni
from server.statistics.sample_size import (
    Comparison,
    between_means,
    between_rates,
    fixed_power,
    units_needed,
)
from server.statistics.stopping import stopping_times
from server.violation import FieldViolation

_MOST_VARIANTS = 100
_DAY_S = 86_400.0
_LONGEST_S = 1000 * 365 * _DAY_S  # what takes longer has no duration


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be found. 0 is the default, or of a started experiment its own."""

    min_effect: float  # in the metric's unit, greater than 0
    kind: MetricKind = MetricKind.BINARY
    baseline: float = 0.0  # the control's value
    deviation: float = 0.0  # of a unit's value, of means
    power: float = 0.0  # default 0.8
    alpha: float = 0.0  # default 0.05
    variants: int = 0  # default 2
    units_per_day: float = 0.0  # default: not known


@dataclass(frozen=True, slots=True)
class SampleSize:
    """How many units, and how long. Of unequal variants, units are those of the smallest."""

    fixed_horizon_units: int  # for one planned look
    sequential_units: int  # for looking all the time
    median_units: int  # after which half of the experiments with that effect have ended
    baseline: float
    deviation: float
    duration_s: float | None = None  # until sequential_units, from the start; None: not known
    units_so_far: int = 0
    remaining_s: float | None = None  # the same from now


def plan_from_figures(plan: Plan) -> SampleSize:
    """Of an experiment that has not begun. Raises InvalidExperiment for figures that cannot be."""
    is_rate = plan.kind is MetricKind.BINARY
    if is_rate and not 0 < plan.baseline < 1:
        raise _fault("planned.baseline", "must be in (0, 1): it is a rate")
    if not is_rate and not (plan.deviation**2):  # what is tiny has no variance either
        raise _fault("planned.deviation", "must be greater than 0")
    above, below = plan.baseline + plan.min_effect, plan.baseline - plan.min_effect
    return _sized(plan, below if is_rate and above >= 1 else above, _even(plan.variants or 2))


def plan_from_results(
    experiment: Experiment, tally: Tally, plan: Plan, now: datetime
) -> SampleSize:
    """Of a started experiment, with what its primary metric has shown so far.

    Raises NotPossibleNow while that is too little, InvalidExperiment for figures that cannot be.
    """
    design, metric = experiment.design, experiment.design.primary
    reading = read(design, tally, metric)
    baseline, deviation = _observed(experiment, reading)
    units = sum(reading.units)
    pace = plan.units_per_day or _units_per_day(experiment, units, now)
    plan = replace(
        plan,
        kind=metric.kind,
        baseline=baseline,
        deviation=deviation,
        alpha=plan.alpha or design.stopping.alpha,
        units_per_day=pace,
    )
    shares = _even(plan.variants) if plan.variants else design.weights
    size = _sized(plan, baseline + metric.gain(plan.min_effect), shares)
    done_s = _lasting_s(units, pace) or 0.0
    remaining_s = None if size.duration_s is None else max(size.duration_s - done_s, 0.0)
    so_far = min(units for units, share in zip(reading.units, design.weights, strict=True) if share)
    return replace(size, units_so_far=so_far, remaining_s=remaining_s)


def _sized(plan: Plan, other_value: float, shares: Sequence[float]) -> SampleSize:
    """What the control and the challenger with the smallest share take, and so all.

    other_value  the challenger's, in the direction that is asked about
    """
    alpha = bonferroni(plan.alpha or 0.05, len(shares) - 1)
    compared = shares[0], min(share for share in shares[1:] if share)
    comparison = _comparison(plan, other_value, compared, alpha)
    power = plan.power or 0.8
    fixed = units_needed(partial(fixed_power, comparison), power)
    sequential = stopping_times(_by_sequence(plan, comparison), TUNED_FOR, power)
    if fixed is None or sequential is None:
        raise _fault("min_effect", "must be larger: no number of units would show it")
    smallest = min(compared)
    return SampleSize(
        fixed_horizon_units=ceil(fixed * smallest),
        sequential_units=ceil(sequential.units * smallest),
        median_units=ceil(sequential.median * smallest),
        baseline=plan.baseline,
        deviation=_deviation(plan),
        duration_s=_lasting_s(sequential.units, plan.units_per_day),
    )


def _comparison(
    plan: Plan, other_value: float, shares: tuple[float, float], alpha: float
) -> Comparison:
    if plan.kind is not MetricKind.BINARY:
        return between_means(plan.min_effect, plan.deviation, shares, alpha)
    if not 0 < other_value < 1:
        raise _fault("min_effect", f"must leave a rate in (0, 1), from {plan.baseline:.4g} on")
    return between_rates(plan.baseline, other_value, shares, alpha)


def _by_sequence(plan: Plan, comparison: Comparison) -> Comparison:
    """The same at the alpha that the sequence has: of rates it leaves a share to exact evidence."""
    if plan.kind is not MetricKind.BINARY:
        return comparison
    return replace(comparison, alpha=comparison.alpha * (1 - EXACT_SHARE))


def _observed(experiment: Experiment, reading: Reading) -> tuple[float, float]:
    """The control's value, and of a mean the deviation of a unit's value within variants."""
    metric = reading.metric
    if metric.kind is MetricKind.QUANTILE:
        why = "has a quantile as its primary metric; sample sizes are those of rates and means"
        raise NotPossibleNow(experiment.name, why)
    control = reading.arms[0]
    if metric.kind is MetricKind.BINARY and control.n:
        least = 1 / (control.n + 2)  # 0 and 1 are no rates to go by
        return min(max(control.y / control.n, least), 1 - least), 0.0
    value, deviation = reading.value(0), _deviation_within(reading.arms)
    if value is None or not deviation:
        why = f"has too few outcomes of {metric.name} to go by; plan from figures instead"
        raise NotPossibleNow(experiment.name, why)
    return value, deviation


def _deviation(plan: Plan) -> float:
    """Of a unit's value in the control."""
    if plan.kind is not MetricKind.BINARY:
        return plan.deviation
    return sqrt(plan.baseline * (1 - plan.baseline))


def _deviation_within(arms: Sequence[Moments]) -> float:
    degrees = sum(max(arm.n - 1, 0.0) for arm in arms)
    squares = sum((arm.variance or 0.0) * (arm.n - 1) for arm in arms)
    return sqrt(squares / degrees) if degrees else 0.0


def _even(variants: int) -> tuple[float, ...]:
    if not 2 <= variants <= _MOST_VARIANTS:
        raise _fault("variants", f"must be 2 to {_MOST_VARIANTS}; it is {variants}")
    return (1 / variants,) * variants


def _units_per_day(experiment: Experiment, units: int, now: datetime) -> float:
    """As observed in this phase; 0.0: not known."""
    if experiment.start_time is None or now <= experiment.start_time:
        return 0.0
    return units / (now - experiment.start_time).total_seconds() * _DAY_S


def _lasting_s(units: float, units_per_day: float) -> float | None:
    if not units_per_day:
        return None
    duration_s = units / units_per_day * _DAY_S
    return duration_s if duration_s <= _LONGEST_S else None


def _fault(field: str, rule: str) -> InvalidExperiment:
    return InvalidExperiment([FieldViolation(field, rule)])
