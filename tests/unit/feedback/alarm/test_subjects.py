"""Who answered, and what a judgement of the answer stands for."""

from dataclasses import replace

import pytest

from server.feedback.alarm.subjects import Kind, Subject, Weight, subjects_of, weight_of
from server.triage.automation.budget import Field, Passage
from server.triage.engine import EngineVersion
from server.triage.run import Decision, Enrolled
from tests.unit.feedback.alarm.runs import make_run

LANGUAGE_MODEL = EngineVersion("llm", "groq/llama", "triage-2 temperature=0.5", 1)
CLOSED = Passage(Field.CATEGORY, "embedded", 0.4, era=1)
OPEN = replace(CLOSED, threshold=0.9)
PASSED = replace(OPEN, score=0.95, has_passed=True, propensity=0.2)


def test_an_embedded_model_is_named_with_its_digest() -> None:
    assert subjects_of(make_run()) == [Subject(Kind.MODEL, "embedded linear-ngram 0123456789ab")]


def test_a_language_model_is_told_apart_from_its_prompt() -> None:
    assert subjects_of(make_run(engine=LANGUAGE_MODEL)) == [
        Subject(Kind.MODEL, "llm groq/llama"),
        Subject(Kind.PROMPT, "triage-2"),
    ]


def test_a_variant_is_named_with_its_phase() -> None:
    run = make_run(experiment=Enrolled("experiments/x", "b", 2, 1))
    assert subjects_of(run)[-1] == Subject(Kind.VARIANT, "experiments/x/b phase 2")


@pytest.mark.parametrize("decision", [Decision.REVIEW, Decision.ESCALATE])
def test_a_run_that_went_to_a_person_stands_for_itself(decision: Decision) -> None:
    assert weight_of(make_run(decision=decision).answer) == Weight(1.0, 1.0)


def test_an_automatic_run_without_a_budget_stands_for_nothing() -> None:
    assert weight_of(make_run(decision=Decision.AUTOMATIC).answer) is None


def test_an_automatic_run_that_no_audit_drew_stands_for_nothing() -> None:
    assert weight_of(make_run(decision=Decision.AUTOMATIC, gates=(PASSED,)).answer) is None


@pytest.mark.parametrize("decision", [Decision.AUTOMATIC, Decision.REVIEW])
def test_a_drawn_run_stands_for_those_that_were_not_drawn(decision: Decision) -> None:
    audited = replace(PASSED, is_audited=True)
    answer = make_run(decision=decision, gates=(audited,)).answer
    assert weight_of(answer) == Weight(5.0, 10.0)


def test_an_audit_rarer_than_one_in_ten_weighs_ten() -> None:
    audited = replace(PASSED, is_audited=True, propensity=0.01)
    answer = make_run(decision=Decision.AUTOMATIC, gates=(audited,)).answer
    assert weight_of(answer) == Weight(10.0, 10.0)


@pytest.mark.parametrize(("gate", "ceiling"), [(CLOSED, 1.0), (OPEN, 10.0)])
def test_the_ceiling_is_that_of_the_gate_as_it_stood(gate: Passage, ceiling: float) -> None:
    assert weight_of(make_run(gates=(gate,)).answer) == Weight(1.0, ceiling)


def test_a_field_without_a_budget_has_no_gate_to_pass() -> None:
    passage = replace(PASSED, era=None, is_audited=True)
    answer = make_run(decision=Decision.AUTOMATIC, gates=(passage,)).answer
    assert weight_of(answer) is None
