"""The embedded engine as triage sees it: an `Engine` whose work is done in the engine's process."""

import base64
from collections.abc import Sequence
from typing import Any

import orjson

from server.engines.embedded.engine import EmbeddedEngineMaker
from server.engines.embedded.process import EngineProcess, LoadedEngine
from server.triage.assessment import (
    Assessment,
    Draft,
    Prediction,
    decode_assessment,
    decode_prediction,
)
from server.triage.engine import Attempt, EngineVersion, Outward, Parts
from server.triage.taxonomy import Category, Taxonomy, encode_categories


class RemoteEngineMaker:
    """An `EngineMaker` whose engines live in the engine's process."""

    def __init__(self, process: EngineProcess) -> None:
        self._process = process
        self._maker = EmbeddedEngineMaker()

    async def train(self, categories: Sequence[Category]) -> bytes:
        """A model of these categories, from a process of its own. Raises TrainingFailed."""
        return await self._maker.train(categories)

    def starter_model(self) -> bytes:
        """The model of the starter taxonomy, trained when this release was made."""
        return self._maker.starter_model()

    async def load(self, model: bytes, taxonomy: Taxonomy) -> "RemoteEngine":
        """The engine of a trained model. Raises ModelUnreadable, EngineError."""
        key = f"{taxonomy.digest}-{taxonomy.revision}"
        record = {
            "revision": taxonomy.revision,
            "categories": orjson.Fragment(encode_categories(taxonomy.categories)),
        }
        load = orjson.dumps(["load", key, record, base64.b64encode(model).decode()])
        version = EngineVersion(**await self._process.ask(load))
        return RemoteEngine(self._process, version, LoadedEngine(key, load))


class RemoteEngine:
    """An `Engine` in the engine's process."""

    asks_outside = False

    def __init__(
        self, process: EngineProcess, version: EngineVersion, loaded: LoadedEngine
    ) -> None:
        self.version = version
        self._process = process
        self._loaded = loaded
        self._key = orjson.Fragment(orjson.dumps(loaded.key))

    def read(self, record: bytes, parts: Parts) -> "RemoteReading":
        """Read one ticket, given as the JSON of its record."""
        wanted = (parts.sentiment, parts.summary, parts.estimated_resolution, parts.reply)
        job = orjson.dumps(["read", self._key, orjson.Fragment(record), wanted])
        return RemoteReading(self.version, self._process, self._loaded, job)


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
