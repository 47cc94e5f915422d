"""Designs of experiments as messages of switchyard.experiment.v1, and back."""

from typing import Any

from switchyard.experiment.v1 import experiment_pb2, metric_pb2

from server.experiments.condition_wire import read_condition, write_condition
from server.experiments.experiment import (
    DEFAULT_STICKY_S,
    DEFAULT_WINDOW_S,
    Aggregation,
    Algorithm,
    Allocation,
    Design,
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
from server.wire_values import enum_number, read_seconds, write_seconds


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


def _optional(message: Any, field: str) -> float | None:
    return getattr(message, field) if message.HasField(field) else None


def write_design(design: Design) -> experiment_pb2.Experiment:
    """What was decided about an experiment; where it stands is not filled in."""
    return experiment_pb2.Experiment(
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
    )


def _write_variant(variant: Variant) -> experiment_pb2.Variant:
    message = experiment_pb2.Variant(name=variant.name, title=variant.title, weight=variant.weight)
    write_parameters(variant.parameters, message.parameters)
    return message


def write_parameters(parameters: Parameters, into: Any) -> None:
    """Fills in a map of a message."""
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
