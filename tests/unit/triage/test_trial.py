"""What an experiment counts of a ticket."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from server.experiments.experiment import (
    Design,
    Metric,
    MetricKind,
    Source,
    Variant,
)
from server.experiments.lifecycle import drafted, started
from server.experiments.records.outcome import Outcome
from server.experiments.records.record import Assignment
from server.triage.engine import Attempt
from server.triage.run import Answer, Decision, Run
from server.triage.ticket import Ticket
from server.triage.trial import Trial
from tests.unit.triage.test_run_records import ANSWER

NOW = datetime(2026, 1, 2, tzinfo=UTC)
SOURCES = {
    "seconds": Source.TRIAGE_SECONDS,
    "cost": Source.TRIAGE_COST,
    "automatic": Source.TRIAGE_AUTOMATIC,
    "confidence": Source.TRIAGE_CONFIDENCE,
    "rating": Source.CALLER,
}
METRICS = tuple(Metric(name, MetricKind.MEAN, source=source) for name, source in SOURCES.items())
DESIGN = Design((Variant("a", 0.5), Variant("b", 0.5)), METRICS, layer="triage")
EXPERIMENT = started(drafted("acme", "ways", DESIGN, NOW), (), NOW)
ASSIGNMENT = Assignment("ways", 1, "t-1", 0, 1, 0.5, 1, NOW)
TRIAL = Trial(experiment=EXPERIMENT, assignment=ASSIGNMENT)


def run(answer: Answer) -> Run:
    """A run with this answer."""
    return Run("acme", "1" * 32, NOW, Ticket("t-1", "Help"), b"{}", b"", "", answer, "1")


def values(answer: Answer) -> dict[str, float]:
    """What is counted of an answer that was there after half a second."""
    exposure = TRIAL.exposure(run(answer), 0.5)
    assert exposure is not None
    return {outcome.metric: outcome.value for outcome in exposure.outcomes}


def test_outcomes_carry_the_id_and_the_time_of_their_run() -> None:
    exposure = TRIAL.exposure(run(ANSWER), 0.5)
    assert exposure is not None
    assert (exposure.assignment, exposure.time) == (ASSIGNMENT, NOW)
    assert exposure.outcomes[0] == Outcome("seconds", "1" * 32, 0.5, NOW)


def test_the_cost_is_that_of_all_attempts_in_dollars() -> None:
    attempts = tuple(Attempt("p", "m", "first", "ok", cost_micro_usd=n) for n in (300, 12))
    assert values(replace(ANSWER, attempts=attempts))["cost"] == pytest.approx(0.000312)


@pytest.mark.parametrize("decision", Decision)
def test_a_ticket_is_automatic_where_it_needs_no_person(decision: Decision) -> None:
    is_automatic = decision is Decision.AUTOMATIC
    assert values(replace(ANSWER, decision=decision))["automatic"] == is_automatic


def test_what_callers_record_is_left_to_them() -> None:
    assert values(ANSWER).keys() == SOURCES.keys() - {"rating"}


def test_an_answer_that_the_variant_did_not_give_counts_for_nothing() -> None:
    assert TRIAL.exposure(run(replace(ANSWER, is_degraded=True)), 0.5) is None


def test_a_ticket_in_no_experiment_counts_for_none() -> None:
    assert Trial().exposure(run(ANSWER), 0.5) is None
    assert Trial().enrolled is None
