"""The experiment service for tests of the client, and results to answer with."""

from datetime import UTC, datetime, timedelta

from switchyard.experiment.v1 import experiment_pb2, experiment_service_pb2, metric_pb2, results_pb2

from tests.unit.client.canned import CannedService, methods_of

METHODS = methods_of((experiment_service_pb2,))
NAME = "experiments/lower-threshold"
START = datetime(2026, 11, 1, 8, tzinfo=UTC)


class FakeExperiments(CannedService):
    """Answers every experiment method."""

    def __init__(self) -> None:
        super().__init__(METHODS)


def make_experiment(*names: str) -> experiment_pb2.Experiment:
    """A running experiment with a binary primary metric and a guardrail."""
    names = names or ("control", "model")
    share = 1 / len(names)
    made = experiment_pb2.Experiment(
        name=NAME,
        title="Is the model better?",
        hypothesis="It is.",
        variants=[experiment_pb2.Variant(name=name, weight=share) for name in names],
        metrics=[
            metric_pb2.Metric(
                name="resolved",
                kind=metric_pb2.METRIC_KIND_BINARY,
                role=metric_pb2.METRIC_ROLE_PRIMARY,
            ),
            metric_pb2.Metric(
                name="seconds",
                kind=metric_pb2.METRIC_KIND_MEAN,
                role=metric_pb2.METRIC_ROLE_GUARDRAIL,
                direction=metric_pb2.DIRECTION_MINIMIZE,
            ),
        ],
        layer="triage",
        traffic=0.2,
        state=experiment_pb2.EXPERIMENT_STATE_RUNNING,
        etag="7",
        phase=1,
        configuration=make_configuration(1, [share] * len(names)),
    )
    made.start_time.FromDatetime(START)
    return made


def make_configuration(version: int, weights: list[float]) -> experiment_pb2.Configuration:
    """Weights in force since so many days after the start, from 0."""
    made = experiment_pb2.Configuration(version=version, weights=weights, traffic=0.2)
    made.start_time.FromDatetime(START + timedelta(days=version - 1))
    return made


def make_results(*names: str) -> results_pb2.ExperimentResults:
    """Results in the middle of an experiment, with their history."""
    experiment = make_experiment(*names)
    names = names or ("control", "model")
    made = results_pb2.ExperimentResults(
        experiment=experiment,
        exposures=1000 * len(names),
        variants=[
            results_pb2.VariantSummary(variant=name, exposures=1000, weight=1 / len(names))
            for name in names
        ],
        metrics=[_binary(names), _guardrail(names)],
        confidence=0.93,
        sample_ratio=results_pb2.SampleRatio(p_value=0.74),
        warnings=["too early: 180 of at least 250 units of model"],
        history=[_moment(names, day) for day in range(1, 6)],
        configurations=[experiment.configuration],
    )
    made.time.FromDatetime(START + timedelta(days=6))
    return made


def _binary(names: tuple[str, ...]) -> results_pb2.MetricResults:
    metric = results_pb2.MetricResults(
        metric="resolved",
        kind=metric_pb2.METRIC_KIND_BINARY,
        role=metric_pb2.METRIC_ROLE_PRIMARY,
        method=results_pb2.INFERENCE_METHOD_SEQUENCE,
    )
    metric.fixed_horizon.z_p_value = 0.0004
    for place, name in enumerate(names):
        one = metric.variants.add(variant=name, units=900, conversions=720 + 45 * min(place, 3))
        one.value = one.conversions / one.units
        one.interval.lower, one.interval.upper = one.value - 0.03, one.value + 0.03
        one.probability_best, one.expected_loss = (0.99, 0.0001) if place == 1 else (0.01, 0.05)
        if place:
            one.lift, one.relative_lift, one.p_value = 0.05 * place, 0.0625 * place, 0.0312
            one.lift_interval.lower, one.lift_interval.upper = one.lift - 0.06, one.lift + 0.06
    return metric


def _guardrail(names: tuple[str, ...]) -> results_pb2.MetricResults:
    metric = results_pb2.MetricResults(
        metric="seconds",
        kind=metric_pb2.METRIC_KIND_MEAN,
        role=metric_pb2.METRIC_ROLE_GUARDRAIL,
        method=results_pb2.INFERENCE_METHOD_SEQUENCE,
    )
    for place, name in enumerate(names):
        one = metric.variants.add(variant=name, units=900, value=12.5 + place)
        one.standard_error = 0.25 + 0.05 * place
        one.interval.lower, one.interval.upper = one.value - 1, one.value + 1
        if place:
            one.guardrail = results_pb2.GUARDRAIL_VERDICT_PASSED
    return metric


def _moment(names: tuple[str, ...], day: int) -> results_pb2.ResultsMoment:
    moment = results_pb2.ResultsMoment(units=200 * day * len(names))
    moment.time.FromDatetime(START + timedelta(days=day))
    for place in range(len(names)):
        one = moment.variants.add(weight=1 / len(names), units=200 * day, value=0.8)
        if place:
            one.lift = 0.05 * place
            one.lift_interval.lower, one.lift_interval.upper = (
                one.lift - 0.5 / day,
                one.lift + 0.5 / day,
            )
    return moment
