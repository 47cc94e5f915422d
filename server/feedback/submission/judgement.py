"""What feedback says about an answer: the truth where it is known, and what that overturns."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from server.feedback.submission.feedback import Acceptance, Said
from server.triage.run import Answer

FIELDS = ("category", "priority", "sentiment", "escalation", "reply")


@dataclass(frozen=True, slots=True)
class Judgement:
    """The truth by field, and which answered fields it overturns.

    A field that nobody judged is in neither; one that was not answered has no verdict.
    """

    truths: Mapping[str, Any]
    verdicts: Mapping[str, bool]  # True: overturned
    overturned: bool | None  # whether any field was, or the whole answer; None: nothing was judged


def judge(said: Said, answer: Answer) -> Judgement:
    """What is said about the answer: corrected fields, and the others where it was accepted."""
    answered = _answered(answer)
    truths = {
        name: stated for name in FIELDS if (stated := getattr(said.correction, name)) is not None
    }
    if said.acceptance is Acceptance.ACCEPTED:
        truths = answered | truths
    verdicts = {name: truths[name] != answered[name] for name in truths if name in answered}
    rejected = said.acceptance is Acceptance.REJECTED
    overturned = rejected or any(verdicts.values()) if verdicts or rejected else None
    return Judgement(truths, verdicts, overturned)


def _answered(answer: Answer) -> dict[str, Any]:
    """What was answered, field by field."""
    answered: dict[str, Any] = {
        "category": answer.category.label,
        "priority": answer.priority.label,
        "escalation": bool(answer.escalation_reasons),
    }
    if answer.sentiment is not None:
        answered["sentiment"] = answer.sentiment.label
    if answer.reply is not None:
        answered["reply"] = answer.reply
    return answered
