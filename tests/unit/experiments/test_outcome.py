"""Which outcomes are taken, and what a unit adds to the sums of its variant."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from server.experiments.errors import InvalidOutcome, OutcomeRefused
from server.experiments.experiment import (
    Aggregation,
    Design,
    Metric,
    MetricKind,
    Role,
    Source,
    Variant,
)
from server.experiments.records.outcome import (
    MOST_OUTCOMES,
    Amended,
    Outcome,
    UnitRow,
    awaited,
    begun,
    check_outcome,
    contribution,
    counted_time,
    has_taken,
    taken,
    value_of,
)
from server.statistics.moments import Moments

EXPOSED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
HOUR = Metric("solved", MetricKind.BINARY, Role.PRIMARY, window_s=3600.0)
SPENT = Metric("spent", MetricKind.MEAN)
SHARE = Metric("share", MetricKind.RATIO)
SECONDS = Metric("seconds", MetricKind.MEAN, source=Source.TRIAGE_SECONDS)
DESIGN = Design((Variant("a", 0.5), Variant("b", 0.5)), (HOUR, SPENT, SHARE, SECONDS))


def after(seconds: float) -> datetime:
    return EXPOSED + timedelta(seconds=seconds)


def outcome(value: float, metric: str = "spent", **fields: object) -> Outcome:
    plain = Outcome(metric, "1", value, EXPOSED)
    return replace(plain, **fields)  # type: ignore[arg-type]  # fields by name


def row_of(values: Sequence[float]) -> UnitRow:
    """The row of a unit with these outcomes, one second after another."""
    row = UnitRow()
    for number, value in enumerate(values):
        row = taken(row, outcome(value, outcome_id=str(number)), after(number))
    return row


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (outcome(1.0, "unknown"), "outcome.metric"),
        (outcome(1.0, "seconds"), "outcome.metric"),
        (outcome(1.0, "solved"), "outcome.value"),
        (outcome(1.0, "spent", is_success_flag=True), "outcome.success"),
        (outcome(float("nan")), "outcome.value"),
        (outcome(float("inf")), "outcome.value"),
        (outcome(-1.1e12), "outcome.value"),
        (outcome(1.0, denominator=2.0), "outcome.denominator"),
        (outcome(1.0, "share", denominator=-1.0), "outcome.denominator"),
        (outcome(1.0, "share", denominator=float("nan")), "outcome.denominator"),
    ],
)
def test_what_a_metric_cannot_take_is_told_with_its_field(wrong: Outcome, field: str) -> None:
    with pytest.raises(InvalidOutcome) as refused:
        check_outcome(DESIGN, wrong)
    assert refused.value.fault.field == field


@pytest.mark.parametrize(
    "right",
    [
        outcome(1.0, "solved", is_success_flag=True),
        outcome(-1e12),
        outcome(3.0, "share"),
        outcome(3.0, "share", denominator=0.0),
    ],
)
def test_what_a_metric_can_take_is_taken(right: Outcome) -> None:
    check_outcome(DESIGN, right)


@pytest.mark.parametrize(
    ("seconds", "counted"), [(0, 0), (-60, 0), (10, 10), (3600, 3600), (3660, 3660)]
)
def test_an_outcome_counts_within_its_window_as_far_as_clocks_differ(
    seconds: float, counted: float
) -> None:
    found = counted_time(outcome(1.0, time=after(seconds)), HOUR, EXPOSED, after(9000))
    assert found == after(counted)


@pytest.mark.parametrize(("seconds", "reason"), [(-61, "BEFORE_EXPOSURE"), (3661, "WINDOW_PASSED")])
def test_an_outcome_outside_its_window_is_refused(seconds: float, reason: str) -> None:
    with pytest.raises(OutcomeRefused) as refused:
        counted_time(outcome(1.0, time=after(seconds)), HOUR, EXPOSED, after(9000))
    assert refused.value.reason == reason


def test_an_outcome_of_the_near_future_counts_as_now() -> None:
    assert counted_time(outcome(1.0, time=after(310)), HOUR, EXPOSED, after(10)) == after(10)


def test_an_outcome_of_the_far_future_is_invalid() -> None:
    with pytest.raises(InvalidOutcome) as refused:
        counted_time(outcome(1.0, time=after(311)), HOUR, EXPOSED, after(10))
    assert refused.value.fault.field == "outcome.time"


def test_an_outcome_is_known_by_its_id() -> None:
    row = taken(UnitRow(), outcome(1.0, outcome_id="x"), EXPOSED)
    assert has_taken(row, outcome(2.0, outcome_id="x"))
    assert not has_taken(row, outcome(1.0, outcome_id="y"))


def test_a_unit_may_not_have_more_than_the_most_outcomes() -> None:
    full = replace(UnitRow(), ids=tuple(range(MOST_OUTCOMES)))
    with pytest.raises(OutcomeRefused) as refused:
        taken(full, outcome(1.0), EXPOSED)
    assert refused.value.reason == "TOO_MANY_OUTCOMES"


@pytest.mark.parametrize(
    ("aggregation", "value"),
    [
        (Aggregation.SUM, -6.0),
        (Aggregation.MEAN, -2.0),
        (Aggregation.MAX, -1.0),
        (Aggregation.LAST, -3.0),
    ],
)
def test_outcomes_of_a_unit_make_one_value(aggregation: Aggregation, value: float) -> None:
    metric = replace(SPENT, aggregation=aggregation)
    assert value_of(row_of([-2.0, -1.0, -3.0]), metric) == value


def test_the_last_outcome_is_the_one_with_the_latest_time() -> None:
    row = taken(UnitRow(), outcome(1.0, outcome_id="late", metadata={"of": "late"}), after(9))
    row = taken(row, outcome(2.0, outcome_id="early", metadata={"of": "early"}), after(3))
    assert (row.latest, row.metadata) == (1.0, {"of": "late"})


def test_any_success_makes_a_unit_a_success() -> None:
    assert [value_of(row_of(values), HOUR) for values in ([0, 1, 0], [0, 0])] == [1.0, 0.0]


@pytest.mark.parametrize(("values", "counted"), [([70, 70], 100.0), ([-70], -10.0), ([5], 5.0)])
def test_limits_hold_for_the_value_of_a_unit(values: list[float], counted: float) -> None:
    metric = replace(SPENT, winsorize_lower=-10.0, winsorize_upper=100.0)
    assert value_of(row_of(values), metric) == counted


def test_a_ratio_adds_the_sums_of_values_and_of_denominators() -> None:
    row = taken(UnitRow(), outcome(3.0, "share", outcome_id="1", denominator=4.0), EXPOSED)
    row = taken(row, outcome(2.0, "share", outcome_id="2"), EXPOSED)
    assert contribution(row, SHARE, {}) == Moments.of_unit(5.0, 5.0)


def test_what_a_unit_had_before_stands_beside_its_value() -> None:
    metric = replace(SPENT, uses_pre_period=True)
    assert contribution(row_of([3.0]), metric, {"spent": 2.0}) == Moments.of_unit(3.0, 2.0)
    assert contribution(row_of([3.0]), metric, {}) == Moments.of_unit(3.0, 0.0)


def test_what_a_unit_had_before_is_nothing_to_a_metric_that_does_not_use_it() -> None:
    assert contribution(row_of([3.0]), SPENT, {"spent": 2.0}) == Moments.of_unit(3.0)


def test_a_unit_without_a_row_adds_nothing() -> None:
    assert contribution(None, SPENT, {}) == Moments()


def test_a_unit_whose_missing_outcome_is_a_failure_counts_when_its_window_has_passed() -> None:
    row = awaited(replace(HOUR, missing_is_failure=True), EXPOSED)
    assert row is not None
    assert row.due_time == after(3600)
    early = taken(row, outcome(1.0, "solved"), after(5))
    assert [contribution(r, HOUR, {}) for r in (row, early)] == [Moments(), Moments()]
    assert contribution(replace(row, due_time=None), HOUR, {}) == Moments.of_unit(0.0)
    assert contribution(replace(early, due_time=None), HOUR, {}) == Moments.of_unit(1.0)


LAST = replace(SPENT, aggregation=Aggregation.LAST, window_s=3600.0)


def test_a_unit_whose_last_outcome_counts_does_when_no_other_can_follow() -> None:
    assert awaited(LAST, EXPOSED) is None
    first = taken(begun(LAST, EXPOSED, after(5)), outcome(1.0), after(5))
    assert (first.due_time, contribution(first, LAST, {})) == (after(3600), Moments())
    assert contribution(replace(first, due_time=None), LAST, {}) == Moments.of_unit(1.0)


def test_an_outcome_that_is_told_of_when_its_window_has_passed_counts_at_once() -> None:
    late = taken(begun(LAST, EXPOSED, after(3600)), outcome(1.0), after(5))
    assert contribution(late, LAST, {}) == Moments.of_unit(1.0)


def test_a_unit_whose_missing_outcome_is_ignored_has_no_row_before_its_first() -> None:
    assert awaited(HOUR, EXPOSED) is None


def amended(value: float, old: float) -> Outcome:
    """An outcome that takes the place of one of value `old`."""
    told = outcome(value, outcome_id=f"run {value:g}")
    return replace(told, amends=Amended(f"run {old:g}", old))


def test_an_outcome_takes_the_place_of_the_one_that_it_amends() -> None:
    row = taken(row_of([5.0]), outcome(4.0, outcome_id="run 4"), after(9))
    row = taken(row, amended(2.0, 4.0), after(10))
    assert (row.total, row.denominator, len(row.ids)) == (7.0, 2.0, 2)


def test_a_success_that_is_taken_back_is_none() -> None:
    row = taken(UnitRow(), outcome(1.0, "solved", outcome_id="run 1"), after(1))
    row = taken(row, replace(amended(0.0, 1.0), metric="solved"), after(2))
    assert value_of(row, HOUR) == 0.0


def test_a_success_beside_the_one_that_is_taken_back_stays() -> None:
    row = taken(row_of([1.0]), outcome(1.0, "solved", outcome_id="run 1"), after(1))
    row = taken(row, replace(amended(0.0, 1.0), metric="solved"), after(2))
    assert value_of(row, HOUR) == 1.0


def test_what_amends_an_outcome_that_was_not_taken_counts_by_itself() -> None:
    assert taken(UnitRow(), amended(2.0, 4.0), after(1)).total == 2.0


def test_what_was_said_first_may_be_said_again() -> None:
    row = taken(UnitRow(), outcome(0.0, outcome_id="run 0"), after(1))
    row = taken(row, amended(1.0, 0.0), after(2))
    row = taken(row, amended(0.0, 1.0), after(3))
    assert (row.total, len(row.ids)) == (0.0, 1)
