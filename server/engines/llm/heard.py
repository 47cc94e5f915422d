"""What was heard of a model about a ticket, as a value and as the JSON that is kept."""

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from server.engines.llm.form import ModelAnswer
from server.triage.assessment import Priority, Sentiment
from server.triage.engine import Attempt


@dataclass(frozen=True, slots=True)
class Heard:
    """A good answer, and what tells how sure it is."""

    answer: ModelAnswer
    probabilities: Mapping[str, float] | None  # of the categories; None: the provider tells none
    provider: str
    model: str

    def encode(self) -> bytes:
        """As JSON."""
        return orjson.dumps(self)


class Unanswered(Exception):
    """No model gave a good answer; `lacked_time`: with more of it, more would have been tried."""

    def __init__(
        self,
        attempts: tuple[Attempt, ...] = (),
        reason: str = "no_provider",
        *,
        lacked_time: bool = False,
    ) -> None:
        self.attempts = attempts
        self.lacked_time = lacked_time
        self.reason = attempts[-1].outcome if attempts else reason
        super().__init__(self.reason)


def decode_heard(data: bytes) -> Heard:
    """What was kept as JSON."""
    record = orjson.loads(data)
    answer = record["answer"]
    sentiment = answer["sentiment"]
    return Heard(
        ModelAnswer(
            category=answer["category"],
            priority=Priority(answer["priority"]),
            sentiment=None if sentiment is None else Sentiment(sentiment),
            summary=answer["summary"],
            reply=answer["reply"],
        ),
        record["probabilities"],
        record["provider"],
        record["model"],
    )
