"""What triage asks of an engine. `server/engines/` answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from server.triage.assessment import Assessment, Draft, Prediction
from server.triage.taxonomy import Category, Taxonomy
from server.triage.ticket import Ticket


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


class LanguageDetector(Protocol):
    """Tells the language of a text."""

    async def detect(self, text: str, hint: str) -> Prediction[str]:
        """An ISO 639 code, or "und" when neither text nor hint tells."""


class Engine(Protocol):
    """Assesses tickets and drafts answers, for one taxonomy."""

    version: EngineVersion

    async def assess(
        self, ticket: Ticket, text: str, language: Prediction[str], parts: Parts
    ) -> Assessment:
        """Category, priority, sentiment and reasons to escalate; `text` is at most 8 KiB."""

    async def draft(self, ticket: Ticket, text: str, assessment: Assessment, parts: Parts) -> Draft:
        """Summary and reply."""


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
