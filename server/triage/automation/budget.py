"""What is promised about automatic decisions, and an answer on its way past the gate that keeps it.

An error budget says of a field: of the tickets that are decided automatically, at most so many are
wrong about it. Each engine that answers has a gate of its own, in front of each field.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Protocol

from server.triage.assessment import Prediction, Priority, Sentiment


class Field(IntEnum):
    """What an error budget can be set for; the numbers are those of the contract."""

    CATEGORY = 1
    PRIORITY = 2
    SENTIMENT = 3

    @property
    def word(self) -> str:
        """The field as an answer names it."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Terms:
    """What is promised of a field."""

    max_error: float  # share of the automatic decisions that may be wrong, in (0, 1)
    confidence: float = 0.95  # probability that the promise is kept
    audit_share: float = 0.1  # of the automatic decisions, that a person looks at afterwards


@dataclass(frozen=True)  # no slots: JSON is made of it in a fifth of the time
class Passage:
    """An answer to one field and what became of it at the gate.

    A field without a budget has no gate. Its passage is kept all the same: calibration learns from
    every field that a person looks at.
    """

    field: Field
    answerer: str  # who answered, as gates tell engines apart
    score: float  # confidence as the engine gave it, in [0, 1]; evidence is counted by it
    era: int | None = None  # of the gate's evidence; None: the field has no budget
    threshold: float | None = None  # score that was needed; None: the gate was closed
    has_passed: bool = False
    is_audited: bool = False  # whether a draw has a person look at it: afterwards, in doubt first
    propensity: float = 1.0  # of the audit, where the draw decides about it

    @property
    def is_gated(self) -> bool:
        """Whether the field has a budget."""
        return self.era is not None


class Answered(Protocol):
    """What answers the fields."""

    @property
    def category(self) -> Prediction[str]: ...
    @property
    def priority(self) -> Prediction[Priority]: ...
    @property
    def sentiment(self) -> Prediction[Sentiment] | None: ...


def prediction_of(answered: Answered, field: Field) -> Prediction[Any] | None:
    """The answer to a field; None: it was not asked for."""
    if field is Field.CATEGORY:
        return answered.category
    return answered.priority if field is Field.PRIORITY else answered.sentiment


def decode_passage(record: Mapping[str, Any]) -> Passage:
    """The passage of a stored record."""
    return Passage(**{**record, "field": Field(record["field"])})
