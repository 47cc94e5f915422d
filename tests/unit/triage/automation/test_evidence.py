"""What a judged answer is evidence of."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from server.statistics.risk_control import Observation
from server.triage.automation.budget import Field, Passage, Terms
from server.triage.automation.evidence import (
    BUDGETS,
    THRESHOLDS,
    Evidence,
    GateState,
    observed,
    risk_coverage_of,
)

NOW = datetime(2026, 1, 2, tzinfo=UTC)
TERMS = Terms(max_error=0.05)
CLOSED = Passage(Field.CATEGORY, "engine", 0.934, era=0)
PASSED = replace(CLOSED, threshold=0.9, has_passed=True)
AUDITED = replace(PASSED, is_audited=True, propensity=0.1)
RIGHT = Evidence({Observation(0.99, 1.0, True, False): 400, Observation(0.6, 1.0, True, True): 200})


def test_while_the_gate_is_closed_every_answer_is_looked_at() -> None:
    assert observed(CLOSED, is_wrong=True) == Observation(0.93, 1.0, True, True)


def test_an_audited_answer_counts_by_the_share_of_its_time() -> None:
    assert observed(AUDITED, is_wrong=False) == Observation(0.93, 0.1, False, False)


def test_an_answer_that_another_gate_stopped_was_looked_at_for_certain() -> None:
    assert observed(PASSED, is_wrong=False) == Observation(0.93, 1.0, False, False)


def test_an_answer_below_every_threshold_is_evidence_of_nothing() -> None:
    assert observed(replace(CLOSED, score=THRESHOLDS[-1] - 0.01), is_wrong=True) is None


def test_evidence_opens_a_gate_as_far_as_it_goes() -> None:
    gate = GateState(0, NOW).ruled(TERMS, RIGHT)
    assert gate.threshold is not None
    assert gate.threshold > 0.6
    assert gate.error_bound <= TERMS.max_error


def test_a_gate_does_not_open_while_few_of_the_reviewed_answers_are_judged() -> None:
    gate = GateState(0, NOW, judged=600, reviewed=1201)
    assert gate.ruled(TERMS, RIGHT).threshold is None
    assert replace(gate, reviewed=1200).ruled(TERMS, RIGHT).threshold is not None


def test_an_open_gate_opens_no_further_while_few_of_the_reviewed_answers_are_judged() -> None:
    lower = RIGHT + Evidence({Observation(0.9, 1.0, True, False): 400})
    gate = GateState(0, NOW, 0.99, judged=1000, audited=100, reviewed=1000)
    assert gate.ruled(TERMS, lower).threshold == 0.9
    assert replace(gate, reviewed=2000).ruled(TERMS, lower).threshold == 0.99
    assert replace(gate, reviewed=2000).ruled(TERMS, Evidence()).threshold is None


def test_without_terms_no_evidence_opens_a_gate() -> None:
    assert GateState(0, NOW).ruled(None, RIGHT).threshold is None


def test_a_truth_that_takes_the_place_of_another_moves_no_count_but_that_of_errors() -> None:
    right, wrong = (observed(AUDITED, is_wrong=is_wrong) for is_wrong in (False, True))
    assert right is not None
    assert wrong is not None
    gate = GateState(0, NOW, judged=5, audited=2, wrong=1)
    after = gate.counted({wrong: 1, right: -1}, is_automatic=True)
    assert (after.judged, after.audited, after.wrong) == (5, 2, 2)


@pytest.mark.parametrize(("is_automatic", "reviews"), [(True, 3), (False, 4)])
def test_what_was_looked_at_first_is_a_judged_review(is_automatic: bool, reviews: int) -> None:
    seen = observed(AUDITED, is_wrong=False)
    assert seen is not None
    gate = GateState(0, NOW, judged=5, audited=2).counted({seen: 1}, is_automatic=is_automatic)
    assert gate.judged_reviews == reviews


def test_an_audit_that_is_judged_anew_takes_back_the_alarm_that_it_gave() -> None:
    right, wrong = (observed(AUDITED, is_wrong=is_wrong) for is_wrong in (False, True))
    assert right is not None
    assert wrong is not None
    alarmed = GateState(0, NOW).warned(TERMS, RIGHT, Counter({wrong: 1}))
    assert alarmed.drift > 0
    assert alarmed.warned(TERMS, RIGHT, Counter({right: 1, wrong: -1})).drift == pytest.approx(
        GateState(0, NOW).warned(TERMS, RIGHT, Counter({right: 1})).drift
    )


def test_an_error_where_there_was_none_puts_the_gate_in_doubt() -> None:
    wrong = observed(replace(AUDITED, score=0.99), is_wrong=True)
    assert wrong is not None
    gate = GateState(0, NOW).warned(TERMS, RIGHT, Counter({wrong: 1}))
    assert gate.is_doubted
    assert not gate.has_drifted


def test_repeated_errors_among_audits_are_a_drift() -> None:
    seen = observed(AUDITED, is_wrong=True)
    assert seen is not None
    gate, audits = GateState(0, NOW), 0
    while not gate.has_drifted:
        gate, audits = gate.warned(TERMS, RIGHT, Counter({seen: 1})), audits + 1
        assert audits < 20
    assert gate.drift_share == 1.0
    assert gate.anew(NOW) == GateState(1, NOW)


def test_a_larger_budget_automates_no_less() -> None:
    curve = risk_coverage_of(TERMS, RIGHT, 1.0)
    shares = [point.share for point in curve]
    assert [point.error_budget for point in curve] == list(BUDGETS)
    assert shares == sorted(shares)
    assert shares[-1] > 0


def test_without_evidence_there_is_no_curve() -> None:
    assert risk_coverage_of(TERMS, Evidence(), 1.0) == []


def test_the_curve_shows_what_the_tenant_has_promised() -> None:
    curve = risk_coverage_of(replace(TERMS, max_error=0.07), RIGHT, 1.0)
    assert 0.07 in {point.error_budget for point in curve}


def test_the_curve_is_of_all_answers() -> None:
    gate = GateState(0, NOW, answers=1000, automated=100, reviewed=300)
    all_pass = risk_coverage_of(TERMS, RIGHT, 1.0)
    of_all = risk_coverage_of(TERMS, RIGHT, gate.eligible_share)
    assert [point.share for point in of_all] == [point.share * 0.4 for point in all_pass]
