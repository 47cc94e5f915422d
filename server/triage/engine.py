"""What triage asks of an engine. `server/engines/` answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from server.triage.assessment import Assessment, Draft, Prediction
from server.triage.taxonomy import Category, Taxonomy


@dataclass(frozen=True, slots=True)
class Parts:
    """Which parts of an answer to produce beside those that are always there."""

    sentiment: bool = True
    summary: bool = True
    estimated_resolution: bool = True
    reply: bool = True


@dataclass(frozen=True, slots=True)
class EngineVersion:
    """Who answered, precisely enough to ask again."""

    engine: str
    model: str
    version: str
    taxonomy_revision: int


class Reading(Protocol):
    """One ticket on its way through an engine, step by step and in this order.

    Each step answers with the seconds that its work took; waiting for a turn is not counted.
    """

    async def language(self) -> tuple[Prediction[str], float]:
        """An ISO 639 code, or "und" when neither text nor hint tells."""

    async def assess(self) -> tuple[Assessment, float]:
        """Category, priority, sentiment and reasons to escalate."""

    async def draft(self) -> tuple[Draft, float]:
        """Summary and reply."""


class Engine(Protocol):
    """Reads tickets, for one taxonomy."""

    version: EngineVersion

    def read(self, record: bytes, parts: Parts) -> Reading:
        """Read one ticket, given as the JSON of its record."""


class EngineMaker(Protocol):
    """Makes the engine of a taxonomy from examples, or from a model made before."""

    async def train(self, categories: Sequence[Category]) -> bytes:
        """A model of these categories, as bytes that `load` reads. Takes seconds, in a process
        of its own.
        """

    def starter_model(self) -> bytes:
        """The model of the starter taxonomy, made before."""

    async def load(self, model: bytes, taxonomy: Taxonomy) -> Engine:
        """The engine of a trained model. Raises ModelUnreadable."""
