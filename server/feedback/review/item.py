"""A run that a person should look at."""

from dataclasses import dataclass
from datetime import datetime

from server.triage.review import ReviewReason
from server.triage.run import Run


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which runs to look at; None or empty: any."""

    reason: ReviewReason | None = None
    category: str = ""  # that they were given


@dataclass(frozen=True, slots=True)
class Candidate:
    """A run that waits."""

    run_id: str
    reason: ReviewReason
    value: float  # of information, by the run alone: in [0, 1]


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate in its place."""

    run_id: str
    reason: ReviewReason
    value: float  # of information, with what it tells about others: in [0, 1]
    similar_waiting: int  # other candidates with nearly the same text


@dataclass(frozen=True, slots=True)
class Lease:
    """Who has a run in hand."""

    reviewer: str
    expire_time: datetime


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """A run to look at, and why."""

    run: Run
    ranked: Ranked
    lease: Lease | None = None  # None: nobody has it in hand
