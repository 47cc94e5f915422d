"""What triage asks of an engine. `server/engines/` answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from server.triage.assessment import Assessment, Draft, Prediction
from server.triage.examples.label import Label, RecentLabel
from server.triage.taxonomy import Category, Taxonomy

MOST_TOKENS = 10**9  # of one call
MOST_COST_MICRO_USD = 10**18


@dataclass(frozen=True)  # no slots: JSON is made of it in a fifth of the time
class Parts:
    """Which parts of an answer to produce beside those that are always there."""

    sentiment: bool = True
    summary: bool = True
    estimated_resolution: bool = True
    reply: bool = True


@dataclass(frozen=True)  # no slots: JSON is made of it in a fifth of the time
class EngineVersion:
    """Who answered, precisely enough to ask again."""

    engine: str
    model: str
    version: str
    taxonomy_revision: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call of a provider, or why there was none."""

    provider: str
    model: str
    cause: str  # why it was made: "first", "retry", "correction", "failover", "hedge"
    outcome: str  # "ok", else the reason of its failure or the flaw of its answer
    duration_s: float = 0.0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_micro_usd: int = 0
    status: int | None = None  # of HTTP, where it failed; None: there was no answer


def believable(told: object, most: int = MOST_TOKENS) -> int:
    """A count that somebody outside tells; 0 where it is none, or cannot be true."""
    if isinstance(told, bool) or not isinstance(told, int):
        return 0
    return told if 0 <= told <= most else 0


def decode_attempt(record: Mapping[str, Any]) -> Attempt:
    """The attempt of a stored record. Early records hold whatever counts a provider told."""
    attempt = Attempt(**record)
    return replace(
        attempt,
        input_tokens=believable(attempt.input_tokens),
        output_tokens=believable(attempt.output_tokens),
        cost_micro_usd=believable(attempt.cost_micro_usd, MOST_COST_MICRO_USD),
    )


class EngineListener(Protocol):
    """Hears of an engine's work while it goes on."""

    def attempted(self, attempt: Attempt) -> None:
        """A call of a provider has ended."""

    def wrote(self, text: str) -> None:
        """A piece of the reply has been written."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How models are asked. What is not stated is as the engine has it."""

    model: str = ""  # name of the one provider that is asked
    prompt: str = ""  # its version
    temperature: float | None = None

    def __str__(self) -> str:
        """What is stated: answers under other terms are other answers. Empty: nothing is."""
        stated = {"model": self.model, "prompt": self.prompt, "temperature": self.temperature}
        return " ".join(
            f"{name}={value}" for name, value in stated.items() if value not in ("", None)
        )


@dataclass(frozen=True, slots=True)
class Example:
    """A corrected ticket that resembles the one at hand, without personal data."""

    text: str
    category: str


@dataclass(frozen=True, slots=True)
class Outward:
    """What an engine may send out of the process, and how long it may wait."""

    tenant: str
    ticket: Mapping[str, object]  # as JSON, without personal data
    deadline_s: float  # in time.monotonic() seconds
    listener: EngineListener | None = None
    terms: Terms = field(default_factory=Terms)
    may_share: bool = True  # whether an answer that others get, too, will do
    examples: tuple[Example, ...] = ()  # the nearest first


@dataclass(frozen=True, slots=True)
class Similar:
    """A recent label whose text resembles a ticket's."""

    label_id: str
    category: str
    similarity: float  # cosine, in [-1, 1]


class Reading(Protocol):
    """One ticket on its way through an engine, step by step and in this order.

    Each step answers with the seconds that its work took; waiting for a turn is not counted.
    """

    version: EngineVersion  # who answered; sure once the ticket is assessed
    attempts: tuple[Attempt, ...]  # empty: nobody outside was asked
    is_degraded: bool  # whether a lesser engine answered than was meant to

    @property
    def similar(self) -> tuple[Similar, ...]:
        """The recent labels that resemble the ticket most, the nearest first: at most four, once
        its language is known.
        """

    async def language(self) -> tuple[Prediction[str], float]:
        """An ISO 639 code, or "und" when neither text nor hint tells."""

    async def assess(self, outward: Outward | None = None) -> tuple[Assessment, float]:
        """Category, priority, sentiment and reasons to escalate.

        Without an `outward` nobody outside is asked.
        """

    async def draft(self) -> tuple[Draft, float]:
        """Summary and reply."""


class Engine(Protocol):
    """Reads tickets, for one taxonomy."""

    version: EngineVersion
    asks_outside: bool  # whether its readings ask somebody, given an `Outward`

    def read(self, record: bytes, parts: Parts) -> Reading:
        """Read one ticket, given as the JSON of its record."""

    async def learn(self, recent: Sequence[RecentLabel]) -> None:
        """Read by these labels too from now on, instead of those that it learned before."""

    def retire(self) -> None:
        """Free what it holds. A reading that is under way still ends well."""


class EngineMaker(Protocol):
    """Makes the engine of a taxonomy from examples, or from a model made before."""

    async def train(self, categories: Sequence[Category], labels: Sequence[Label] = ()) -> bytes:
        """A model of these categories' examples and of labelled tickets, as bytes that `load`
        reads. Takes seconds, in a process of its own.
        """

    def starter_model(self) -> bytes:
        """The model of the starter taxonomy, made before."""

    async def load(self, model: bytes, taxonomy: Taxonomy, owner: str = "") -> Engine:
        """The engine of a trained model. What it learns, those of other owners never hear of.

        Raises ModelUnreadable.
        """
