"""Decides what happens with an assessed ticket: automatic, review or escalate."""

from dataclasses import dataclass

from server.triage.assessment import Assessment
from server.triage.run import Decision


@dataclass(frozen=True, slots=True)
class DecisionPolicy:
    """When an answer may be acted on without a person."""

    automatic_min_confidence: float  # calibrated confidence in the category, in [0, 1]


def decide(assessment: Assessment, policy: DecisionPolicy) -> tuple[Decision, str]:
    """The decision, and why, in one plain sentence."""
    if assessment.escalation_reasons:
        return Decision.ESCALATE, assessment.escalation_reasons[0].explanation
    confidence, needed = assessment.category.confidence, policy.automatic_min_confidence
    if confidence < needed:
        return Decision.REVIEW, (
            f"The category is {confidence:.0%} sure; without a person it must be {needed:.0%}."
        )
    return Decision.AUTOMATIC, f"The category is {confidence:.0%} sure."
