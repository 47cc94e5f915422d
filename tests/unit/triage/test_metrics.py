"""What is counted of decisions under an error budget."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from prometheus_client import CollectorRegistry

from server.triage.automation.budget import Field, Passage
from server.triage.metrics import TriageMetrics
from server.triage.run import Answer, Decision, Run
from server.triage.ticket import Ticket
from tests.unit.triage.test_run_records import ANSWER

GATED = replace(ANSWER, gates=(Passage(Field.CATEGORY, "embedded linear 0.0", 0.9, era=0),))
AUDITED = replace(GATED, gates=(replace(GATED.gates[0], is_audited=True),))


def counted(answer: Answer, outcome: str) -> float | None:
    """How often an outcome was counted once an answer is recorded."""
    registry = CollectorRegistry()
    run = Run("acme", "1" * 32, datetime.now(UTC), Ticket("1", "Help"), b"{}", b"", "", answer, "1")
    TriageMetrics(registry).recorded(run)
    return registry.get_sample_value("switchyard_automation_decisions_total", {"outcome": outcome})


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (GATED, "automatic"),
        (AUDITED, "audited"),
        (replace(GATED, decision=Decision.REVIEW), "review"),
        (replace(AUDITED, decision=Decision.REVIEW), "review"),
        (replace(GATED, decision=Decision.ESCALATE), "escalate"),
    ],
)
def test_a_decision_under_a_budget_is_counted(answer: Answer, outcome: str) -> None:
    assert counted(answer, outcome) == 1


def test_a_decision_without_a_budget_is_not_counted_as_one() -> None:
    assert counted(ANSWER, "automatic") is None
