"""What an engine says about a ticket, before anything is decided."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Generic, TypeVar

MOST_SUMMARY = 400  # characters, as the contract allows
MOST_REPLY = 4000


class Priority(IntEnum):
    """How soon a ticket needs an answer; the numbers are those of the contract."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3
    URGENT = 4


class Sentiment(IntEnum):
    """How the customer feels; the numbers are those of the contract."""

    NEGATIVE = 1
    NEUTRAL = 2
    POSITIVE = 3


# To call an enum for each label would take half of the time to decode an assessment.
PRIORITIES: Mapping[int, Priority] = {int(one): one for one in Priority}
SENTIMENTS: Mapping[int, Sentiment] = {int(one): one for one in Sentiment}

Label = TypeVar("Label", str, Priority, Sentiment)


@dataclass(frozen=True)  # no slots: JSON is made of it in a fifth of the time
class Prediction(Generic[Label]):
    """A label, the probability in [0, 1] that it is right, and the next likely ones.

    The runners-up come likeliest first; with `confidence` they sum to at most 1.
    """

    label: Label
    confidence: float
    runners_up: tuple[tuple[Label, float], ...] = ()


@dataclass(frozen=True)  # no slots, for JSON
class Reason:
    """One cause of a priority or of an escalation.

    `code` is UPPER_SNAKE_CASE, `evidence` at most 200 characters of the ticket.
    """

    code: str
    explanation: str
    evidence: str = ""


@dataclass(frozen=True)  # no slots, for JSON
class Draft:
    """What the engine wrote; None: not asked for."""

    summary: str | None  # at most MOST_SUMMARY
    reply: str | None  # at most MOST_REPLY


@dataclass(frozen=True)  # no slots, for JSON
class Assessment:
    """What the engine found in the ticket."""

    category: Prediction[str]
    priority: Prediction[Priority]
    priority_reasons: tuple[Reason, ...]
    escalation_reasons: tuple[Reason, ...]
    sentiment: Prediction[Sentiment] | None  # None: not asked for
    resolution_s: float | None = None  # as labels tell of the category; None: they do not


def describe_assessment(assessment: Assessment) -> str:
    """The assessment in a few words for a person to read."""
    category, priority = assessment.category, assessment.priority
    words = [
        f"{category.label} ({category.confidence:.0%})",
        f"{priority.label.name.lower()} priority",
    ]
    if assessment.sentiment is not None:
        words.append(assessment.sentiment.label.name.lower())
    words += sorted({r.code.lower() for r in assessment.escalation_reasons})
    return ", ".join(words)


def describe_draft(draft: Draft) -> str:
    """The draft in a few words for a person to read."""
    written = {"summary": draft.summary, "reply": draft.reply}
    words = [f"{name} of {len(text)} characters" for name, text in written.items() if text]
    return ", ".join(words) or "nothing was asked for"


def decode_prediction(
    record: Mapping[str, Any], labels: Mapping[int, Any] | None = None
) -> Prediction[Any]:
    """The prediction of a stored record. labels: by the numbers that JSON keeps of them; None:
    they are texts.
    """
    label, confidence, runners_up = record["label"], record["confidence"], record["runners_up"]
    if labels is None:
        return Prediction(label, confidence, tuple(map(tuple, runners_up)))
    return Prediction(
        labels[label], confidence, tuple([(labels[one], share) for one, share in runners_up])
    )


def decode_reasons(records: Sequence[Mapping[str, Any]]) -> tuple[Reason, ...]:
    """The reasons of a stored record."""
    return tuple(Reason(**record) for record in records)


def decode_assessment(record: Mapping[str, Any]) -> Assessment:
    """The assessment of a record."""
    sentiment = record["sentiment"]
    return Assessment(
        category=decode_prediction(record["category"]),
        priority=decode_prediction(record["priority"], PRIORITIES),
        priority_reasons=decode_reasons(record["priority_reasons"]),
        escalation_reasons=decode_reasons(record["escalation_reasons"]),
        sentiment=None if sentiment is None else decode_prediction(sentiment, SENTIMENTS),
        resolution_s=record.get("resolution_s"),
    )
