"""Messages of switchyard.experiment.v1 to domain values, and back."""

from dataclasses import replace
from datetime import datetime

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from switchyard.experiment.v1 import experiment_pb2, experiment_service_pb2

from server.experiments.assigner import Assigned
from server.experiments.design_wire import write_design, write_parameters
from server.experiments.errors import InvalidExperiment, InvalidOutcome
from server.experiments.experiment import Conclusion, Configuration, Experiment, MetricKind
from server.experiments.findings.planning import Plan, SampleSize
from server.experiments.records.outcome import Outcome
from server.violation import FieldViolation
from server.wire_values import enum_number, read_moment, write_moment, write_seconds

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


def read_update(request: experiment_service_pb2.UpdateExperimentRequest) -> frozenset[str]:
    """Which fields an update changes.

    Raises InvalidExperiment where it names another, or does not say what it is an update of.
    """
    faults = [
        FieldViolation(f"experiment.{field}", "must be set to what GetExperiment answers")
        for field in ("name", "etag")
        if not getattr(request.experiment, field)
    ]
    faults += [
        FieldViolation(f"update_mask.paths[{i}]", f"must be one of {', '.join(DESIGN_FIELDS)}")
        for i, path in enumerate(request.update_mask.paths)
        if path not in DESIGN_FIELDS
    ]
    if faults:
        raise InvalidExperiment(faults)
    if request.HasField("update_mask"):
        return frozenset(request.update_mask.paths)
    named = {field.name for field, _ in request.experiment.ListFields()}
    return frozenset(named).intersection(DESIGN_FIELDS)


def write_experiment(experiment: Experiment) -> experiment_pb2.Experiment:
    """An experiment as callers see it."""
    message = write_design(experiment.design)
    message.MergeFrom(
        experiment_pb2.Experiment(
            name=experiment.name,
            state=enum_number(experiment.state),
            etag=experiment.etag,
            phase=experiment.phase,
            is_applied=experiment.is_applied,
            create_time=write_moment(experiment.create_time),
            update_time=write_moment(experiment.update_time),
            start_time=_write_time(experiment.start_time),
        )
    )
    if experiment.configuration is not None:
        message.configuration.CopyFrom(write_configuration(experiment.configuration))
    if experiment.conclusion is not None:
        message.conclusion.CopyFrom(_write_conclusion(experiment.conclusion))
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
        denominator=message.denominator if message.HasField("denominator") else None,
        time=read_moment(message.time) if message.HasField("time") else now,
        metadata=dict(message.metadata),
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
    write_parameters(assigned.parameters, message.parameters)
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
