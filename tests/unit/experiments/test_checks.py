"""What a design must be like: each fault with its place."""

from dataclasses import replace
from math import inf, nan
from typing import Any

import pytest

from server.experiments.checks import check_design
from server.experiments.condition import AllOf, Between, Condition, Not, OneOf
from server.experiments.errors import InvalidExperiment
from server.experiments.experiment import (
    Aggregation,
    Algorithm,
    Allocation,
    Design,
    Metric,
    MetricKind,
    Role,
    Source,
    StoppingRule,
    UnitKind,
    Variant,
)
from server.violation import FieldViolation
from tests.unit.experiments.designs import RATE, THOMPSON, design


def faults(wanted: Design) -> list[FieldViolation]:
    """What is wrong with a design; empty: nothing."""
    try:
        check_design(wanted)
    except InvalidExperiment as error:
        return [*error.faults]
    return []


SECONDARY = tuple(Metric(f"m-{number}", MetricKind.MEAN) for number in range(19))


def measuring(kind: MetricKind, role: Role = Role.SECONDARY, **fields: Any) -> Metric:
    return Metric("other", kind, role, **fields)


def with_metric(metric: Metric, **fields: Any) -> Design:
    return design(metrics=(RATE, metric), **fields)


def nested(depth: int) -> Condition:
    """A condition so many levels deep."""
    condition: Condition = OneOf("plan", ("pro",))
    for _ in range(depth - 1):
        condition = Not(condition)
    return condition


@pytest.mark.parametrize(
    "sound",
    [
        design(),
        design((0.333333, 0.333333, 0.333334)),
        design((0.2, 0.8, 0.0)),
        design((0.01,) * 100),
        design(allocation=THOMPSON),
        design((0.04, 0.96), allocation=Allocation(Algorithm.UCB1, floor=0.04)),
        design((0.05,) * 20, metrics=(RATE, *SECONDARY[:9]), allocation=THOMPSON),
        design((0.05,) * 20, metrics=(RATE, *SECONDARY)),
        design((0.1,) * 10, allocation=Allocation(Algorithm.TOP_TWO, floor=0.05)),
        design(metrics=(replace(RATE, missing_is_failure=True),)),
        design(metrics=(Metric("p", MetricKind.QUANTILE, Role.PRIMARY, quantile=0.95),)),
        with_metric(measuring(MetricKind.BINARY, Role.GUARDRAIL, margin=0.01)),
        with_metric(measuring(MetricKind.MEAN, Role.GUARDRAIL, margin=0.0)),
        with_metric(measuring(MetricKind.MEAN, uses_pre_period=True, missing_is_failure=True)),
        with_metric(measuring(MetricKind.MEAN, aggregation=Aggregation.LAST)),
        with_metric(measuring(MetricKind.RATIO, winsorize_lower=-1.0, winsorize_upper=1.0)),
        with_metric(measuring(MetricKind.MEAN, source=Source.TRIAGE_COST), layer="triage"),
        with_metric(measuring(MetricKind.BINARY, source=Source.TRIAGE_AUTOMATIC), layer="triage"),
        design(stopping=StoppingRule(max_units=500, max_duration_s=60.0, min_duration_s=60.0)),
        design(layer="triage", layer_share=0.5, holdout=0.5, traffic=0.0, unit=UnitKind.CUSTOMER),
        design(targeting=nested(8)),
        design(targeting=AllOf((Between("seats", 5, inf),) * 99)),
    ],
)
def test_a_sound_design_has_no_faults(sound: Design) -> None:
    assert faults(sound) == []


@pytest.mark.parametrize(
    ("broken", "field", "rule"),
    [
        (design((1.0,)), "variants", "must hold 2 to 100 variants; it holds 1"),
        (design((1 / 101,) * 101), "variants", "must hold 2 to 100 variants; it holds 101"),
        (design((0.5, 0.4)), "variants", "must have weights that sum to 1; they sum to 0.9"),
        (design((0.5, nan)), "variants[1].weight", "must be 0 to 1; it is nan"),
        (design((-inf, 0.5)), "variants[0].weight", "must be 0 to 1; it is -inf"),
        (design((-0.5, 1.5)), "variants[1].weight", "must be 0 to 1; it is 1.5"),
        (design((0.0, 1.0)), "variants[0].weight", "must be greater than 0: it is the control's"),
        (
            design((1.0, 0.0)),
            "variants",
            "must have a weight greater than 0 beside the control's",
        ),
        (
            design((0.99, 0.01), allocation=THOMPSON),
            "variants[1].weight",
            "must be at least the floor, 0.02, under an algorithm; it is 0.01",
        ),
        (
            design(variants=(Variant("a", 0.5), Variant("a", 0.5))),
            "variants[1].name",
            'must be unique; "a" stands before it',
        ),
        (
            design(variants=(Variant("a", 0.5), Variant("b", 0.5, {"temperature": nan}))),
            "variants[1].parameters[temperature]",
            "must be finite; it is nan",
        ),
        (design(metrics=()), "metrics", "must hold 1 to 20 metrics; it holds 0"),
        (
            design((0.05,) * 20, metrics=(RATE, *SECONDARY[:10]), allocation=THOMPSON),
            "metrics",
            "must hold at most 10 metrics under an algorithm with 20 variants; it holds 11",
        ),
        (
            design(metrics=(replace(RATE, role=Role.GUARDRAIL),)),
            "metrics",
            "must have exactly one primary among them; 0 are",
        ),
        (
            with_metric(replace(RATE, name="other")),
            "metrics",
            "must have exactly one primary among them; 2 are",
        ),
        (
            with_metric(replace(RATE, role=Role.SECONDARY)),
            "metrics[1].name",
            'must be unique; "solved" stands before it',
        ),
        (
            with_metric(measuring(MetricKind.QUANTILE)),
            "metrics[1].quantile",
            "must be in (0, 1); it is 0",
        ),
        (
            with_metric(measuring(MetricKind.QUANTILE, quantile=nan)),
            "metrics[1].quantile",
            "must be in (0, 1); it is nan",
        ),
        (
            with_metric(measuring(MetricKind.MEAN, quantile=0.5)),
            "metrics[1].quantile",
            "must be absent: the metric is no quantile",
        ),
        (
            with_metric(measuring(MetricKind.QUANTILE, quantile=0.5), allocation=THOMPSON),
            "metrics[1].kind",
            "must not be a quantile where an algorithm moves weights",
        ),
        (
            with_metric(measuring(MetricKind.MEAN, margin=0.1)),
            "metrics[1].margin",
            "must be absent: the metric is no guardrail",
        ),
        (
            with_metric(measuring(MetricKind.MEAN, Role.GUARDRAIL, margin=inf)),
            "metrics[1].margin",
            "must be 0 or more; it is inf",
        ),
        (
            with_metric(measuring(MetricKind.BINARY, uses_pre_period=True)),
            "metrics[1].uses_pre_period",
            "must be absent: the metric is no mean",
        ),
        (
            with_metric(measuring(MetricKind.RATIO, missing_is_failure=True)),
            "metrics[1].missing",
            "must be absent: the metric is neither binary nor a mean",
        ),
        (
            with_metric(measuring(MetricKind.RATIO, aggregation=Aggregation.MAX)),
            "metrics[1].aggregation",
            "must be absent: the metric is neither a mean nor a quantile",
        ),
        (
            with_metric(measuring(MetricKind.BINARY, winsorize_upper=0.5)),
            "metrics[1].winsorize_upper",
            "must be absent: the metric is binary",
        ),
        (
            with_metric(measuring(MetricKind.MEAN, winsorize_lower=2.0, winsorize_upper=2.0)),
            "metrics[1].winsorize_upper",
            "must be greater than winsorize_lower, 2",
        ),
        (
            with_metric(measuring(MetricKind.MEAN, winsorize_lower=-inf)),
            "metrics[1].winsorize_lower",
            "must be finite; it is -inf",
        ),
        (
            with_metric(measuring(MetricKind.MEAN, window_s=0.5)),
            "metrics[1].attribution_window",
            "must be 1 to 31,536,000 seconds; it is 0.5",
        ),
        (
            with_metric(measuring(MetricKind.MEAN, source=Source.TRIAGE_SECONDS)),
            "metrics[1].source",
            'must be the caller outside layer "triage"',
        ),
        (
            with_metric(measuring(MetricKind.MEAN, source=Source.TRIAGE_AUTOMATIC), layer="triage"),
            "metrics[1].kind",
            "must be binary: so are the outcomes of its source",
        ),
        (
            with_metric(
                measuring(MetricKind.BINARY, source=Source.TRIAGE_CONFIDENCE), layer="triage"
            ),
            "metrics[1].kind",
            "must be a mean or a quantile, for outcomes of its source",
        ),
        (
            with_metric(
                measuring(MetricKind.MEAN, source=Source.FEEDBACK_RESOLVED), layer="triage"
            ),
            "metrics[1].kind",
            "must be binary: so are the outcomes of its source",
        ),
        (
            with_metric(
                measuring(MetricKind.BINARY, source=Source.FEEDBACK_OVERTURNED), layer="triage"
            ),
            "metrics[1].direction",
            "must be to minimize: to be overturned is bad",
        ),
        (
            with_metric(
                measuring(
                    MetricKind.MEAN, source=Source.FEEDBACK_RATING, aggregation=Aggregation.LAST
                ),
                layer="triage",
            ),
            "metrics[1].aggregation",
            "must be the sum or the mean: who reviews may think better of it",
        ),
        (
            design(allocation=Allocation(epsilon=nan)),
            "allocation.epsilon",
            "must be greater than 0 and at most 1; it is nan",
        ),
        (
            design((0.1,) * 10, allocation=replace(THOMPSON, floor=0.06)),
            "allocation.floor",
            "must be at most 1 / (2 * variants), 0.05 for 10 variants; it is 0.06",
        ),
        (
            design(allocation=Allocation(floor=0.0)),
            "allocation.floor",
            "must be 0.005 to 0.5; it is 0",
        ),
        (
            design(allocation=Allocation(discount=1.1)),
            "allocation.discount",
            "must be greater than 0 and at most 1; it is 1.1",
        ),
        (
            design(allocation=Allocation(batch_units=9)),
            "allocation.batch_units",
            "must be 10 to 1,000,000; it is 9",
        ),
        (
            design(allocation=Allocation(sticky_s=59.0)),
            "allocation.sticky_ttl",
            "must be 60 to 31,536,000 seconds; it is 59",
        ),
        (
            design(stopping=StoppingRule(alpha=0.51)),
            "stopping.alpha",
            "must be greater than 0 and at most 0.5; it is 0.51",
        ),
        (
            design(stopping=StoppingRule(min_units=1)),
            "stopping.min_units",
            "must be 2 to 1,000,000,000; it is 1",
        ),
        (
            design(stopping=StoppingRule(min_duration_s=nan)),
            "stopping.min_duration",
            "must be 0 to 31,536,000 seconds; it is nan",
        ),
        (
            design(stopping=StoppingRule(max_units=499)),
            "stopping.max_units",
            "must be 0 or at least 500, which is min_units in each of 2 variants; it is 499",
        ),
        (
            design(stopping=StoppingRule(max_duration_s=inf)),
            "stopping.max_duration",
            "must be 0 to 157,680,000 seconds; it is inf",
        ),
        (
            design(stopping=StoppingRule(min_duration_s=61.0, max_duration_s=60.0)),
            "stopping.max_duration",
            "must be absent or at least min_duration",
        ),
        (
            design(layer_share=0.0),
            "layer_share",
            "must be greater than 0 and at most 1; it is 0",
        ),
        (design(holdout=0.6), "holdout", "must be 0 to 0.5; it is 0.6"),
        (design(traffic=nan), "traffic", "must be 0 to 1; it is nan"),
        (
            design(layer="triage", unit=UnitKind.OTHER),
            "unit",
            'must be a ticket or a customer in layer "triage"',
        ),
        (design(targeting=nested(9)), "targeting", "must be at most 8 deep; it is 9 deep"),
        (
            design(targeting=AllOf((OneOf("plan", ("pro",)),) * 100)),
            "targeting",
            "must hold at most 100 conditions; it holds 101",
        ),
    ],
)
def test_a_fault_is_told_with_its_place(broken: Design, field: str, rule: str) -> None:
    assert FieldViolation(field, rule) in faults(broken)


@pytest.mark.parametrize(
    ("least", "most"), [(nan, inf), (-inf, nan), (inf, inf), (-inf, -inf), (-inf, inf), (5, -inf)]
)
def test_a_comparison_with_no_finite_number_is_a_fault(least: float, most: float) -> None:
    targeting = Not(Between("seats", least, most))
    assert faults(design(targeting=targeting)) == [
        FieldViolation("targeting", "must compare with finite numbers")
    ]


def test_all_faults_are_told_at_once() -> None:
    broken = design((0.5, 0.4), holdout=0.6, stopping=StoppingRule(alpha=0.0))
    assert [fault.field for fault in faults(broken)] == ["variants", "stopping.alpha", "holdout"]


def test_a_layer_adds_what_it_finds_wrong_with_parameters() -> None:
    unknown = FieldViolation("variants[1].parameters[model]", "must be a model of this server")
    with pytest.raises(InvalidExperiment) as refused:
        check_design(design(traffic=2.0), lambda _: [unknown])
    assert refused.value.faults == (FieldViolation("traffic", "must be 0 to 1; it is 2"), unknown)


def test_nothing_is_too_much_for_the_checks() -> None:
    design_of_nothing = Design(variants=(), metrics=())
    assert {fault.field for fault in faults(design_of_nothing)} >= {"variants", "metrics"}
