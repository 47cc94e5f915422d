"""Training in a process of its own."""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from server.engines.embedded.engine import EmbeddedEngineMaker
from server.engines.embedded.model_file import load_model
from server.engines.embedded.trainer import digest_input, score_in_process, train_in_process
from server.engines.embedded.training import main, train_model
from server.engines.embedded.training_set import TrainingLabel
from server.engines.errors import TrainingFailed
from server.triage.taxonomy import Category, Taxonomy

LIMIT_S = 5.0  # in which a process has started on a busy machine
PATIENCE_S = 60.0


async def test_a_model_trained_in_a_process_is_the_one_trained_here(
    maker: EmbeddedEngineMaker, two_categories: tuple[Category, ...]
) -> None:
    found = load_model(await maker.train(two_categories))
    expected = train_model(two_categories)
    assert (found.weights == expected.weights).all()
    assert found.calibration == expected.calibration
    assert found.training_digest == digest_input(two_categories)


async def test_a_cancelled_training_ends_its_process(
    two_categories: tuple[Category, ...], tmp_path: Path
) -> None:
    async with endless_process(tmp_path / "socket") as (command, started, ended):
        training = asyncio.create_task(train_in_process(two_categories, command=command))
        await started.wait()
        training.cancel()
        with pytest.raises(asyncio.CancelledError):
            await training
        await ended.wait()


async def test_a_training_that_takes_too_long_fails_and_ends_its_process(
    two_categories: tuple[Category, ...], tmp_path: Path
) -> None:
    async with endless_process(tmp_path / "socket") as (command, started, ended):
        training = asyncio.create_task(
            train_in_process(two_categories, command=command, limit_s=LIMIT_S)
        )
        await started.wait()
        with pytest.raises(TrainingFailed, match="not done after 5 s"):
            await training
        await ended.wait()


@contextlib.asynccontextmanager
async def endless_process(
    socket: Path,
) -> AsyncIterator[tuple[Sequence[str], asyncio.Event, asyncio.Event]]:
    """A command that never ends by itself, and when its process started and ended."""
    started, ended = asyncio.Event(), asyncio.Event()

    async def watch(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        started.set()
        await reader.read()  # until its end of the connection is gone
        writer.close()
        await writer.wait_closed()
        ended.set()

    code = (
        f"import socket; s = socket.socket(socket.AF_UNIX); s.connect({str(socket)!r}); s.recv(1)"
    )
    async with asyncio.timeout(PATIENCE_S), await asyncio.start_unix_server(watch, socket):
        yield (sys.executable, "-c", code), started, ended


@pytest.mark.parametrize("code", ["raise SystemExit(3)", "pass"])
async def test_a_process_that_gives_no_model_fails(
    two_categories: tuple[Category, ...], code: str
) -> None:
    with pytest.raises(TrainingFailed):
        await train_in_process(two_categories, command=(sys.executable, "-c", code))


async def test_progress_is_told_stage_by_stage_and_never_goes_back(
    two_categories: tuple[Category, ...],
) -> None:
    told: list[tuple[str, float]] = []
    labels = [TrainingLabel(f"invoice {i}", "billing") for i in range(5)]
    labels += [TrainingLabel(f"parcel {i}", "shipping") for i in range(5)]
    await train_in_process(
        two_categories, labels, on_progress=lambda stage, done, _: told.append((stage, done))
    )
    stages = list(dict.fromkeys(stage for stage, _ in told))
    assert stages == ["reading", "fitting", "calibrating", "priority", "evaluating", "saving"]
    assert [done for _, done in told] == sorted(done for _, done in told)


async def test_what_was_held_out_is_asked_and_a_model_scores_the_same_later(
    two_categories: tuple[Category, ...],
) -> None:
    held_out = [TrainingLabel("invoice", "billing"), TrainingLabel("parcel", "billing")]
    made = await train_in_process(two_categories, held_out=held_out)
    assert [(one.category, one.is_right) for one in made.answers] == [
        ("billing", True),
        ("shipping", False),
    ]
    assert await score_in_process(made.model, held_out) == made.answers


async def test_a_model_that_cannot_be_read_is_not_scored() -> None:
    with pytest.raises(TrainingFailed, match="complete npz archive"):
        await score_in_process(b"PK no model", [TrainingLabel("text")])


async def test_a_training_that_cannot_be_done_says_why_in_plain_words() -> None:
    categories = [Category("a", "A", "", ()), Category("b", "B", "", ())]
    with pytest.raises(TrainingFailed, match="all labels are of one category"):
        await train_in_process(categories, [TrainingLabel("one", "a"), TrainingLabel("two", "a")])


async def test_huge_texts_and_half_characters_train(two_categories: tuple[Category, ...]) -> None:
    labels = [TrainingLabel("invoice " * 700_000, "billing"), TrainingLabel("\ud83d x", "shipping")]
    made = await train_in_process(two_categories, labels)
    assert made.report["labels"] == 2


def test_the_digest_follows_what_training_reads(two_categories: tuple[Category, ...]) -> None:
    one, other = two_categories
    retitled = Category(one.name, one.title, "", one.examples, reply_text="Hello")
    longer = Category(one.name, one.title, "", (*one.examples, "another"))
    assert digest_input([retitled, other]) == digest_input(two_categories)
    assert digest_input([longer, other]) != digest_input(two_categories)


def test_the_stored_starter_model_was_made_from_the_stored_categories() -> None:
    assert main(["--starter", "--check"]) == 0


def test_the_starter_model_is_small(maker: EmbeddedEngineMaker, starter: Taxonomy) -> None:
    model = maker.starter_model()
    assert len(model) < 1_500_000
    assert load_model(model).names == tuple(category.name for category in starter.categories)


def test_serving_never_loads_scikit_learn() -> None:
    code = "import sys, server.engines.embedded.engine; sys.exit('sklearn' in sys.modules)"
    root = Path(__file__).parents[3]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
