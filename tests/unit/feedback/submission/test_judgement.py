"""What feedback says about an answer."""

from dataclasses import replace

import orjson
import pytest

from server.feedback.submission.feedback import (
    Acceptance,
    Correction,
    Resolution,
    Said,
    decode_said,
    encode_said,
)
from server.feedback.submission.judgement import judge
from server.triage.assessment import Prediction, Priority, Reason, Sentiment
from tests.unit.triage.test_run_records import ANSWER

ANSWERED = replace(ANSWER, reply="Hello", sentiment=Prediction(Sentiment.NEUTRAL, 0.8))
EVERYTHING = Said(
    rating=2,
    correction=Correction("refunds", Priority.HIGH, Sentiment.NEGATIVE, escalation=True, reply="x"),
    acceptance=Acceptance.REJECTED,
    comment="No.",
    articles={"articles/1": True, "articles/2": False},
    resolution=Resolution(without_person=True, time_s=60.0),
)


def correcting(**fields: object) -> Said:
    return Said(correction=Correction(**fields))  # type: ignore[arg-type]  # fields by name


@pytest.mark.parametrize("said", [Said(), Said(rating=1), EVERYTHING])
def test_what_is_said_comes_back_from_its_record(said: Said) -> None:
    assert decode_said(orjson.loads(encode_said(said))) == said


def test_a_correction_overturns_its_field_alone() -> None:
    found = judge(correcting(category="refunds"), ANSWERED)
    assert found.truths == {"category": "refunds"}
    assert found.verdicts == {"category": True}
    assert found.overturned


def test_what_says_the_answer_again_confirms_it() -> None:
    found = judge(correcting(category="billing"), ANSWERED)
    assert found.verdicts == {"category": False}
    assert found.overturned is False


def test_who_accepts_confirms_everything_that_was_answered() -> None:
    found = judge(Said(acceptance=Acceptance.ACCEPTED), ANSWERED)
    assert found.verdicts == dict.fromkeys(
        ("category", "priority", "escalation", "sentiment", "reply"), False
    )


def test_who_accepts_with_a_correction_confirms_the_rest() -> None:
    said = replace(correcting(priority=Priority.HIGH), acceptance=Acceptance.ACCEPTED)
    found = judge(said, ANSWERED)
    assert [name for name, is_overturned in found.verdicts.items() if is_overturned] == ["priority"]


def test_a_rejection_overturns_the_answer_and_no_field() -> None:
    found = judge(Said(acceptance=Acceptance.REJECTED), ANSWERED)
    assert (found.verdicts, found.overturned) == ({}, True)


def test_a_rating_judges_nothing() -> None:
    assert judge(Said(rating=1), ANSWERED).overturned is None


def test_what_was_not_answered_has_a_truth_and_no_verdict() -> None:
    found = judge(correcting(sentiment=Sentiment.NEGATIVE), replace(ANSWERED, sentiment=None))
    assert found.truths == {"sentiment": Sentiment.NEGATIVE}
    assert found.verdicts == {}


def test_an_escalation_is_judged_by_whether_there_was_a_reason() -> None:
    escalated = replace(ANSWERED, escalation_reasons=(Reason("OUTAGE", "Nothing works."),))
    assert judge(correcting(escalation=True), escalated).verdicts == {"escalation": False}
    assert judge(correcting(escalation=True), ANSWERED).verdicts == {"escalation": True}


def test_what_is_not_said_anew_stays() -> None:
    again = Said(rating=5, correction=Correction(priority=Priority.LOW))
    said = again.over(EVERYTHING)
    assert said.rating == 5
    assert said.correction == replace(EVERYTHING.correction, priority=Priority.LOW)
    assert said.comment == "No."
    assert said.resolution == EVERYTHING.resolution


def test_saying_the_same_again_changes_nothing() -> None:
    assert EVERYTHING.over(EVERYTHING) == EVERYTHING


def test_who_accepts_takes_back_what_they_had_corrected() -> None:
    said = Said(acceptance=Acceptance.ACCEPTED).over(correcting(category="refunds"))
    assert said == Said(acceptance=Acceptance.ACCEPTED)


def test_a_correction_after_an_acceptance_corrects_that_field_alone() -> None:
    said = correcting(category="refunds").over(Said(acceptance=Acceptance.ACCEPTED))
    found = judge(said, ANSWERED)
    assert [name for name, is_overturned in found.verdicts.items() if is_overturned] == ["category"]
