"""What to do after a failure: the same provider again, now or later, or the next one."""

import random
from dataclasses import dataclass
from enum import Enum

from server.engines.llm.errors import Fault, ProviderError

MOST_TRIES = 3  # of one provider for one question, corrections not counted
FIRST_BACKOFF_S = 0.2
MOST_BACKOFF_S = 8.0  # who asks for more is not waited for
CORRECTION_BACKOFFS_S = (0.5, 1.0, 2.0, 4.0, 8.0)


class Way(Enum):
    """Where to go from here."""

    AGAIN = "again"
    SHORTENED = "shortened"  # again, with a shorter question
    ELSEWHERE = "elsewhere"
    TOO_LATE = "too_late"  # elsewhere, as the caller's time would be over


@dataclass(frozen=True, slots=True)
class NextStep:
    """Where to go, and the seconds to wait before."""

    way: Way
    wait_s: float = 0.0


ELSEWHERE = NextStep(Way.ELSEWHERE)
TOO_LATE = NextStep(Way.TOO_LATE)


def next_step(error: ProviderError, tries: int, left_s: float, chance: random.Random) -> NextStep:
    """What to do after the `tries`-th call of a provider failed, with `left_s` seconds to wait."""
    if error.reason == "context_too_long" and tries == 1:
        return NextStep(Way.SHORTENED)
    if error.fault in {Fault.PERMANENT, Fault.CRITICAL} or tries >= MOST_TRIES:
        return ELSEWHERE
    wait_s = _backoff_s(error, tries, chance) if error.fault is Fault.RECOVERABLE else 0.0
    if wait_s > MOST_BACKOFF_S:
        return ELSEWHERE
    if wait_s >= left_s:
        return TOO_LATE
    return NextStep(Way.AGAIN, wait_s)


def correction_backoff_s(corrections: int) -> float:
    """Seconds before the next correction, after so many."""
    return CORRECTION_BACKOFFS_S[min(corrections, len(CORRECTION_BACKOFFS_S) - 1)]


def _backoff_s(error: ProviderError, tries: int, chance: random.Random) -> float:
    """What the provider asks for, or a random part of a time that doubles ("full jitter")."""
    if error.retry_after_s is not None:
        return error.retry_after_s
    return float(chance.uniform(0, min(MOST_BACKOFF_S, FIRST_BACKOFF_S * 2 ** (tries - 1))))
