"""What one person says about one run, as values and as the JSON that is stored."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime
from enum import IntEnum
from typing import Any

import orjson

from server.triage.assessment import Priority, Sentiment


class Acceptance(IntEnum):
    """Whether an answer will do; the numbers are those of the contract."""

    ACCEPTED = 1
    REJECTED = 2


@dataclass(frozen=True, slots=True)
class Correction:
    """What would have been right; None: nothing is said about it."""

    category: str | None = None
    priority: Priority | None = None
    sentiment: Sentiment | None = None
    escalation: bool | None = None
    reply: str | None = None

    def over(self, earlier: "Correction") -> "Correction":
        """What it says, and what the earlier one says beyond it."""
        stated = {f.name: getattr(self, f.name) for f in fields(self)}
        return replace(earlier, **{name: one for name, one in stated.items() if one is not None})


@dataclass(frozen=True, slots=True)
class Resolution:
    """How a ticket ended."""

    without_person: bool
    time_s: float | None = None  # from its arrival


@dataclass(frozen=True, slots=True)
class Said:
    """What is said. None, or empty: nothing about that."""

    rating: int | None = None  # 1 to 5
    correction: Correction = field(default_factory=Correction)
    acceptance: Acceptance | None = None
    comment: str = ""
    articles: Mapping[str, bool] = field(default_factory=dict)  # by name, whether it helped
    resolution: Resolution | None = None

    def over(self, earlier: "Said") -> "Said":
        """What it says, and what was said earlier beyond it."""
        # Who accepts or rejects judges the answer anew: what was corrected before is taken back.
        judges_anew = self.acceptance is not None
        correction = self.correction if judges_anew else self.correction.over(earlier.correction)
        return Said(
            rating=earlier.rating if self.rating is None else self.rating,
            correction=correction,
            acceptance=self.acceptance or earlier.acceptance,
            comment=self.comment or earlier.comment,
            articles={**earlier.articles, **self.articles},
            resolution=self.resolution or earlier.resolution,
        )


@dataclass(frozen=True, slots=True)
class Feedback:
    """What is said about a run, on record."""

    feedback_id: str  # 32 hexadecimal digits, in order of time
    run_id: str
    reviewer: str
    submitter: str  # who called; the reviewer, or somebody in their name
    create_time: datetime
    said: Said
    replaces: str = ""  # id of the feedback whose place it took; empty: it is the reviewer's first
    is_in_force: bool = True


def encode_said(said: Said) -> bytes:
    """What is said, as JSON."""
    return orjson.dumps(asdict(said))


def decode_said(record: Mapping[str, Any]) -> Said:
    """What the stored JSON says."""
    correction, resolution = record["correction"], record["resolution"]
    priority, sentiment = correction["priority"], correction["sentiment"]
    acceptance = record["acceptance"]
    return Said(
        rating=record["rating"],
        correction=Correction(
            category=correction["category"],
            priority=None if priority is None else Priority(priority),
            sentiment=None if sentiment is None else Sentiment(sentiment),
            escalation=correction["escalation"],
            reply=correction["reply"],
        ),
        acceptance=None if acceptance is None else Acceptance(acceptance),
        comment=record["comment"],
        articles=record["articles"],
        resolution=None if resolution is None else Resolution(**resolution),
    )
