"""The embedded engine in a process of its own, seen from the server.

Reading a ticket takes a third of a millisecond of processor time: two thirds of what a whole call
costs. In its own process it runs beside the event loop, not in its way, and many tickets one after
the other find its tables still in the processor's caches. All that waits travels in one frame, as
in group commit.
"""

import asyncio
import base64
import socket
import sys
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from server.engines.embedded.engine import EmbeddedEngineMaker
from server.engines.embedded.trainer import child_environment
from server.engines.embedded.worker import LENGTH
from server.engines.errors import EngineError, EngineProcessDied
from server.triage.assessment import (
    Assessment,
    Draft,
    Prediction,
    decode_assessment,
    decode_prediction,
)
from server.triage.engine import EngineVersion, Parts
from server.triage.errors import ModelUnreadable
from server.triage.taxonomy import Category, Taxonomy, encode_categories
from server.triage.ticket import Ticket, encode_record

MOST_IN_FRAME = 32
FRAME_LIMIT = 64 * 1024 * 1024

_COMMAND = (sys.executable, "-m", "server.engines.embedded.worker")
_ERRORS: dict[str, type[Exception]] = {"ModelUnreadable": ModelUnreadable}


@dataclass(slots=True, eq=False)
class _Job:
    data: bytes  # the job as JSON
    needs: "_Loaded | None"  # the engine that must be loaded before
    answer: asyncio.Future[Any]


@dataclass(frozen=True, slots=True)
class _Loaded:
    """An engine that the process has, or can be given again."""

    key: str
    load: bytes  # the job that loads it


class EngineProcess:
    """One process that answers jobs, started again when it dies.

    A frame takes milliseconds: a process that takes `answer_s` hangs, and is replaced. It keeps
    `most_engines`, more than the taxonomies that the catalog keeps.
    """

    def __init__(self, answer_s: float = 30.0, most_engines: int = 80) -> None:
        self._answer_s = answer_s
        self._most_engines = most_engines
        self._waiting: deque[_Job] = deque()
        self._arrived = asyncio.Event()
        self._loaded: OrderedDict[str, None] = OrderedDict()
        self._exchange: asyncio.Task[None] | None = None
        self._child: asyncio.subprocess.Process | None = None
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def start(self) -> None:
        """Start the process."""
        await self._spawn()
        self._exchange = asyncio.create_task(self._exchange_forever(), name="engine-process")

    async def stop(self) -> None:
        """End the process."""
        if self._exchange is not None:
            self._exchange.cancel()
            await asyncio.gather(self._exchange, return_exceptions=True)
        await self._end()

    async def ask(self, data: bytes, needs: _Loaded | None = None) -> Any:
        """The answer to a job.

        Raises what the job raised: ModelUnreadable, else EngineError; EngineProcessDied when the
        process dies of it twice.
        """
        job = _Job(data, needs, asyncio.get_running_loop().create_future())
        self._waiting.append(job)
        self._arrived.set()
        return await job.answer

    async def _exchange_forever(self) -> None:
        while True:
            await self._arrived.wait()
            size = min(len(self._waiting), MOST_IN_FRAME)
            jobs = [self._waiting.popleft() for _ in range(size)]
            if not self._waiting:
                self._arrived.clear()
            await self._answer([job for job in jobs if not job.answer.done()])

    async def _answer(self, jobs: Sequence[_Job]) -> None:
        try:
            answers = await self._send(jobs)
        except (OSError, EOFError, TimeoutError):
            await self._end()
            await self._spawn()
            await self._answer_one_by_one(jobs)
        else:
            for job, answer in zip(jobs, answers, strict=True):
                _resolve(job, answer)

    async def _answer_one_by_one(self, jobs: Sequence[_Job]) -> None:
        """One job may have killed the process: it shall not take the others with it again."""
        for job in jobs:
            try:
                (answer,) = await self._send([job])
            except (OSError, EOFError, TimeoutError):
                await self._end()
                await self._spawn()
                if not job.answer.done():
                    job.answer.set_exception(EngineProcessDied())
            else:
                _resolve(job, answer)

    async def _send(self, jobs: Sequence[_Job]) -> list[Any]:
        """Send one frame; the answers to `jobs`."""
        assert self._streams is not None  # noqa: S101  # set by _spawn
        reader, writer = self._streams
        errands = [errand for job in jobs if job.needs for errand in self._errands(job.needs)]
        data = b"[" + b",".join([*errands, *(job.data for job in jobs)]) + b"]"
        writer.write(LENGTH.pack(len(data)) + data)
        async with asyncio.timeout(self._answer_s):
            await writer.drain()
            (length,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
            answers: list[Any] = orjson.loads(await reader.readexactly(length))
        return answers[len(errands) :]

    def _errands(self, engine: _Loaded) -> list[bytes]:
        """What the process must do before it has `engine`."""
        if engine.key in self._loaded:
            self._loaded.move_to_end(engine.key)
            return []
        self._loaded[engine.key] = None
        errands = [engine.load]
        if len(self._loaded) > self._most_engines:
            oldest, _ = self._loaded.popitem(last=False)
            errands.append(orjson.dumps(["drop", oldest]))
        return errands

    async def _spawn(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._child = await asyncio.create_subprocess_exec(
                *(*_COMMAND, str(theirs.fileno())),
                pass_fds=[theirs.fileno()],
                stdin=asyncio.subprocess.DEVNULL,
                env=child_environment(),
            )
        self._loaded.clear()
        self._streams = await asyncio.open_unix_connection(sock=ours, limit=FRAME_LIMIT)

    async def _end(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
        if self._child is not None:
            if self._child.returncode is None:
                self._child.kill()
            await self._child.wait()


class EmbeddedLanguages:
    """A `LanguageDetector` in the engine's process."""

    def __init__(self, process: EngineProcess) -> None:
        self._process = process

    async def detect(self, text: str, hint: str) -> Prediction[str]:
        """An ISO 639 code, or "und" when neither text nor hint tells. Raises EngineError."""
        answer = await self._process.ask(orjson.dumps(["detect", text[:1000], hint]))
        return decode_prediction(answer, str)


class EmbeddedEngines:
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
        return RemoteEngine(self._process, version, _Loaded(key, load))


class RemoteEngine:
    """An `Engine` in the engine's process. It writes the draft together with the assessment."""

    def __init__(self, process: EngineProcess, version: EngineVersion, loaded: _Loaded) -> None:
        self.version = version
        self._process = process
        self._loaded = loaded
        self._key = orjson.Fragment(orjson.dumps(loaded.key))

    async def assess(
        self, ticket: Ticket, _text: str, language: Prediction[str], parts: Parts
    ) -> Assessment:
        """Category, priority, sentiment and reasons to escalate. Raises EngineError."""
        wanted = (parts.sentiment, parts.summary, parts.estimated_resolution, parts.reply)
        record = orjson.Fragment(encode_record(ticket))
        about = (language.label, language.confidence)
        job = orjson.dumps(["assess", self._key, record, about, wanted])
        assessment, draft = await self._process.ask(job, self._loaded)
        return decode_assessment(assessment, Draft(**draft))

    async def draft(
        self, _ticket: Ticket, _text: str, assessment: Assessment, _parts: Parts
    ) -> Draft:
        """Summary and reply: what came with the assessment."""
        if assessment.draft is None:
            raise EngineError("the assessment is another engine's")
        return assessment.draft


def _resolve(job: _Job, answer: dict[str, Any]) -> None:
    if job.answer.done():
        return
    if "ok" in answer:
        job.answer.set_result(answer["ok"])
        return
    kind = _ERRORS.get(answer["error"], EngineError)
    job.answer.set_exception(kind(f"{answer['error']} in job {answer['cause']}"))
