"""Train a model: categories and labels in, bytes that `load_model` reads out.

Runs as a process of its own (`python -m server.engines.embedded.training`): a lesson on standard
input; on standard output a line of JSON (report, answers to what was held out, digest of the data,
embedding model) and then the model. Progress goes to standard error as JSON, a line each, and so
does the reason of a failure. scikit-learn is loaded here and nowhere else.

    --embedding-model DIR   read vectors, too
    --score                 no training: a model in base64 on the first line, then labels; the
                            answers come out
    --starter               build the stored model of the starter categories
    --starter --check       fail where the stored model was made from other texts
"""

import argparse
import base64
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import astuple
from pathlib import Path

import orjson

from server.engines.embedded.learning.assembly import NothingToLearn
from server.engines.embedded.learning.course import score, teach
from server.engines.embedded.model import LinearModel
from server.engines.embedded.model_file import load_model, save_model
from server.engines.embedded.report import Scored
from server.engines.embedded.trainer import digest_lesson
from server.engines.embedded.training_set import Lesson, decode_labels, decode_lesson
from server.sentence_model import ModelFolderUnusable, SentenceModel
from server.triage.errors import ModelUnreadable
from server.triage.starter import starter_background, starter_taxonomy
from server.triage.taxonomy import Category

STARTER_FILE = Path(__file__).with_name("starter.npz")
_NICENESS = 10  # tickets come first
_IDLE = "3"  # the class of ionice that reads and writes when nobody else does


def train_model(categories: Sequence[Category]) -> LinearModel:
    """The model of these categories; the same one for the same categories."""
    return teach(Lesson(categories)).model


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Train a model of the embedded engine.")
    parser.add_argument("--embedding-model", type=Path, help="folder of an embedding model")
    parser.add_argument("--score", action="store_true", help="ask a model instead")
    parser.add_argument("--starter", action="store_true", help="train the starter model")
    parser.add_argument("--check", action="store_true", help="only check that it is up to date")
    options = parser.parse_args(arguments)
    if options.starter:
        return _check_starter() if options.check else _build_starter()
    _step_back()
    try:
        folder = options.embedding_model
        embedder = None if folder is None else SentenceModel(folder)
        _score(embedder) if options.score else _train(embedder)
    except (NothingToLearn, ModelUnreadable, ModelFolderUnusable) as error:
        _write(sys.stderr.fileno(), {"failed": str(error)})
        return 2
    return 0


def _step_back() -> None:
    """Leave processor and disk to whoever serves."""
    os.nice(_NICENESS)
    with suppress(OSError):
        ionice = shutil.which("ionice")
        if ionice is not None:
            command = [ionice, "-c", _IDLE, "-p", str(os.getpid())]
            subprocess.run(command, check=False)  # noqa: S603  # all of it is ours


def _train(embedder: SentenceModel | None) -> None:
    _tell("reading", 0.0, "")
    taught = teach(decode_lesson(sys.stdin.buffer), embedder, _tell)
    told = {
        "report": taught.report.record(),
        "answers": _plain(taught.answers),
        "data_digest": taught.model.training_digest.hex(),
        "embedding_model": taught.model.kernel.embedding_model if taught.model.kernel else "",
    }
    sys.stdout.buffer.write(orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE))
    sys.stdout.buffer.write(save_model(taught.model))


def _score(embedder: SentenceModel | None) -> None:
    model = load_model(base64.b64decode(sys.stdin.buffer.readline()))
    labels = decode_labels(sys.stdin.buffer)
    answers = _plain(score(model, labels, embedder))
    _write(sys.stdout.fileno(), {"answers": answers})


def _plain(answers: Sequence[Scored]) -> list[tuple[object, ...]]:
    return [astuple(answer) for answer in answers]


def _tell(stage: str, done: float, finding: str) -> None:
    _write(sys.stderr.fileno(), {"stage": stage, "done": round(done, 3), "finding": finding})


def _write(file: int, record: object) -> None:
    with open(file, "wb", closefd=False) as stream:
        stream.write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))


def _build_starter() -> int:
    STARTER_FILE.write_bytes(save_model(teach(_starter_lesson()).model))
    return 0


def _starter_lesson() -> Lesson:
    return Lesson(starter_taxonomy().categories, background=starter_background())


def _check_starter() -> int:
    stored = load_model(STARTER_FILE.read_bytes()).training_digest
    if stored == digest_lesson(_starter_lesson()):
        return 0
    sys.stderr.write(
        "the starter model was made from other texts; build it again with\n"
        "    python -m server.engines.embedded.training --starter\n"
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
