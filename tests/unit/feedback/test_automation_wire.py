"""Error budgets as callers see them."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from switchyard.feedback.v1 import automation_pb2, feedback_pb2

from server.feedback.automation_wire import read_terms, write_budget
from server.triage.automation.budget import Field, Terms
from server.triage.automation.evidence import Evidence, GateState
from server.triage.automation.store import Budget, GateReport, Moment

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
TERMS = Terms(max_error=0.02)
VOIDED = Moment(NOW, None, 1.0, 0, "drift")


def gate(
    terms: Terms | None, state: GateState, history: Sequence[Moment] = ()
) -> automation_pb2.Gate:
    """A gate of a budget with these terms."""
    report = GateReport("embedded linear 0.0", state, Evidence(), history)
    return write_budget(Budget(Field.CATEGORY, terms, 1, NOW, (report,))).gates[0]


def test_what_is_not_named_has_its_default() -> None:
    terms = automation_pb2.BudgetTerms(max_error=0.02)
    assert read_terms(automation_pb2.ErrorBudget(terms=terms)) == Terms(0.02, 0.95, 0.1)


def test_the_audit_share_counts_in_thousandths() -> None:
    terms = automation_pb2.BudgetTerms(max_error=0.02, audit_share=0.12345)
    read = read_terms(automation_pb2.ErrorBudget(terms=terms))
    assert read is not None
    assert read.audit_share == 0.123


def test_no_terms_promise_nothing() -> None:
    assert read_terms(automation_pb2.ErrorBudget()) is None


def test_fields_have_the_numbers_of_the_contract() -> None:
    stated = feedback_pb2.BudgetField.DESCRIPTOR.values_by_name
    assert {f"BUDGET_FIELD_{one.name}": one.value for one in Field}.items() <= {
        name: value.number for name, value in stated.items()
    }.items()


def test_a_budget_that_was_never_set_has_neither_terms_nor_time() -> None:
    message = write_budget(Budget(Field.CATEGORY))
    assert not message.HasField("terms")
    assert not message.HasField("update_time")
    assert message.etag == "0"


def test_terms_are_written_as_they_were_read() -> None:
    terms = Terms(0.02, 0.9, 0.25)
    assert read_terms(write_budget(Budget(Field.CATEGORY, terms, 1, NOW))) == terms


def test_a_closed_gate_has_no_threshold() -> None:
    assert not gate(TERMS, GateState(0, NOW)).HasField("threshold")


@pytest.mark.parametrize(
    ("terms", "state", "history", "reason"),
    [
        (None, GateState(0, NOW), (), "No error budget is set."),
        (
            TERMS,
            GateState(0, NOW, judged=1200, wrong=40),
            (),
            "1,200 answers were judged, 40 wrong: that does not back the budget of 2% yet.",
        ),
        (
            TERMS,
            GateState(0, NOW, judged=98, answers=500, reviewed=400),
            (),
            "98 of 400 reviewed answers are judged; half are needed before automation opens.",
        ),
        (
            TERMS,
            GateState(0, NOW, judged=1),
            (),
            "1 answer was judged, 0 wrong: that does not back the budget of 2% yet.",
        ),
        (
            TERMS,
            GateState(0, NOW, 0.88, 0.019, judged=1200),
            (),
            "Answers with a confidence of 88% or more keep the budget of 2%, as far as 1,200 judged"
            " ones show.",
        ),
        (
            TERMS,
            GateState(0, NOW, 0.88, 0.019, drift=1.5, judged=1200),
            (),
            "Answers with a confidence of 88% or more keep the budget of 2%, as far as 1,200 judged"
            " ones show. Of late audits found more errors than usual: until that is settled, a"
            " person looks at half of them first.",
        ),
        (
            TERMS,
            GateState(1, NOW),
            (VOIDED,),
            "Answers became worse: what was known before 2026-01-02 03:04 UTC is void.",
        ),
    ],
)
def test_a_gate_says_why_it_stands_so(
    terms: Terms | None, state: GateState, history: Sequence[Moment], reason: str
) -> None:
    assert gate(terms, state, history).reason == reason


def test_the_history_is_told_with_its_causes() -> None:
    (moment,) = gate(TERMS, GateState(1, NOW), (VOIDED,)).history
    assert (moment.cause, moment.time.ToDatetime(UTC)) == ("drift", NOW)
    assert not moment.HasField("threshold")
