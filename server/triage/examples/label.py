"""A ticket of which the truth is known, in part at least; and what of it is new."""

import hashlib
from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import IntEnum

from server.triage.assessment import Priority, Sentiment
from server.triage.ticket import Ticket, text_for_engines


class LabelSource(IntEnum):
    """Where a label comes from; the numbers are those of the contract."""

    CORRECTION = 1  # a person corrected an answer
    CONFIRMATION = 2  # a person confirmed one
    IMPORT = 3


@dataclass(frozen=True, slots=True)
class Label:
    """What is known of a ticket. Empty or None: it is not known."""

    subject: str
    body: str
    category: str = ""
    priority: Priority | None = None
    sentiment: Sentiment | None = None
    escalation: bool | None = None  # whether a person had to take it
    resolution_s: float | None = None  # time until it was resolved
    time: datetime | None = None  # when the ticket came in
    source: LabelSource = LabelSource.IMPORT
    run_id: str = ""
    reviewer: str = ""


@dataclass(frozen=True, slots=True)
class RecentLabel:
    """A label as engines learn it between trainings."""

    label_id: str
    text: str
    category: str
    is_learned: bool = False  # by the model, in its training


class Change(IntEnum):
    """What became of a label that was to be kept."""

    ADDED = 1
    REPLACED = 2
    UNCHANGED = 3


@dataclass(frozen=True, slots=True)
class Kept:
    """A label is on record."""

    label_id: str
    change: Change


@dataclass(frozen=True, slots=True)
class Conflict:
    """A label contradicts one on record, which stands."""

    label_id: str
    category: str  # of the one on record


HELD_BACK = 51  # of 256
TRUTHS = ("category", "priority", "sentiment", "escalation", "resolution_s")


def text_of(label: Label) -> str:
    """The label's text as engines read it."""
    return text_for_engines(Ticket(id="", body=label.body, subject=label.subject))


def digest_of(text: str) -> bytes:
    """BLAKE2b of a text without regard to case and white space: 32 bytes."""
    folded = " ".join(text.casefold().split())
    return hashlib.blake2b(folded.encode(), digest_size=32).digest()


def is_held_back(digest: bytes) -> bool:
    """Whether a text with this digest is one of the fifth that may be kept back from trainings."""
    return digest[0] < HELD_BACK


def cut(label: Label) -> Label:
    """The label with no more of its body than engines read."""
    return replace(label, body=text_for_engines(Ticket(id="", body=label.body)))


def contradicts(one: Label, other: Label) -> bool:
    """Whether the two state different truths."""
    pairs = [(getattr(one, truth), getattr(other, truth)) for truth in TRUTHS]
    return any(_is_known(a) and _is_known(b) and a != b for a, b in pairs)


def merge(known: Label, new: Label) -> Label:
    """What is known after both: what the new one does not state stays as it was.

    Whose word it is changes with the truth. A person's word is never said to be imported because
    an import adds to it; what a person confirms is no longer merely imported.
    """
    stated = {
        field.name: getattr(new, field.name)
        for field in fields(Label)
        if field.name in {*TRUTHS, "time"} and _is_known(getattr(new, field.name))
    }
    merged = replace(known, **stated)
    adds = any(getattr(merged, truth) != getattr(known, truth) for truth in TRUTHS)
    is_persons = new.source is not LabelSource.IMPORT
    was_imported = known.source is LabelSource.IMPORT
    if contradicts(known, new) or (is_persons and (adds or was_imported)):
        return replace(merged, source=new.source, run_id=new.run_id, reviewer=new.reviewer)
    return merged


def _is_known(value: object) -> bool:
    return value is not None and value != ""
