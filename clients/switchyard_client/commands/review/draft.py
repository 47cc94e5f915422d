"""What a reviewer is about to say of a run."""

from collections.abc import Iterator
from dataclasses import dataclass

from switchyard_client.answers import label
from switchyard_client.messages.switchyard.feedback.v1 import Acceptance, Correction, Feedback
from switchyard_client.messages.switchyard.triage.v1 import Priority, Sentiment


@dataclass(slots=True)
class Draft:
    """Corrections, rating and comment; what is not corrected is accepted."""

    category: str | None = None
    priority: Priority = Priority.UNSPECIFIED
    sentiment: Sentiment = Sentiment.UNSPECIFIED
    escalation: bool | None = None
    rating: int | None = None
    comment: str = ""

    def feedback(self, run: str, reviewer: str) -> Feedback:
        """As it is submitted."""
        correction = Correction(
            category=self.category,
            priority=self.priority,
            sentiment=self.sentiment,
            requires_human_escalation=self.escalation,
        )
        return Feedback(
            run=run,
            reviewer=reviewer,
            rating=self.rating,
            correction=None if correction == Correction() else correction,
            acceptance=Acceptance.ACCEPTED,
            comment=self.comment,
        )

    def describe(self) -> str:
        """In one line; empty: nothing yet."""
        return ", ".join(self._parts())

    def _parts(self) -> Iterator[str]:
        if self.category is not None:
            yield f"category {self.category}"
        if self.priority:
            yield f"priority {label(self.priority)}"
        if self.sentiment:
            yield f"sentiment {label(self.sentiment)}"
        if self.escalation is not None:
            yield "a person must take it" if self.escalation else "no person must take it"
        if self.rating is not None:
            yield f"rating {self.rating}"
        if self.comment:
            yield "a comment"
