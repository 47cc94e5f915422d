"""Models that read vectors, with a tiny embedding model of three colours."""

from pathlib import Path

import pytest
import pytest_asyncio

from server.engines.embedded.model_file import load_model
from server.engines.embedded.process import EngineProcess
from server.engines.embedded.remote import RemoteEngineMaker
from server.engines.embedded.trainer import Trained, train_in_process
from server.engines.embedded.training_set import TrainingLabel
from server.engines.errors import TrainingFailed
from server.sentence_model import SentenceModel
from server.triage.engine import Parts
from server.triage.taxonomy import Category, Taxonomy
from server.triage.ticket import Ticket, encode_record
from tests.integration.embedders.tiny_model import write_model

CATEGORIES = tuple(Category(name, name.title(), "", ()) for name in ("warm", "cold"))
# The words that tell come first for the embedding model; what follows tells nothing.
LABELS = [
    TrainingLabel(f"{colour} {colour} number {'abcdefgh'[i % 8]}{i}", category)
    for i in range(20)
    for colour, category in (("red", "warm"), ("blue", "cold"))
]


@pytest.fixture(scope="module")
def embedding_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest_asyncio.fixture(scope="module")
async def made(embedding_model: Path) -> Trained:
    """A model of both categories that reads vectors."""
    return await train_in_process(CATEGORIES, LABELS, embedding_model=embedding_model)


def test_a_model_says_which_embedding_model_it_reads(embedding_model: Path, made: Trained) -> None:
    assert made.embedding_model == SentenceModel(embedding_model).name
    assert load_model(made.model).reads_vectors_of(made.embedding_model)
    assert not load_model(made.model).reads_vectors_of("tiny@another")


def test_a_model_that_reads_vectors_serves_with_and_without_them(
    embedding_model: Path, made: Trained
) -> None:
    model = load_model(made.model)
    (vector,) = SentenceModel(embedding_model).vectors(["red red"])
    assert model.predict("red red").label == "warm"
    assert model.predict("red red", vector).label == "warm"
    assert model.predict("red red", vector) != model.predict("red red")


def test_vectors_tell_what_words_alone_cannot(embedding_model: Path, made: Trained) -> None:
    model = load_model(made.model)
    (vector,) = SentenceModel(embedding_model).vectors(["blue"])
    assert model.predict("xyzzy", vector).label == "cold"


async def read(folder: Path, model: bytes) -> float:
    """The confidence that a process with this embedding model answers with."""
    process = EngineProcess(embedding_model=folder)
    await process.start()
    try:
        engine = await RemoteEngineMaker(process).load(model, Taxonomy(1, CATEGORIES))
        reading = engine.read(encode_record(Ticket(id="1", body="red red")), Parts())
        await reading.language()
        return (await reading.assess())[0].category.confidence
    finally:
        await process.stop()


async def test_vectors_of_another_embedding_model_are_never_mixed_in(
    embedding_model: Path, made: Trained, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = write_model(tmp_path_factory.mktemp("models") / "tiny", quantizes=True)
    with_it, with_another = await read(embedding_model, made.model), await read(other, made.model)
    assert with_another == load_model(made.model).predict("red red").confidence
    assert with_it != with_another


async def test_a_folder_without_a_model_is_named(embedding_model: Path) -> None:
    with pytest.raises(TrainingFailed, match="nowhere"):
        await train_in_process(CATEGORIES, LABELS, embedding_model=embedding_model / "nowhere")
