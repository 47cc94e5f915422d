"""What is enough to say that a variant is better, and that it does no harm."""

from dataclasses import replace

import pytest

from server.experiments.experiment import Allocation, Experiment, Metric, MetricKind, Role
from server.experiments.findings.evidence import doubt, guardrail_verdict
from server.experiments.findings.reading import read
from server.experiments.results import GuardrailVerdict
from tests.unit.experiments.designs import RATE, THOMPSON
from tests.unit.experiments.tallies import experiment_of, rate_tally, rates, tally_of

FIXED = Allocation()
CRASHES = Metric("crashes", MetricKind.BINARY, Role.GUARDRAIL, is_minimized=True, margin=0.01)
MOSTLY_A, MOSTLY_B = (0.95, 0.05), (0.05, 0.95)


def doubt_of(experiment: Experiment, *variants: tuple[int, int]) -> float:
    """That b is better, by successes and units of each in the primary metric."""
    design, tally = experiment.design, rate_tally(experiment, *variants)
    return doubt(read(design, tally, design.primary), 1, 0)


def verdict_of(
    metric: Metric,
    weights: tuple[float, float],
    *variants: tuple[int, int],
    allocation: Allocation = FIXED,
) -> GuardrailVerdict | None:
    """On b, by what was counted of each variant in the guardrail."""
    experiment = experiment_of(weights, metrics=(RATE, metric), allocation=allocation)
    tally = tally_of(experiment, {metric.name: [rates(*variants)]})
    reading = read(experiment.design, tally, metric)
    return guardrail_verdict(experiment.design, reading, 1, reading.difference(1, 0))


@pytest.mark.parametrize(
    "variants",
    [((2328, 2400), (1169, 1200)), ((1165, 1200), (2330, 2400)), ((500, 1000), (253, 500))],
)
def test_answers_that_are_late_of_one_variant_do_not_make_it_better(
    variants: tuple[tuple[int, int], tuple[int, int]],
) -> None:
    assert doubt_of(experiment_of(), *variants) > 0.3


@pytest.mark.parametrize("allocation", [FIXED, THOMPSON])
def test_a_small_variant_lucky_to_have_few_rare_events_is_not_shown_to_be_better(
    allocation: Allocation,
) -> None:
    metric = replace(RATE, is_minimized=True)
    experiment = experiment_of(MOSTLY_A, metrics=(metric,), allocation=allocation)
    assert doubt_of(experiment, (190, 19_000), (2, 1000)) > 0.2


@pytest.mark.parametrize("allocation", [FIXED, THOMPSON])
@pytest.mark.parametrize(
    ("metric", "weights", "variants"),
    [
        (CRASHES, MOSTLY_A, ((10, 9500), (0, 500))),
        (CRASHES, (0.5, 0.5), ((0, 600), (0, 600))),
        (replace(CRASHES, is_minimized=False), MOSTLY_B, ((0, 500), (10, 9500))),
        (replace(CRASHES, is_minimized=False), MOSTLY_A, ((9490, 9500), (500, 500))),
    ],
)
def test_no_failure_among_few_units_passes_no_guardrail(
    allocation: Allocation,
    metric: Metric,
    weights: tuple[float, float],
    variants: tuple[tuple[int, int], tuple[int, int]],
) -> None:
    found = verdict_of(metric, weights, *variants, allocation=allocation)
    assert found is GuardrailVerdict.OPEN


@pytest.mark.parametrize("allocation", [FIXED, THOMPSON])
def test_rare_failures_among_many_units_pass_a_guardrail(allocation: Allocation) -> None:
    found = verdict_of(CRASHES, (0.5, 0.5), (10, 5000), (12, 5000), allocation=allocation)
    assert found is GuardrailVerdict.PASSED


def test_a_small_control_lucky_to_have_no_failure_makes_no_harm_of_the_usual_ones() -> None:
    metric = replace(CRASHES, margin=0.0)
    assert verdict_of(metric, MOSTLY_B, (0, 1000), (190, 19_000)) is GuardrailVerdict.OPEN
