"""What becomes of an answer at its gate, by what is promised and what is known."""

from dataclasses import replace

import pytest

from server.triage.assessment import Assessment, Prediction, Priority, Reason, Sentiment
from server.triage.automation.budget import Field, Passage, Terms
from server.triage.automation.reliability import Bin, bin_of, reliability_of
from server.triage.automation.standing import DOUBT_SHARE, Gate, Standing
from server.triage.decision import audit, decide
from server.triage.run import Decision

ENGINE = "embedded linear 0.0"
ANSWERERS = dict.fromkeys(Field, ENGINE)
TERMS = Terms(max_error=0.02, audit_share=0.25)
NEEDED = 0.85  # without a budget
ASSESSMENT = Assessment(
    category=Prediction("billing", 0.93),
    priority=Prediction(Priority.LOW, 0.7),
    priority_reasons=(),
    escalation_reasons=(),
    sentiment=Prediction(Sentiment.NEUTRAL, 0.6),
)


def standing(**thresholds: float | None) -> Standing:
    """Budgets of the named fields, with gates that stand so."""
    fields = {Field[name.upper()]: threshold for name, threshold in thresholds.items()}
    gates = {(one, ENGINE): Gate(3, threshold) for one, threshold in fields.items()}
    return Standing(dict.fromkeys(fields, TERMS), gates)


def decided(by: Standing, assessment: Assessment = ASSESSMENT) -> tuple[Decision, str]:
    """The decision and its reason."""
    return decide(assessment, NEEDED, by, by.passages(assessment, ANSWERERS))


def by_field(passages: tuple[Passage, ...]) -> dict[Field, Passage]:
    """The passages by their field."""
    return {passage.field: passage for passage in passages}


def test_without_a_budget_the_confidence_decides() -> None:
    assert decided(Standing()) == (Decision.AUTOMATIC, "The category is 93% sure.")


def test_an_open_gate_lets_a_sure_answer_pass() -> None:
    assert decided(standing(category=0.88)) == (
        Decision.AUTOMATIC,
        "The category is 93% sure; the error budget of 2% needs 88%.",
    )


def test_an_open_gate_stops_a_less_sure_answer() -> None:
    assert decided(standing(category=0.985)) == (
        Decision.REVIEW,
        "The category is 93% sure; the error budget of 2% needs 98.5%.",
    )


def test_a_gate_without_evidence_lets_nothing_pass() -> None:
    assert decided(standing(category=None)) == (
        Decision.REVIEW,
        "The error budget of the category is not backed by evidence yet.",
    )


def test_an_answerer_without_a_gate_is_one_without_evidence() -> None:
    by = Standing({Field.CATEGORY: TERMS}, {(Field.CATEGORY, "another"): Gate(0, 0.1)})
    assert decided(by)[0] is Decision.REVIEW


def test_what_could_not_be_read_for_long_lets_nothing_pass() -> None:
    decision, reason = decided(replace(standing(category=0.5), is_known=False))
    assert decision is Decision.REVIEW
    assert reason == "Whether the category may be automatic cannot be read just now."


def test_every_field_with_a_budget_must_pass() -> None:
    decision, reason = decided(standing(category=0.88, priority=0.9))
    assert decision is Decision.REVIEW
    assert reason == "The priority is 70% sure; the error budget of 2% needs 90%."


def test_a_budget_of_another_field_leaves_the_category_to_its_confidence() -> None:
    unsure = replace(ASSESSMENT, category=Prediction("billing", 0.8))
    assert decided(standing(priority=0.5), unsure)[0] is Decision.REVIEW
    assert decided(standing(priority=0.5)) == (
        Decision.AUTOMATIC,
        "The category is 93% sure. The priority is 70% sure; the error budget of 2% needs 50%.",
    )


def test_reasons_to_escalate_come_before_every_gate() -> None:
    alarming = replace(ASSESSMENT, escalation_reasons=(Reason("LEGAL", "A lawyer is named."),))
    assert decided(standing(category=0.5), alarming) == (Decision.ESCALATE, "A lawyer is named.")


def test_a_field_that_was_not_answered_has_no_passage() -> None:
    passages = standing(sentiment=0.5).passages(replace(ASSESSMENT, sentiment=None), ANSWERERS)
    assert Field.SENTIMENT not in by_field(passages)


def test_a_passage_keeps_what_the_gate_went_by() -> None:
    passages = by_field(standing(category=0.88).passages(ASSESSMENT, ANSWERERS))
    assert passages[Field.CATEGORY] == Passage(
        Field.CATEGORY, ENGINE, 0.93, era=3, threshold=0.88, has_passed=True
    )
    assert passages[Field.PRIORITY] == Passage(Field.PRIORITY, ENGINE, 0.7)


def test_evidence_counts_by_the_confidence_that_the_engine_stated() -> None:
    bins = {bin_of(0.93): Bin(1000, 500, 930)}
    by = replace(
        standing(category=0.88), reliability={(Field.CATEGORY, ENGINE): reliability_of(bins)}
    )
    assert by.calibrate(ASSESSMENT, ANSWERERS).category.confidence < 0.6
    assert by_field(by.passages(ASSESSMENT, ANSWERERS))[Field.CATEGORY].score == 0.93


@pytest.mark.parametrize(("drawn", "is_audited"), [(0.24, True), (0.25, False)])
def test_a_share_of_automatic_decisions_is_audited(drawn: float, is_audited: bool) -> None:
    by = standing(category=0.88)
    passages = by.audited(by.passages(ASSESSMENT, ANSWERERS), lambda: drawn)
    assert {(one.is_audited, one.propensity) for one in passages} == {(is_audited, 0.25)}


def test_one_draw_at_the_largest_share_is_that_of_all_fields() -> None:
    by = standing(category=0.88, priority=0.5)
    by = replace(by, terms={**by.terms, Field.PRIORITY: replace(TERMS, audit_share=1.0)})
    passages = by.audited(by.passages(ASSESSMENT, ANSWERERS), lambda: 0.99)
    assert {(one.is_audited, one.propensity) for one in passages} == {(True, 1.0)}


def in_doubt(by: Standing) -> Standing:
    """The same, after audits that found more errors than usual."""
    return replace(by, gates={key: replace(g, is_doubted=True) for key, g in by.gates.items()})


def drawn(by: Standing, number: float) -> tuple[Decision, tuple[Passage, ...]]:
    """What becomes of an answer by the draw of a number."""
    passages = by.passages(ASSESSMENT, ANSWERERS)
    decided = decide(ASSESSMENT, NEEDED, by, passages)
    (decision, _), passages = audit(decided, by, passages, lambda: number)
    return decision, passages


def test_what_is_drawn_is_acted_on_and_looked_at_afterwards() -> None:
    decision, passages = drawn(standing(category=0.88), 0.0)
    assert decision is Decision.AUTOMATIC
    assert all(one.is_audited for one in passages)


def test_what_is_drawn_while_a_gate_is_in_doubt_is_looked_at_first() -> None:
    decision, passages = drawn(in_doubt(standing(category=0.88)), DOUBT_SHARE - 0.01)
    assert decision is Decision.REVIEW
    assert {
        (one.has_passed, one.is_audited, one.propensity) for one in passages if one.is_gated
    } == {(True, True, DOUBT_SHARE)}


def test_what_is_not_drawn_while_a_gate_is_in_doubt_is_acted_on() -> None:
    decision, passages = drawn(in_doubt(standing(category=0.88)), DOUBT_SHARE)
    assert decision is Decision.AUTOMATIC
    assert {(one.is_audited, one.propensity) for one in passages} == {(False, DOUBT_SHARE)}


def test_a_doubt_makes_audits_no_rarer() -> None:
    by = in_doubt(standing(category=0.88))
    by = replace(by, terms={Field.CATEGORY: replace(TERMS, audit_share=0.9)})
    assert drawn(by, 0.89)[0] is Decision.REVIEW


def test_what_goes_to_review_anyway_is_not_drawn() -> None:
    decision, passages = drawn(in_doubt(standing(category=0.985)), 0.0)
    assert decision is Decision.REVIEW
    assert {(one.is_audited, one.propensity) for one in passages} == {(False, 1.0)}


def test_a_gate_without_a_budget_raises_no_doubt() -> None:
    by = in_doubt(standing(category=0.88, priority=0.5))
    by = replace(by, gates={**by.gates, **standing(category=0.88).gates})
    without = replace(by, terms={Field.CATEGORY: TERMS})
    assert drawn(by, 0.0)[0] is Decision.REVIEW
    assert drawn(without, 0.0)[0] is Decision.AUTOMATIC


def test_where_nothing_is_promised_nobody_is_to_look() -> None:
    passages = Standing().audited(Standing().passages(ASSESSMENT, ANSWERERS), lambda: 0.0)
    assert not any(one.is_audited for one in passages)


def test_other_gates_are_another_generation() -> None:
    assert Standing().generation == ""
    assert standing(category=0.88).generation == standing(category=0.88).generation
    assert standing(category=0.88).generation != standing(category=0.87).generation
