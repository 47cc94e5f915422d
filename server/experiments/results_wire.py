"""Results as messages of switchyard.experiment.v1."""

from collections.abc import Sequence

from switchyard.experiment.v1 import results_pb2

from server.experiments.experiment import Configuration, Experiment
from server.experiments.results import (
    FixedHorizon,
    Interval,
    MetricResult,
    Moment,
    Results,
    VariantMoment,
    VariantResult,
)
from server.experiments.wire import write_configuration, write_experiment
from server.wire_values import enum_number, write_moment


def write_results(
    experiment: Experiment,
    results: Results,
    history: Sequence[Moment] = (),
    configurations: Sequence[Configuration] = (),
) -> results_pb2.ExperimentResults:
    """What an experiment has shown so far."""
    names = [variant.name for variant in experiment.design.variants]
    told = zip(names, results.exposures, results.weights, strict=True)
    return results_pb2.ExperimentResults(
        experiment=write_experiment(experiment),
        time=write_moment(results.time),
        exposures=sum(results.exposures),
        variants=[
            results_pb2.VariantSummary(variant=name, exposures=exposures, weight=weight)
            for name, exposures, weight in told
        ],
        metrics=[_write_metric_result(metric) for metric in results.metrics],
        winner=results.winner,
        confidence=results.confidence,
        is_significant=results.is_significant,
        sample_ratio=results_pb2.SampleRatio(
            p_value=results.mismatch_p_value, is_mismatched=results.is_mismatched
        ),
        warnings=results.warnings,
        history=[_write_history(moment) for moment in history],
        configurations=[write_configuration(configuration) for configuration in configurations],
    )


def _write_metric_result(result: MetricResult) -> results_pb2.MetricResults:
    return results_pb2.MetricResults(
        metric=result.metric,
        kind=enum_number(result.kind),
        role=enum_number(result.role),
        method=enum_number(result.method),
        variants=[_write_variant_result(variant) for variant in result.variants],
        fixed_horizon=_write_fixed_horizon(result.fixed_horizon),
    )


def _write_variant_result(result: VariantResult) -> results_pb2.VariantResults:
    return results_pb2.VariantResults(
        variant=result.variant,
        units=result.units,
        conversions=result.conversions,
        value=result.value,
        interval=_write_interval(result.interval),
        lift=result.lift,
        lift_interval=_write_interval(result.lift_interval),
        relative_lift=result.relative_lift,
        p_value=result.p_value,
        adjusted_p_value=result.adjusted_p_value,
        log_e_value=result.log_e_value,
        guardrail=None if result.guardrail is None else enum_number(result.guardrail),
        probability_best=result.probability_best,
        expected_loss=result.expected_loss,
        standard_error=result.standard_error,
    )


def _write_fixed_horizon(figures: FixedHorizon) -> results_pb2.FixedHorizon:
    return results_pb2.FixedHorizon(
        z_p_value=figures.z_p_value,
        t_p_value=figures.t_p_value,
        chi_square=figures.chi_square,
        chi_square_p_value=figures.chi_square_p_value,
    )


def _write_history(moment: Moment) -> results_pb2.ResultsMoment:
    return results_pb2.ResultsMoment(
        time=write_moment(moment.time),
        units=moment.units,
        variants=[_write_variant_moment(variant) for variant in moment.variants],
    )


def _write_variant_moment(moment: VariantMoment) -> results_pb2.VariantMoment:
    return results_pb2.VariantMoment(
        weight=moment.weight,
        units=moment.units,
        value=moment.value,
        lift=moment.lift,
        lift_interval=_write_interval(moment.lift_interval),
    )


def _write_interval(interval: Interval | None) -> results_pb2.Interval | None:
    if interval is None:
        return None
    return results_pb2.Interval(lower=interval.lower, upper=interval.upper)
