"""The embedded engine as triage sees it: an `Engine` whose work is done in the engine's process."""

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from server.engines.embedded.engine import EmbeddedEngineMaker
from server.engines.embedded.model_file import load_model
from server.engines.embedded.process import EngineProcess, LoadedEngine
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

LESSON = 64  # labels of one job: more would keep tickets waiting


class RemoteEngineMaker:
    """An `EngineMaker` whose engines live in the engine's process."""

    def __init__(self, process: EngineProcess, embedding_model: Path | None = None) -> None:
        self._process = process
        self._embedding_model = embedding_model
        self._maker = EmbeddedEngineMaker()

    async def train(self, categories: Sequence[Category], labels: Sequence[Label] = ()) -> bytes:
        """A model of these categories' examples and of labelled tickets, from a process of its
        own. Raises TrainingFailed.
        """
        told = [training_label(label) for label in labels]
        made = await train_in_process(categories, told, embedding_model=self._embedding_model)
        return made.model

    def starter_model(self) -> bytes:
        """The model of the starter taxonomy, trained when this release was made."""
        return self._maker.starter_model()

    async def load(self, model: bytes, taxonomy: Taxonomy, owner: str = "") -> "RemoteEngine":
        """The engine of a trained model. Raises ModelUnreadable, EngineError."""
        made = hashlib.sha256(model).hexdigest()
        key = f"{owner} {taxonomy.digest}-{taxonomy.revision} {made}"
        record = {
            "revision": taxonomy.revision,
            "categories": orjson.Fragment(encode_categories(taxonomy.categories)),
        }
        load = orjson.dumps(["load", key, record, base64.b64encode(model).decode()])
        version = EngineVersion(**await self._process.ask(load))
        return RemoteEngine(self._process, version, key, load)


def digest_of_model(model: bytes) -> str:
    """SHA-256 of a model, in hexadecimal. Raises ModelUnreadable."""
    return load_model(model).digest.hex()


class RemoteEngine:
    """An `Engine` in the engine's process."""

    asks_outside = False

    def __init__(
        self, process: EngineProcess, version: EngineVersion, key: str, load: bytes
    ) -> None:
        self.version = version
        self._process = process
        self._load = load
        self._recent: Sequence[RecentLabel] = ()
        self._loaded = LoadedEngine(key, lambda: [self._load, *self._lessons(self._recent)])
        self._key = orjson.Fragment(orjson.dumps(key))

    def read(self, record: bytes, parts: Parts) -> "RemoteReading":
        """Read one ticket, given as the JSON of its record."""
        wanted = (parts.sentiment, parts.summary, parts.estimated_resolution, parts.reply)
        job = orjson.dumps(["read", self._key, orjson.Fragment(record), wanted])
        return RemoteReading(self.version, self._process, self._loaded, job)

    async def learn(self, recent: Sequence[RecentLabel]) -> None:
        """Read by these labels too, instead of those before. Raises EngineError."""
        before, self._recent = self._recent, tuple(recent)
        try:
            for lesson in self._lessons(_changes(before, recent)):
                await self._process.ask(lesson, self._loaded)
        except BaseException:
            self._recent = before  # the next lesson begins where this one did
            raise

    def retire(self) -> None:
        """Free what it holds in the process."""
        self._process.retire(self._loaded.key)

    def _lessons(self, labels: Sequence[RecentLabel]) -> list[bytes]:
        """The jobs that teach the labels."""
        told = [(label.label_id, label.text, label.category) for label in labels]
        lessons = [told[at : at + LESSON] for at in range(0, len(told), LESSON)]
        return [orjson.dumps(["learn", self._key, lesson]) for lesson in lessons]


def _changes(before: Sequence[RecentLabel], now: Sequence[RecentLabel]) -> list[RecentLabel]:
    """What to teach who knows the labels before. One without a category is to be forgotten."""
    known = {label.label_id: label for label in before}
    gone = known.keys() - {label.label_id for label in now}
    forgotten = [RecentLabel(label_id, "", "") for label_id in sorted(gone)]
    return [*forgotten, *(label for label in now if known.get(label.label_id) != label)]


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
        return decode_prediction(record, str), seconds

    async def assess(self, _outward: Outward | None = None) -> tuple[Assessment, float]:
        """Category, priority, sentiment and reasons, and the seconds that they took."""
        record, seconds = self._answer[1]
        return decode_assessment(record), seconds

    async def draft(self) -> tuple[Draft, float]:
        """Summary and reply, and the seconds that they took."""
        record, seconds = self._answer[2]
        return Draft(**record), seconds
