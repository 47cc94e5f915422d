"""The engine's own process: frames of jobs in, frames of answers out.

    python -m server.engines.embedded.worker FD

FD is a connected socket. A frame is a length (4 bytes, big-endian) and a JSON array; the answer
to a frame holds one answer a job, in order. It ends when the other side does.

Jobs: ["load", key, taxonomy, model in base64], ["drop", key], ["detect", text, hint],
["assess", key, ticket, language, parts]. An answer is {"ok": ...} or {"error":
name, "cause": kind of the job}.
"""

import base64
import socket
import struct
import sys
from collections.abc import Callable
from io import BufferedReader
from typing import Any

import orjson

from server.engines.embedded.engine import EmbeddedEngine, EmbeddedEngineMaker
from server.engines.embedded.language import FastTextDetector
from server.triage.assessment import Prediction
from server.triage.engine import Parts
from server.triage.taxonomy import Taxonomy, decode_categories
from server.triage.ticket import decode_record, text_for_engines

LENGTH = struct.Struct("!I")


class Worker:
    """Does jobs. Its engines are those that it was told to load."""

    def __init__(self) -> None:
        self._maker = EmbeddedEngineMaker()
        self._languages = FastTextDetector()
        self._engines: dict[str, EmbeddedEngine] = {}
        self._kinds: dict[str, Callable[..., object]] = {
            "load": self._load,
            "drop": self._drop,
            "detect": self._languages.detect,
            "assess": self._assess,
        }

    def answer(self, job: list[Any]) -> dict[str, object]:
        """The answer to one job. A job that fails harms no other."""
        kind, *arguments = job
        try:
            return {"ok": self._kinds[kind](*arguments)}
        except Exception as error:  # named to the caller, who raises it
            return {"error": type(error).__name__, "cause": kind}

    def _load(self, key: str, taxonomy: dict[str, Any], model: str) -> object:
        categories = decode_categories(taxonomy["categories"])
        engine = self._maker.load(
            base64.b64decode(model), Taxonomy(taxonomy["revision"], categories)
        )
        self._engines[key] = engine
        return engine.version

    def _drop(self, key: str) -> None:
        self._engines.pop(key, None)

    def _assess(
        self, key: str, record: dict[str, Any], language: list[Any], parts: list[bool]
    ) -> object:
        engine, ticket = self._engines[key], decode_record(record)
        text, wanted = text_for_engines(ticket), Parts(*parts)
        assessment = engine.assess_now(ticket, text, Prediction(*language), wanted)
        return assessment, engine.draft_now(ticket, text, assessment, wanted)


def serve(connection: socket.socket, worker: Worker) -> None:
    """Answer frames until the other side closes."""
    with connection, connection.makefile("rb") as frames:
        while (jobs := _read_frame(frames)) is not None:
            data = orjson.dumps([worker.answer(job) for job in jobs])
            connection.sendall(LENGTH.pack(len(data)) + data)


def _read_frame(frames: BufferedReader) -> list[Any] | None:
    header = frames.read(LENGTH.size)
    if len(header) < LENGTH.size:
        return None
    data = frames.read(*LENGTH.unpack(header))
    return list(orjson.loads(data))


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])), Worker())
