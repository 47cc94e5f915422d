"""A dead letter: a piece of work that failed for good, with all that it takes to do it again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

LETTERS = "deadLetters/"  # begins the names of letters


class Severity(IntEnum):
    """How bad it is; the numbers are those of the contract."""

    WARNING = 1  # somebody was served worse than usual
    ERROR = 2  # somebody was not served
    CRITICAL = 3  # nobody will be until somebody acts


class State(IntEnum):
    """What has become of a letter; the numbers are those of the contract."""

    WAITING = 1
    REPLAYED = 2
    PURGED = 3  # its request is forgotten


@dataclass(frozen=True, slots=True)
class FailedAttempt:
    """One call of a provider that came to nothing."""

    provider: str
    model: str
    reason: str  # snake_case, such as "rate_limited"
    status: int | None  # of HTTP; None: there was no answer
    duration_s: float


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A piece of work that failed for good."""

    tenant: str
    letter_id: str  # 32 hexadecimal digits, in order of time
    create_time: datetime  # whole milliseconds
    function: str  # what failed, such as "triage.classify"
    severity: Severity
    reason: str  # snake_case, of the last attempt
    attempts: tuple[FailedAttempt, ...]
    request: bytes | None  # what was asked, as JSON without personal data; None: purged
    state: State = State.WAITING
    replay_run: str = ""  # name of the run that a replay made

    @property
    def name(self) -> str:
        """Its resource name."""
        return f"{LETTERS}{self.letter_id}"


@dataclass(frozen=True, slots=True)
class LetterFilter:
    """Which letters; empty or None: any."""

    letter_ids: Sequence[str] = ()
    function: str = ""
    severity: Severity | None = None
    state: State | None = None
    start_time: datetime | None = None  # from here on
    end_time: datetime | None = None  # before


@dataclass(frozen=True, slots=True)
class LetterCounts:
    """How many letters there are; what has none is not named."""

    by_function: dict[str, int]
    by_severity: dict[Severity, int]
