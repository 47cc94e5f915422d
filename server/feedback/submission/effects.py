"""What one submission has set in motion."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import orjson

from server.triage.automation.budget import Field
from server.triage.automation.learning_store import Learned


@dataclass(frozen=True, slots=True)
class OutcomeEffect:
    """What an experiment was told."""

    experiment: str  # its resource name
    variant: str
    metric: str
    value: float


@dataclass(frozen=True, slots=True)
class Effects:
    """All of it."""

    cached_answers_dropped: int = 0
    reusable_answers_dropped: int = 0
    label_id: str = ""  # empty: nothing was said that could be learned
    label_change: int = 0  # number of the contract's LabelChange
    budgets: Sequence[Learned] = ()
    outcomes: Sequence[OutcomeEffect] = ()

    def with_dropped(self, answers: int) -> "Effects":
        """The same, with so many cached answers dropped."""
        return replace(self, cached_answers_dropped=answers)


def encode_effects(effects: Effects) -> bytes:
    """The effects as JSON."""
    return orjson.dumps(asdict(effects))


def decode_effects(record: dict[str, Any]) -> Effects:
    """The effects of a stored record."""
    return Effects(
        **record
        | {
            "budgets": tuple(
                Learned(**one | {"field": Field(one["field"])}) for one in record["budgets"]
            ),
            "outcomes": tuple(OutcomeEffect(**one) for one in record["outcomes"]),
        }
    )
