"""Runs a training in a process of its own, so that tickets keep being answered meanwhile."""

import asyncio
import base64
import hashlib
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import orjson

import server
from server.engines.embedded.report import Scored
from server.engines.embedded.training_set import Lesson, TrainingLabel, encode_labels, encode_lesson
from server.engines.errors import TrainingFailed
from server.triage.taxonomy import Category

_COMMAND = (sys.executable, "-m", "server.engines.embedded.training")
_LIMIT_S = 1_200.0  # minutes are enough for the largest taxonomy
_MOST_LINE = 64 * 1024 * 1024  # of what the process writes: a report of all categories

OnProgress = Callable[[str, float, str], None]  # stage, share of the whole that is done, finding


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training process has made."""

    model: bytes
    report: Mapping[str, Any]  # a TrainingReport as JSON
    answers: Sequence[Scored]  # to the labels that were held out, in order
    data_digest: str  # SHA-256 of what it learned from, in hexadecimal
    embedding_model: str  # empty: it reads no vectors


def introduce(category: Category) -> str:
    """Title and first sentence of the description: one more text to learn from.

    With one example a category it doubles the share of right answers, with five it adds a sixth.
    Later sentences often say what does not belong to the category.
    """
    return f"{category.title}. {category.description.partition('. ')[0]}"


def digest_input(categories: Sequence[Category]) -> bytes:
    """SHA-256 of what training reads of the categories."""
    read = [[category.name, introduce(category), category.examples] for category in categories]
    return hashlib.sha256(orjson.dumps(read)).digest()


def digest_lesson(lesson: Lesson) -> bytes:
    """SHA-256 of all that training reads."""
    digest = hashlib.sha256(digest_input(lesson.categories))
    if not lesson.labels and not lesson.background:
        return digest_input(lesson.categories)
    digest.update("\n".join(lesson.background).encode())
    for lines in encode_labels(lesson.labels):
        digest.update(lines)
    return digest.digest()


async def train_in_process(
    categories: Sequence[Category],
    labels: Sequence[TrainingLabel] = (),
    *,
    held_out: Sequence[TrainingLabel] = (),
    embedding_model: Path | None = None,
    on_progress: OnProgress | None = None,
    command: Sequence[str] = _COMMAND,
    limit_s: float = _LIMIT_S,
) -> Trained:
    """A model of these categories and labels, the newest last; what it says of those held out.

    Cancelling it ends the process. Raises TrainingFailed when the process fails or takes too long.
    """
    lines = encode_lesson(Lesson(categories, labels, held_out))
    async with _running((*command, *_with(embedding_model)), limit_s) as process:
        told, model = await _converse(process, lines, on_progress)
    answers = [Scored(*answer) for answer in told["answers"]]
    return Trained(model, told["report"], answers, told["data_digest"], told["embedding_model"])


async def score_in_process(
    model: bytes,
    labels: Sequence[TrainingLabel],
    *,
    embedding_model: Path | None = None,
    command: Sequence[str] = _COMMAND,
    limit_s: float = _LIMIT_S,
) -> list[Scored]:
    """What a model says of labelled texts. Raises TrainingFailed, also for an unreadable model."""
    encoded = await asyncio.to_thread(base64.b64encode, model)
    lines = chain([encoded, b"\n"], encode_labels(labels))
    async with _running((*command, "--score", *_with(embedding_model)), limit_s) as process:
        told, _ = await _converse(process, lines, None)
    return [Scored(*answer) for answer in told["answers"]]


def _with(embedding_model: Path | None) -> Sequence[str]:
    return () if embedding_model is None else ("--embedding-model", str(embedding_model))


@asynccontextmanager
async def _running(command: Sequence[str], limit_s: float) -> AsyncIterator[Process]:
    """A training process, ended with the block. Raises TrainingFailed after `limit_s`."""
    process = await asyncio.create_subprocess_exec(
        *command, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=child_environment(), limit=_MOST_LINE
    )
    try:
        async with asyncio.timeout(limit_s):
            yield process
    except TimeoutError as exc:
        raise TrainingFailed(f"not done after {limit_s:g} s") from exc
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def _converse(
    process: Process, lines: Iterable[bytes], on_progress: OnProgress | None
) -> tuple[dict[str, Any], bytes]:
    """What the process has to tell, and the bytes after it. Raises TrainingFailed."""
    if process.stdout is None or process.stderr is None:
        raise TypeError("the process was started without pipes")
    _, why, (told, rest) = await asyncio.gather(
        _hand_over(process, lines),
        _listen(process.stderr, on_progress),
        _receive(process.stdout),
    )
    code = await process.wait()
    if code != 0 or not told.endswith(b"\n"):
        raise TrainingFailed(why or f"the process ended with code {code}")
    return orjson.loads(told), rest


async def _hand_over(process: Process, lines: Iterable[bytes]) -> None:
    """Write what the process reads, for as long as it does."""
    if process.stdin is None:
        return
    with suppress(BrokenPipeError, ConnectionResetError):
        for portion in lines:
            process.stdin.write(portion)
            await process.stdin.drain()
    process.stdin.close()


async def _receive(stream: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """The first line, and all that follows it."""
    return await stream.readline(), await stream.read()


async def _listen(stream: asyncio.StreamReader, on_progress: OnProgress | None) -> str:
    """Hand progress on; why the process failed, where it says so."""
    why = ""
    async for line in stream:
        try:
            told = orjson.loads(line)
            why = told.get("failed", why)
        except (orjson.JSONDecodeError, AttributeError):
            continue  # a warning of a library
        if on_progress is not None and "stage" in told:
            on_progress(told["stage"], told["done"], told["finding"])
    return why


def child_environment() -> dict[str, str]:
    """One thread, and this very package wherever the server was started from."""
    paths = [str(Path(server.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }
