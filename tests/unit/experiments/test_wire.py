"""Messages say what the domain means, with defaults filled in, and nothing is lost on the way."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from switchyard.experiment.v1 import experiment_pb2, experiment_service_pb2, metric_pb2

from server.experiments.condition import AllOf, AnyOf, Between, Condition, Not, OneOf, Present
from server.experiments.condition import Prefix as Begins
from server.experiments.condition_wire import read_condition as read
from server.experiments.condition_wire import write_condition
from server.experiments.design_wire import read_design
from server.experiments.errors import InvalidExperiment
from server.experiments.experiment import (
    Aggregation,
    Algorithm,
    Allocation,
    Conclusion,
    Design,
    Ending,
    Metric,
    MetricKind,
    Role,
    Source,
    StoppingRule,
    UnitKind,
    Variant,
)
from server.experiments.lifecycle import concluded
from server.experiments.results import FixedHorizon, Interval, Method, MetricResult, Results
from server.experiments.results import VariantResult as Told
from server.experiments.results_wire import write_results
from server.experiments.wire import DESIGN_FIELDS, read_outcome, read_update, write_experiment
from tests.unit.experiments.designs import NOW, design, draft, running

FULL = Design(
    variants=(
        Variant("a", 0.25, {"text": "x", "number": 1.0, "integer": 1, "flag": True}, "Control"),
        Variant("b", 0.75, {"flag": False, "integer": 0, "number": -0.5, "text": ""}),
    ),
    metrics=(
        Metric("solved", MetricKind.BINARY, Role.PRIMARY, missing_is_failure=True, window_s=90.5),
        Metric(
            "seconds",
            MetricKind.MEAN,
            Role.GUARDRAIL,
            title="Time",
            is_minimized=True,
            aggregation=Aggregation.LAST,
            margin=2.5,
            winsorize_lower=0.0,
            winsorize_upper=60.0,
            uses_pre_period=True,
            source=Source.TRIAGE_SECONDS,
        ),
        Metric("p95", MetricKind.QUANTILE, quantile=0.95),
    ),
    title="Title",
    hypothesis="Hypothesis",
    allocation=Allocation(Algorithm.TOP_TWO, 0.2, 0.05, 0.9, 50, 3600.25),
    stopping=StoppingRule(0.01, 100, 60.0, 1000, 3600.0, True, True),
    unit=UnitKind.CUSTOMER,
    layer="triage",
    layer_share=0.5,
    holdout=0.1,
    traffic=0.0,
    targeting=Not(OneOf("plan", ("pro",))),
)
TESTS = st.one_of(
    st.builds(OneOf, st.text(min_size=1), st.lists(st.text(), min_size=1).map(tuple)),
    st.builds(Begins, st.text(min_size=1), st.text(min_size=1)),
    st.builds(Present, st.text(min_size=1), st.booleans()),
    st.builds(
        lambda name, least: Between(name, least, float("inf")),
        st.text(min_size=1),
        st.floats(allow_nan=False, allow_infinity=False),
    ),
    st.builds(
        lambda name, most: Between(name, float("-inf"), most),
        st.text(min_size=1),
        st.floats(allow_nan=False, allow_infinity=False),
    ),
)
CONDITIONS: st.SearchStrategy[Condition] = st.recursive(
    TESTS,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(AllOf, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.builds(AnyOf, st.lists(inner, min_size=1, max_size=3).map(tuple)),
    ),
    max_leaves=8,
)


def parsed(message: Any) -> Any:
    """The message as it arrives."""
    return type(message).FromString(message.SerializeToString())


@pytest.mark.parametrize("wanted", [FULL, draft().design], ids=["full", "plain"])
def test_a_design_is_read_as_it_was_written(wanted: Design) -> None:
    found = read_design(parsed(write_experiment(draft(wanted=wanted))))
    assert found == wanted
    for variant, other in zip(found.variants, wanted.variants, strict=True):
        assert {n: type(v) for n, v in variant.parameters.items()} == {
            n: type(v) for n, v in other.parameters.items()
        }


def test_parameters_are_read_in_the_order_of_their_names() -> None:
    names = [f"p{number}" for number in range(20)]
    wanted = design()
    variant = replace(wanted.variants[0], parameters=dict.fromkeys(reversed(names), "x"))
    message = write_experiment(draft(wanted=replace(wanted, variants=(variant,))))
    assert list(read_design(parsed(message)).variants[0].parameters) == sorted(names)


@given(CONDITIONS)
def test_a_condition_is_read_as_it_was_written(condition: Condition) -> None:
    assert read(parsed(write_condition(condition))) == condition


def test_what_is_not_stated_has_its_default() -> None:
    message = experiment_pb2.Experiment(
        variants=[experiment_pb2.Variant(name="a", weight=1.0)],
        metrics=[metric_pb2.Metric(name="solved", kind=metric_pb2.METRIC_KIND_BINARY)],
    )
    solved = Metric("solved", MetricKind.BINARY)
    assert read_design(message) == Design((Variant("a", 1.0),), (solved,))


def test_no_traffic_is_told_from_traffic_that_is_not_stated() -> None:
    assert read_design(experiment_pb2.Experiment(traffic=0.0)).traffic == 0.0
    assert read_design(experiment_pb2.Experiment()).traffic == 1.0


def test_how_it_stands_is_told() -> None:
    conclusion = Conclusion(Ending.WINNER, "b", "b beats a.", NOW, 7, 0.5, 0.25, 0.75)
    told = write_experiment(concluded(running(), conclusion))
    assert (told.name, told.phase, told.etag) == ("experiments/prompt-2", 1, "3")
    assert told.state == experiment_pb2.EXPERIMENT_STATE_STOPPED
    assert told.conclusion.outcome == experiment_pb2.Conclusion.OUTCOME_WINNER
    assert (told.conclusion.lift_lower, told.conclusion.lift_upper) == (0.25, 0.75)
    assert list(told.configuration.weights) == [0.5, 0.5]


def update(*paths: str, **fields: Any) -> experiment_service_pb2.UpdateExperimentRequest:
    """An update of these fields."""
    named = {"name": "experiments/x", "etag": "1"} | fields
    request = experiment_service_pb2.UpdateExperimentRequest(
        experiment=experiment_pb2.Experiment(**named)
    )
    request.update_mask.paths.extend(paths)
    return request


def test_without_a_mask_an_update_changes_what_is_set() -> None:
    request = update(title="x", traffic=0.0)
    request.ClearField("update_mask")
    assert read_update(request) == {"title", "traffic"}


def test_a_mask_names_any_field_of_a_design() -> None:
    assert read_update(update(*DESIGN_FIELDS)) == set(DESIGN_FIELDS)


def test_an_update_tells_all_that_is_wrong_with_it() -> None:
    with pytest.raises(InvalidExperiment) as raised:
        read_update(update("state", "title", "etag", name="", etag=""))
    assert [fault.field for fault in raised.value.faults] == [
        "experiment.name",
        "experiment.etag",
        "update_mask.paths[0]",
        "update_mask.paths[2]",
    ]


def test_an_outcome_without_a_time_came_now() -> None:
    message = experiment_service_pb2.Outcome(metric="solved", outcome_id="1", success=False)
    found = read_outcome(message, NOW)
    assert (found.time, found.value, found.is_success_flag) == (NOW, 0.0, True)
    assert found.denominator is None


def test_a_time_that_is_given_is_kept_to_the_microsecond() -> None:
    message = experiment_service_pb2.Outcome(metric="cost", value=2.5, denominator=0.0)
    message.time.FromJsonString("2026-01-02T03:04:05.678901Z")
    found = read_outcome(message, NOW)
    assert found.time == datetime(2026, 1, 2, 3, 4, 5, 678901, UTC)
    assert (found.value, found.is_success_flag, found.denominator) == (2.5, False, 0.0)


def test_what_cannot_be_told_is_absent_and_what_is_nought_is_not() -> None:
    nothing = Interval(0.0, 0.0)
    figures: dict[str, Any] = {"value": 0.0, "lift": 0.0, "log_e_value": 0.0}
    variants = (
        Told("a", units=0),
        Told("b", units=3, interval=nothing, lift_interval=nothing, **figures),
    )
    primary = MetricResult(
        "solved", MetricKind.BINARY, Role.PRIMARY, Method.SEQUENCE, variants, FixedHorizon()
    )
    results = Results(NOW, (2, 3), (0.5, 0.5), (primary,), "", 0.0, False, 1.0, False, ())
    told = parsed(write_results(running(), results))
    absent, nought = told.metrics[0].variants
    for name in (*figures, "interval", "lift_interval"):
        assert (absent.HasField(name), nought.HasField(name)) == (False, True)
    assert not told.metrics[0].fixed_horizon.HasField("chi_square")
    assert told.exposures == 5
