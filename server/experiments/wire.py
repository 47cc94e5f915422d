"""Messages of switchyard.experiment.v1 to domain values, and back."""

from dataclasses import replace
from datetime import datetime
from enum import IntEnum
from math import inf
from typing import Any

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from switchyard.experiment.v1 import (
    condition_pb2,
    experiment_pb2,
    experiment_service_pb2,
    metric_pb2,
)

from server.durations import read_moment, read_seconds, write_moment, write_seconds
from server.experiments.assigner import Assigned
from server.experiments.condition import (
    AllOf,
    AnyOf,
    Between,
    Condition,
    Not,
    OneOf,
    Prefix,
    Present,
)
from server.experiments.errors import Fault, InvalidExperiment, InvalidOutcome
from server.experiments.experiment import (
    DEFAULT_STICKY_S,
    DEFAULT_WINDOW_S,
    Aggregation,
    Algorithm,
    Allocation,
    Conclusion,
    Configuration,
    Design,
    Experiment,
    Metric,
    MetricKind,
    Parameter,
    Parameters,
    Role,
    Source,
    StoppingRule,
    UnitKind,
    Variant,
)
from server.experiments.outcome import Outcome
from server.experiments.planning import Plan, SampleSize

DESIGN_FIELDS = (
    "title",
    "hypothesis",
    "variants",
    "metrics",
    "allocation",
    "stopping",
    "unit",
    "layer",
    "layer_share",
    "holdout",
    "traffic",
    "targeting",
)


def read_design(message: experiment_pb2.Experiment) -> Design:
    """What a person decides about an experiment; defaults filled in."""
    return Design(
        variants=tuple(_read_variant(variant) for variant in message.variants),
        metrics=tuple(_read_metric(metric) for metric in message.metrics),
        title=message.title,
        hypothesis=message.hypothesis,
        allocation=_read_allocation(message.allocation),
        stopping=_read_stopping(message.stopping),
        unit=UnitKind(message.unit or UnitKind.TICKET),
        layer=message.layer,
        layer_share=message.layer_share or 1.0,
        holdout=message.holdout,
        traffic=message.traffic if message.HasField("traffic") else 1.0,
        targeting=read_condition(message.targeting) if message.HasField("targeting") else None,
    )


def read_update(request: experiment_service_pb2.UpdateExperimentRequest) -> frozenset[str]:
    """Which fields an update changes.

    Raises InvalidExperiment where it names another, or does not say what it is an update of.
    """
    faults = [
        Fault(f"experiment.{field}", "must be set to what GetExperiment answers")
        for field in ("name", "etag")
        if not getattr(request.experiment, field)
    ]
    faults += [
        Fault(f"update_mask.paths[{i}]", f"must be one of {', '.join(DESIGN_FIELDS)}")
        for i, path in enumerate(request.update_mask.paths)
        if path not in DESIGN_FIELDS
    ]
    if faults:
        raise InvalidExperiment(faults)
    if request.HasField("update_mask"):
        return frozenset(request.update_mask.paths)
    named = {field.name for field, _ in request.experiment.ListFields()}
    return frozenset(named).intersection(DESIGN_FIELDS)


def read_condition(message: condition_pb2.Condition) -> Condition:
    """A condition of a message that keeps the contract's rules."""
    match message.WhichOneof("condition"):
        case "all":
            return AllOf(tuple(read_condition(each) for each in message.all.conditions))
        case "any":
            return AnyOf(tuple(read_condition(each) for each in message.any.conditions))
        case "not":
            return Not(read_condition(getattr(message, "not")))
    return _read_test(message.attribute)


def _read_test(message: condition_pb2.AttributeTest) -> Condition:
    name, test = message.name, message.WhichOneof("test")
    match test:
        case "one_of":
            return OneOf(name, tuple(message.one_of.texts))
        case "prefix":
            return Prefix(name, message.prefix)
        case "at_least":
            return Between(name, message.at_least, inf)
        case "at_most":
            return Between(name, -inf, message.at_most)
        case "is_present":
            return Present(name, message.is_present)
    return OneOf(name, (message.equals,))


def _read_variant(message: experiment_pb2.Variant) -> Variant:
    # By name: maps of messages have no order, and faults are told in that of the parameters.
    parameters = {
        name: _read_parameter(message.parameters[name]) for name in sorted(message.parameters)
    }
    return Variant(message.name, message.weight, parameters, message.title)


def _read_parameter(message: experiment_pb2.ParameterValue) -> Parameter:
    value: Parameter = getattr(message, message.WhichOneof("value"))
    return value


def _read_metric(message: metric_pb2.Metric) -> Metric:
    has_window = message.HasField("attribution_window")
    return Metric(
        name=message.name,
        kind=MetricKind(message.kind),
        role=Role(message.role or Role.SECONDARY),
        title=message.title,
        is_minimized=message.direction == metric_pb2.DIRECTION_MINIMIZE,
        aggregation=Aggregation(message.aggregation or Aggregation.SUM),
        quantile=message.quantile,
        margin=message.margin,
        winsorize_lower=_optional(message, "winsorize_lower"),
        winsorize_upper=_optional(message, "winsorize_upper"),
        uses_pre_period=message.uses_pre_period,
        window_s=read_seconds(message.attribution_window) if has_window else DEFAULT_WINDOW_S,
        missing_is_failure=message.missing == metric_pb2.MISSING_OUTCOME_FAILURE,
        source=Source(message.source or Source.CALLER),
    )


def _read_allocation(message: experiment_pb2.Allocation) -> Allocation:
    standard, ttl = Allocation(), message.HasField("sticky_ttl")
    return Allocation(
        algorithm=Algorithm(message.algorithm or Algorithm.FIXED),
        epsilon=message.epsilon or standard.epsilon,
        floor=message.floor or standard.floor,
        discount=message.discount or standard.discount,
        batch_units=message.batch_units or standard.batch_units,
        sticky_s=read_seconds(message.sticky_ttl) if ttl else DEFAULT_STICKY_S,
    )


def _read_stopping(message: experiment_pb2.StoppingRule) -> StoppingRule:
    standard = StoppingRule()
    return StoppingRule(
        alpha=message.alpha or standard.alpha,
        min_units=message.min_units or standard.min_units,
        min_duration_s=read_seconds(message.min_duration),
        max_units=message.max_units,
        max_duration_s=read_seconds(message.max_duration),
        continues_after_winner=message.continues_after_winner,
        continues_after_harm=message.continues_after_harm,
    )


def read_outcome(message: experiment_service_pb2.Outcome, now: datetime) -> Outcome:
    """What came of a unit. Raises InvalidOutcome."""
    is_success = message.WhichOneof("result") == "success"
    if message.HasField("time") and not 0 <= message.time.nanos < 10**9:
        raise InvalidOutcome("outcome.time", "must have nanos from 0 to 999,999,999")
    return Outcome(
        metric=message.metric,
        outcome_id=message.outcome_id,
        value=float(message.success) if is_success else message.value,
        is_success_flag=is_success,
        denominator=_optional(message, "denominator"),
        time=read_moment(message.time) if message.HasField("time") else now,
        metadata=dict(message.metadata),
    )


def _optional(message: Any, field: str) -> float | None:
    return getattr(message, field) if message.HasField(field) else None


def write_experiment(experiment: Experiment) -> experiment_pb2.Experiment:
    """An experiment as callers see it."""
    design = experiment.design
    message = experiment_pb2.Experiment(
        name=experiment.name,
        title=design.title,
        hypothesis=design.hypothesis,
        variants=[_write_variant(variant) for variant in design.variants],
        metrics=[_write_metric(metric) for metric in design.metrics],
        allocation=_write_allocation(design.allocation),
        stopping=_write_stopping(design.stopping),
        unit=enum_number(design.unit),
        layer=design.layer,
        layer_share=design.layer_share,
        holdout=design.holdout,
        traffic=design.traffic,
        targeting=None if design.targeting is None else write_condition(design.targeting),
        state=enum_number(experiment.state),
        etag=experiment.etag,
        phase=experiment.phase,
        is_applied=experiment.is_applied,
        create_time=write_moment(experiment.create_time),
        update_time=write_moment(experiment.update_time),
        start_time=_write_time(experiment.start_time),
    )
    if experiment.configuration is not None:
        message.configuration.CopyFrom(write_configuration(experiment.configuration))
    if experiment.conclusion is not None:
        message.conclusion.CopyFrom(_write_conclusion(experiment.conclusion))
    return message


def write_condition(condition: Condition) -> condition_pb2.Condition:
    """A condition as callers see it."""
    match condition:
        case AllOf(conditions):
            many = condition_pb2.Conditions(conditions=[write_condition(c) for c in conditions])
            return condition_pb2.Condition(all=many)
        case AnyOf(conditions):
            many = condition_pb2.Conditions(conditions=[write_condition(c) for c in conditions])
            return condition_pb2.Condition(any=many)
        case Not(other):
            message = condition_pb2.Condition()
            getattr(message, "not").CopyFrom(write_condition(other))
            return message
    return condition_pb2.Condition(attribute=_write_test(condition))


def _write_test(test: OneOf | Prefix | Between | Present) -> condition_pb2.AttributeTest:
    message = condition_pb2.AttributeTest(name=test.name)
    match test:
        case OneOf(_, (text,)):
            message.equals = text
        case OneOf(_, texts):
            message.one_of.texts.extend(texts)
        case Prefix(_, text):
            message.prefix = text
        case Between(_, least, most) if most == inf:
            message.at_least = least
        case Between(_, _, most):
            message.at_most = most
        case Present(_, is_present):
            message.is_present = is_present
    return message


def _write_variant(variant: Variant) -> experiment_pb2.Variant:
    message = experiment_pb2.Variant(name=variant.name, title=variant.title, weight=variant.weight)
    _write_parameters(variant.parameters, message.parameters)
    return message


def _write_parameters(parameters: Parameters, into: Any) -> None:
    for name, value in parameters.items():
        match value:
            case bool():
                into[name].flag = value
            case int():
                into[name].integer = value
            case float():
                into[name].number = value
            case str():
                into[name].text = value


def _write_metric(metric: Metric) -> metric_pb2.Metric:
    less, more = metric_pb2.DIRECTION_MINIMIZE, metric_pb2.DIRECTION_MAXIMIZE
    failure, ignored = metric_pb2.MISSING_OUTCOME_FAILURE, metric_pb2.MISSING_OUTCOME_IGNORED
    return metric_pb2.Metric(
        name=metric.name,
        title=metric.title,
        kind=enum_number(metric.kind),
        role=enum_number(metric.role),
        direction=less if metric.is_minimized else more,
        aggregation=enum_number(metric.aggregation),
        quantile=metric.quantile,
        margin=metric.margin,
        winsorize_lower=metric.winsorize_lower,
        winsorize_upper=metric.winsorize_upper,
        uses_pre_period=metric.uses_pre_period,
        attribution_window=write_seconds(metric.window_s),
        missing=failure if metric.missing_is_failure else ignored,
        source=enum_number(metric.source),
    )


def _write_allocation(allocation: Allocation) -> experiment_pb2.Allocation:
    return experiment_pb2.Allocation(
        algorithm=enum_number(allocation.algorithm),
        epsilon=allocation.epsilon,
        floor=allocation.floor,
        discount=allocation.discount,
        batch_units=allocation.batch_units,
        sticky_ttl=write_seconds(allocation.sticky_s),
    )


def _write_stopping(stopping: StoppingRule) -> experiment_pb2.StoppingRule:
    message = experiment_pb2.StoppingRule(
        alpha=stopping.alpha,
        min_units=stopping.min_units,
        max_units=stopping.max_units,
        continues_after_winner=stopping.continues_after_winner,
        continues_after_harm=stopping.continues_after_harm,
    )
    if stopping.min_duration_s:
        message.min_duration.CopyFrom(write_seconds(stopping.min_duration_s))
    if stopping.max_duration_s:
        message.max_duration.CopyFrom(write_seconds(stopping.max_duration_s))
    return message


def write_configuration(configuration: Configuration) -> experiment_pb2.Configuration:
    """Weights in force."""
    return experiment_pb2.Configuration(
        version=configuration.version,
        weights=configuration.weights,
        traffic=configuration.traffic,
        cause=enum_number(configuration.cause),
        start_time=write_moment(configuration.start_time),
    )


def _write_conclusion(conclusion: Conclusion) -> experiment_pb2.Conclusion:
    return experiment_pb2.Conclusion(
        outcome=enum_number(conclusion.ending),
        variant=conclusion.variant,
        explanation=conclusion.explanation,
        time=write_moment(conclusion.time),
        units=conclusion.units,
        lift=conclusion.lift,
        lift_lower=conclusion.lift_lower,
        lift_upper=conclusion.lift_upper,
    )


def read_plan(request: experiment_service_pb2.EstimateSampleSizeRequest) -> Plan:
    """What is to be found."""
    plan = Plan(
        min_effect=request.min_effect,
        power=request.power,
        alpha=request.alpha,
        variants=request.variants,
        units_per_day=request.units_per_day,
    )
    if request.WhichOneof("basis") == "experiment":
        return plan
    planned = request.planned
    kind = MetricKind(planned.kind)
    return replace(plan, kind=kind, baseline=planned.baseline, deviation=planned.deviation)


def write_sample_size(size: SampleSize) -> experiment_service_pb2.EstimateSampleSizeResponse:
    """How many units, and how long."""
    return experiment_service_pb2.EstimateSampleSizeResponse(
        fixed_horizon_units=size.fixed_horizon_units,
        sequential_units=size.sequential_units,
        median_units=size.median_units,
        units_so_far=size.units_so_far,
        duration=_write_seconds(size.duration_s),
        remaining_duration=_write_seconds(size.remaining_s),
        baseline=size.baseline,
        deviation=size.deviation,
    )


def write_assigned(assigned: Assigned) -> experiment_service_pb2.AssignVariantResponse:
    """What a unit gets."""
    message = experiment_service_pb2.AssignVariantResponse(
        enrollment=enum_number(assigned.enrollment),
        variant=assigned.variant,
        is_first_exposure=assigned.is_first_exposure,
    )
    _write_parameters(assigned.parameters, message.parameters)
    if assigned.experiment is not None and assigned.assignment is not None:
        message.experiment = assigned.experiment.name
        message.propensity = assigned.assignment.propensity
        message.configuration_version = assigned.assignment.configuration
        message.phase = assigned.assignment.phase
    return message


def _write_seconds(seconds: float | None) -> Duration | None:
    return None if seconds is None else write_seconds(seconds)


def _write_time(time: datetime | None) -> Timestamp | None:
    return None if time is None else write_moment(time)


def enum_number(value: IntEnum) -> Any:
    """The number of an enum's value; typed Any, because the generated stubs refuse a number."""
    return int(value)
