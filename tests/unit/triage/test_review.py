"""Whom a person should look at, and how soon."""

from dataclasses import replace

import pytest

from server.triage.assessment import Prediction
from server.triage.automation.budget import Field, Passage
from server.triage.engine import Similar
from server.triage.review import AUDIT_VALUE, Interest, ReviewReason, review_interest
from server.triage.run import Decision
from tests.unit.triage.test_run_records import ANSWER

PASSAGE = Passage(Field.CATEGORY, "embedded linear 0.0", 0.9, era=0)


def test_the_less_sure_the_sooner() -> None:
    unsure = replace(ANSWER, decision=Decision.REVIEW, category=Prediction("billing", 0.4))
    assert review_interest(unsure) == Interest(1 - 0.4, ReviewReason.UNCERTAIN)


def test_what_resembles_nothing_is_new() -> None:
    unheard_of = replace(ANSWER, decision=Decision.REVIEW, category=Prediction("billing", 0.05))
    assert review_interest(unheard_of) == Interest(1 - 0.05, ReviewReason.NEW_CLUSTER)


def test_what_resembles_a_corrected_ticket_is_not_new() -> None:
    known = (Similar("1" * 32, "billing", 0.8),)
    unsure = replace(
        ANSWER, decision=Decision.REVIEW, category=Prediction("billing", 0.05), similar=known
    )
    assert review_interest(unsure) == Interest(1 - 0.05, ReviewReason.UNCERTAIN)


@pytest.mark.parametrize("decision", [Decision.AUTOMATIC, Decision.REVIEW])
def test_what_is_drawn_for_an_audit_is_looked_at_soon(decision: Decision) -> None:
    audited = replace(ANSWER, decision=decision, gates=(replace(PASSAGE, is_audited=True),))
    assert review_interest(audited) == Interest(AUDIT_VALUE, ReviewReason.AUDIT)


@pytest.mark.parametrize("decision", [Decision.AUTOMATIC, Decision.ESCALATE])
def test_what_is_decided_otherwise_needs_no_look(decision: Decision) -> None:
    assert review_interest(replace(ANSWER, decision=decision, gates=(PASSAGE,))) is None
