"""The embedded engine as triage sees it: an `Engine` whose work is done in the engine's process."""

import asyncio
import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from server.engines.embedded.frames import LoadedEngine
from server.engines.embedded.lessons import Lessons
from server.engines.embedded.model_file import load_model, starter_model
from server.engines.embedded.process import EngineProcess
from server.engines.embedded.trainer import train_in_process
from server.engines.embedded.training_set import training_label
from server.triage.assessment import (
    Assessment,
    Draft,
    Prediction,
    decode_assessment,
    decode_prediction,
)
from server.triage.engine import Attempt, EngineVersion, Outward, Parts, Similar
from server.triage.examples.label import Label, RecentLabel
from server.triage.taxonomy import Category, Taxonomy, encode_categories


class RemoteEngineMaker:
    """An `EngineMaker` whose engines live in the engine's process."""

    def __init__(self, process: EngineProcess, embedding_model: Path | None = None) -> None:
        self._process = process
        self._embedding_model = embedding_model

    async def train(self, categories: Sequence[Category], labels: Sequence[Label] = ()) -> bytes:
        """A model of these categories' examples and of labelled tickets, from a process of its
        own. Raises TrainingFailed.
        """
        told = [training_label(label) for label in labels]
        made = await train_in_process(categories, told, embedding_model=self._embedding_model)
        return made.model

    def starter_model(self) -> bytes:
        """The model of the starter taxonomy."""
        return starter_model()

    async def load(self, model: bytes, taxonomy: Taxonomy, owner: str = "") -> "RemoteEngine":
        """The engine of a trained model. Raises ModelUnreadable, EngineError."""
        # Megabytes to digest and to encode: not while others wait.
        key, load = await asyncio.to_thread(_encode_load, model, taxonomy, owner)
        lessons = Lessons(self._process, key, load)
        version = EngineVersion(**await self._process.load(lessons.engine))
        return RemoteEngine(self._process, version, lessons)


def _encode_load(model: bytes, taxonomy: Taxonomy, owner: str) -> tuple[str, bytes]:
    """The key of an engine, and the job that loads it."""
    made = hashlib.sha256(model).hexdigest()
    key = f"{owner} {taxonomy.digest}-{taxonomy.revision} {made}"
    record = {
        "revision": taxonomy.revision,
        "categories": orjson.Fragment(encode_categories(taxonomy.categories)),
    }
    return key, orjson.dumps(["load", key, record, base64.b64encode(model).decode()])


def digest_of_model(model: bytes) -> str:
    """SHA-256 of a model, in hexadecimal. Raises ModelUnreadable."""
    return load_model(model).digest.hex()


class RemoteEngine:
    """An `Engine` in the engine's process."""

    asks_outside = False

    def __init__(self, process: EngineProcess, version: EngineVersion, lessons: Lessons) -> None:
        self.version = version
        self._process = process
        self._lessons = lessons
        self._key = orjson.Fragment(orjson.dumps(lessons.engine.key))

    def read(self, record: bytes, parts: Parts) -> "RemoteReading":
        """Read one ticket, given as the JSON of its record."""
        wanted = (parts.sentiment, parts.summary, parts.estimated_resolution, parts.reply)
        job = orjson.dumps(["read", self._key, orjson.Fragment(record), wanted])
        return RemoteReading(self.version, self._process, self._lessons.engine, job)

    async def learn(self, recent: Sequence[RecentLabel]) -> None:
        """Read by these labels too, instead of those before. Raises EngineError.

        An engine that has to be loaded again reads without them until it has learned them again.
        """
        await self._lessons.teach(recent)

    def retire(self) -> None:
        """Free what it holds in the process."""
        self._lessons.end()
        self._process.retire(self._lessons.engine.key)


class RemoteReading:
    """A `Reading` that asks once: everything comes back together."""

    attempts: tuple[Attempt, ...] = ()
    is_degraded = False

    def __init__(
        self, version: EngineVersion, process: EngineProcess, loaded: LoadedEngine, job: bytes
    ) -> None:
        self.version = version
        self._process = process
        self._loaded = loaded
        self._job = job
        self._answer: Any = None

    @property
    def similar(self) -> tuple[Similar, ...]:
        """The recent labels that resemble the ticket most, the nearest first."""
        _, _, _, similar = self._answer
        return tuple(Similar(*one) for one in similar)

    async def language(self) -> tuple[Prediction[str], float]:
        """The language, and the seconds that it took. Raises EngineError."""
        self._answer = await self._process.ask(self._job, self._loaded)
        record, seconds = self._answer[0]
        return decode_prediction(record), seconds

    async def assess(self, _outward: Outward | None = None) -> tuple[Assessment, float]:
        """Category, priority, sentiment and reasons, and the seconds that they took."""
        record, seconds = self._answer[1]
        return decode_assessment(record), seconds

    async def draft(self) -> tuple[Draft, float]:
        """Summary and reply, and the seconds that they took."""
        record, seconds = self._answer[2]
        return Draft(**record), seconds
