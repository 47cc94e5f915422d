"""Results as messages: no figure is lost, and none is made up."""

from dataclasses import fields, replace

from switchyard.experiment.v1 import results_pb2

from server.experiments.findings.analysis import analyse
from server.experiments.results import GuardrailVerdict, Interval, VariantResult
from server.experiments.results_wire import write_results
from tests.unit.experiments.tallies import LATE, experiment_of, rate_tally

FULL = VariantResult(
    variant="b",
    units=900,
    conversions=720,
    value=0.8,
    standard_error=0.013,
    interval=Interval(0.77, 0.83),
    lift=0.05,
    lift_interval=Interval(0.01, 0.09),
    relative_lift=0.07,
    p_value=0.03,
    adjusted_p_value=0.04,
    log_e_value=3.5,
    guardrail=GuardrailVerdict.OPEN,
    probability_best=0.9,
    expected_loss=0.001,
)


def told(result: VariantResult) -> results_pb2.VariantResults:
    """The variant as whoever asks for the results gets it."""
    experiment = experiment_of()
    results = analyse(experiment, rate_tally(experiment, (500, 1000), (560, 1000)), LATE)
    metric = replace(results.primary, variants=(result,))
    message = write_results(experiment, replace(results, metrics=(metric,)))
    return message.metrics[0].variants[0]


def test_every_figure_of_a_variant_is_told() -> None:
    message = told(FULL)
    names = {field.name for field in fields(VariantResult)}
    assert {field.name for field, _ in message.ListFields()} == names
    assert all(
        getattr(message, name) == getattr(FULL, name) for name in names if "interval" not in name
    )
    assert message.interval == results_pb2.Interval(lower=0.77, upper=0.83)
    assert message.lift_interval == results_pb2.Interval(lower=0.01, upper=0.09)


def test_a_figure_that_is_not_known_is_absent() -> None:
    message = told(VariantResult("b", units=3))
    assert {field.name for field, _ in message.ListFields()} == {"variant", "units"}
