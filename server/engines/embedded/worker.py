"""The engine's own process: frames of jobs in, frames of answers out.

    python -m server.engines.embedded.worker FD [EMBEDDING_MODEL]

FD is a connected socket, EMBEDDING_MODEL a folder for models that read vectors. A frame is a
length (4 bytes, big-endian) and a JSON array; the answer to a frame holds one answer a job, in
order. It ends when the other side does.

Jobs: ["load", key, taxonomy, model in base64], ["drop", key], ["learn", key, labels],
["read", key, ticket, parts]. Labels are [id, text, category, whether the model has learned it in
its training], those without a category to be forgotten. An answer is {"ok": ...} or
{"error": name, "cause": what failed}.
"""

import base64
import gc
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from io import BufferedReader
from pathlib import Path
from typing import Any

import orjson

from server.engines.embedded.engine import EmbeddedEngine, EmbeddedEngineMaker, TicketReading
from server.engines.embedded.frames import LENGTH
from server.sentence_model import SentenceModel
from server.triage.engine import Parts
from server.triage.taxonomy import Taxonomy, decode_categories
from server.triage.ticket import decode_record


class Worker:
    """Does jobs. Its engines are those that it was told to load."""

    def __init__(self, embedder: SentenceModel | None = None) -> None:
        self._maker = EmbeddedEngineMaker(embedder)
        self._engines: dict[str, EmbeddedEngine] = {}

    def answer(self, jobs: Sequence[list[Any]]) -> list[dict[str, object]]:
        """The answers to a frame's jobs, in order. A job that fails harms no other."""
        answers = [_attempt(self._begin, *job) for job in jobs]
        for stage, counted_as in TicketReading.STAGES:
            answers = [_run_stage(answer, stage, counted_as) for answer in answers]
        return [_told(answer) for answer in answers]

    def _begin(self, kind: str, key: str, *arguments: Any) -> object:
        """What a job answers at once; a reading has its stages still before it."""
        match kind:
            case "load":
                return self._load(key, *arguments)
            case "drop":
                self._engines.pop(key, None)
                return None
            case "learn":
                self._engines[key].recent.learn(*arguments)
                return None
            case "read":
                record, parts = arguments
                return self._engines[key].start(decode_record(record), Parts(*parts))
            case _:
                raise ValueError(kind)

    def _load(self, key: str, taxonomy: dict[str, Any], model: str) -> object:
        categories = decode_categories(taxonomy["categories"])
        engine = self._maker.load(
            base64.b64decode(model), Taxonomy(taxonomy["revision"], categories)
        )
        self._engines[key] = engine
        return engine.version


def _run_stage(
    answer: dict[str, object], stage: Callable[[TicketReading], None], counted_as: int
) -> dict[str, object]:
    """The answer after one more stage, where it is a reading."""
    reading = answer.get("ok")
    if not isinstance(reading, TicketReading):
        return answer
    failed = _attempt(reading.run, stage, counted_as)
    return failed if "error" in failed else answer


def _told(answer: dict[str, object]) -> dict[str, object]:
    """The answer as it is sent: of a reading, what it found and the seconds that it took."""
    reading = answer.get("ok")
    if not isinstance(reading, TicketReading):
        return answer
    found = (reading.language, reading.assessment, reading.draft)
    return {"ok": [*zip(found, reading.seconds, strict=True), reading.similar]}


def _attempt(work: Callable[..., object], *arguments: Any) -> dict[str, object]:
    try:
        return {"ok": work(*arguments)}
    except Exception as error:  # named to the caller, who raises it
        return {"error": type(error).__name__, "cause": getattr(work, "__name__", "")}


def serve(connection: socket.socket, worker: Worker) -> None:
    """Answer frames until the other side closes."""
    with connection, connection.makefile("rb") as frames, suppress(ConnectionError):
        while (jobs := _read_frame(frames)) is not None:
            data = orjson.dumps(worker.answer(jobs))
            connection.sendall(LENGTH.pack(len(data)) + data)


def _read_frame(frames: BufferedReader) -> list[Any] | None:
    header = frames.read(LENGTH.size)
    if len(header) < LENGTH.size:
        return None
    data = frames.read(*LENGTH.unpack(header))
    return list(orjson.loads(data))


if __name__ == "__main__":
    descriptor, *folders = sys.argv[1:]
    worker = Worker(*(SentenceModel(Path(folder)) for folder in folders))
    gc.freeze()
    gc.disable()  # what a job leaves behind has no cycles
    serve(socket.socket(fileno=int(descriptor)), worker)
