"""Runs a training in a process of its own, so that tickets keep being answered meanwhile."""

import asyncio
import hashlib
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from pathlib import Path

import orjson

import server
from server.engines.errors import TrainingFailed
from server.triage.taxonomy import Category, encode_categories

_COMMAND = (sys.executable, "-m", "server.engines.embedded.training")
_LIMIT_S = 1_200.0  # minutes are enough for the largest taxonomy


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


async def train_in_process(
    categories: Sequence[Category],
    command: Sequence[str] = _COMMAND,
    limit_s: float = _LIMIT_S,
) -> bytes:
    """The bytes of a model of these categories.

    Cancelling it ends the process. Raises TrainingFailed when the process fails or takes too long.
    """
    process = await asyncio.create_subprocess_exec(
        *command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=child_environment()
    )
    try:
        async with asyncio.timeout(limit_s):
            model, _ = await process.communicate(encode_categories(categories))
    except TimeoutError as exc:
        raise TrainingFailed(f"not done after {limit_s:g} s") from exc
    finally:
        await _end(process)
    if process.returncode != 0 or not model:
        raise TrainingFailed(f"the process ended with code {process.returncode}")
    return model


async def _end(process: Process) -> None:
    if process.returncode is None:
        process.kill()
        await process.wait()


def child_environment() -> dict[str, str]:
    """One thread, and this very package wherever the server was started from."""
    paths = [str(Path(server.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }
