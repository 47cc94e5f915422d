"""What a person would learn by looking at a run: why, and how much, from 0 to 1."""

from dataclasses import dataclass
from enum import IntEnum

from server.triage.run import Answer, Decision

AUDIT_VALUE = 0.9  # evidence that an error budget waits for
UNHEARD_OF = 0.2  # confidence below which a ticket resembles nothing that was trained on
ALIKE = 0.5  # cosine similarity from which on it resembles a corrected one


class ReviewReason(IntEnum):
    """Why a person should look at a run; the numbers are those of the contract."""

    UNCERTAIN = 1
    NEW_CLUSTER = 2
    AUDIT = 3
    DISAGREEMENT = 4


@dataclass(frozen=True, slots=True)
class Interest:
    """What a person would learn by looking at a run."""

    value: float
    reason: ReviewReason


def review_interest(answer: Answer) -> Interest | None:
    """The interest of a run; None: nobody needs to look at it, or somebody does anyway.

    Of runs that wait for a review the least sure come first. That errs on the safe side, too: who
    judges only the first of the queue sees more errors than there are, and gates stay shut.
    """
    if any(passage.is_audited for passage in answer.gates):
        return Interest(AUDIT_VALUE, ReviewReason.AUDIT)
    if answer.decision is Decision.REVIEW:
        confidence = answer.category.confidence
        is_new = confidence < UNHEARD_OF and all(one.similarity < ALIKE for one in answer.similar)
        reason = ReviewReason.NEW_CLUSTER if is_new else ReviewReason.UNCERTAIN
        return Interest(1 - confidence, reason)
    return None
