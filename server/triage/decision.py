"""Decides what happens with an assessed ticket: automatic, review or escalate."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from server.triage.assessment import Assessment
from server.triage.automation.budget import Field, Passage
from server.triage.automation.standing import Standing
from server.triage.run import Decision


async def nothing_is_promised(_tenant: str) -> Standing:
    """How automation stands where there are no error budgets."""
    return Standing()


def never_drawn() -> float:
    """A draw where no decision is audited."""
    return 1.0


@dataclass(frozen=True, slots=True)
class DecisionPolicy:
    """When an answer may be acted on without a person."""

    automatic_min_confidence: float  # in the category, in [0, 1]; where no error budget says so
    standing_of: Callable[[str], Awaitable[Standing]] = nothing_is_promised  # of a tenant
    draw: Callable[[], float] = never_drawn  # uniform in [0, 1): who is audited


DOUBT = (
    "Of late audits found more errors than usual:"
    " until that is settled, a person looks at answers like this one first."
)


def decide(
    assessment: Assessment,
    needed: float,
    standing: Standing,
    passages: Sequence[Passage],
) -> tuple[Decision, str]:
    """The decision, and why, in plain sentences.

    Reasons to escalate come first. Then every gate must let its field pass; where the category has
    none, its confidence must be `needed`.
    """
    if assessment.escalation_reasons:
        return Decision.ESCALATE, assessment.escalation_reasons[0].explanation
    gated = [passage for passage in passages if passage.is_gated]
    stopped = next((passage for passage in gated if not passage.has_passed), None)
    if stopped is not None:
        return Decision.REVIEW, standing.explain(stopped)
    reasons = [standing.explain(passage) for passage in gated]
    if all(passage.field is not Field.CATEGORY for passage in gated):
        confidence = assessment.category.confidence
        if confidence < needed:
            return Decision.REVIEW, (
                f"The category is {confidence:.0%} sure; without a person it must be {needed:.0%}."
            )
        reasons.insert(0, f"The category is {confidence:.0%} sure.")
    return Decision.AUTOMATIC, " ".join(reasons)


def audit(
    decided: tuple[Decision, str],
    standing: Standing,
    passages: tuple[Passage, ...],
    draw: Callable[[], float],
) -> tuple[tuple[Decision, str], tuple[Passage, ...]]:
    """The decision and its passages after the draw that may have a person look at it.

    An automatic decision is looked at afterwards; or, while a gate is in doubt, before it is one.
    """
    if decided[0] is not Decision.AUTOMATIC:
        return decided, passages
    passages = standing.audited(passages, draw)
    is_drawn = any(passage.is_audited for passage in passages)
    if is_drawn and standing.is_doubted(passages):
        decided = Decision.REVIEW, DOUBT
    return decided, passages
