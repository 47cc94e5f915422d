"""Vectors of a model on disk: a tiny one whose vectors are known, and a real one where there is."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from server.embedders.onnx import OnnxEmbedder
from server.sentence_model import ModelFolderUnusable, TextUnreadable
from tests.integration.embedders.tiny_model import MOST_TOKENS, expected, write_model

REAL = os.environ.get("SWITCHYARD_EMBEDDING_MODEL", "")
RED, BLUE = expected("red"), expected("blue")
TEXTS = ["red", "green blue blue", "blue red", "green"]


@pytest_asyncio.fixture
async def tiny(folder: Path) -> AsyncIterator[OnnxEmbedder]:
    """A model of three colours."""
    embedder = OnnxEmbedder(write_model(folder / "tiny"))
    yield embedder
    await embedder.close()


async def test_a_vector_is_the_mean_of_the_tokens_at_unit_length(tiny: OnnxEmbedder) -> None:
    vectors = await tiny.embed(TEXTS)
    np.testing.assert_allclose(vectors, [expected(text) for text in TEXTS], atol=1e-6)


async def test_callers_at_once_each_get_the_vectors_of_their_texts(tiny: OnnxEmbedder) -> None:
    vectors = await asyncio.gather(*(tiny.embed([text]) for text in TEXTS))
    np.testing.assert_allclose(
        [vector for (vector,) in vectors], [expected(text) for text in TEXTS], atol=1e-6
    )


async def test_of_a_long_text_the_model_reads_as_much_as_it_can(tiny: OnnxEmbedder) -> None:
    read = "red " * (MOST_TOKENS - 1) + "green "
    (vector,) = await tiny.embed([read + "blue " * 100])
    np.testing.assert_allclose(vector, expected(read), atol=1e-6)


async def test_a_text_that_is_not_unicode_fails_alone(tiny: OnnxEmbedder) -> None:
    asked = [tiny.embed([text]) for text in ("red", "half a pair: \ud83d", "blue")]
    first, fault, last = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(fault, TextUnreadable)
    np.testing.assert_allclose(np.array([first, last]), [[RED], [BLUE]], atol=1e-6)


async def test_of_a_model_that_quantizes_a_vector_does_not_depend_on_who_else_asks(
    folder: Path,
) -> None:
    embedder = OnnxEmbedder(write_model(folder / "tiny", quantizes=True))
    (alone,) = await embedder.embed(["red green"])
    beside, _huge = await embedder.embed(["red green", "huge"])
    await embedder.close()
    assert alone.tolist() == beside.tolist()


async def test_another_model_has_another_name(folder: Path, tiny: OnnxEmbedder) -> None:
    other = OnnxEmbedder(write_model(folder / "other" / "tiny", quantizes=True))
    await other.close()
    assert tiny.name.partition("@")[0] == other.name.partition("@")[0] == "tiny"
    assert tiny.name != other.name


def remove_weights(folder: Path) -> None:
    (folder / "onnx" / "model.onnx").unlink()


def break_weights(folder: Path) -> None:
    (folder / "onnx" / "model.onnx").write_bytes(b"no model")


def break_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").write_text("{}")


def break_config(folder: Path) -> None:
    (folder / "config.json").write_text('{"hidden_size": 3}')


@pytest.mark.parametrize("harm", [remove_weights, break_weights, break_tokenizer, break_config])
def test_a_folder_that_holds_no_model_is_named(harm: Callable[[Path], None], folder: Path) -> None:
    harm(write_model(folder / "harmed"))
    with pytest.raises(ModelFolderUnusable, match="harmed"):
        OnnxEmbedder(folder / "harmed")


@pytest.mark.skipif(not REAL, reason="SWITCHYARD_EMBEDDING_MODEL names no model")
async def test_a_real_model_puts_what_means_alike_nearer() -> None:
    embedder = OnnxEmbedder(Path(REAL))
    lost, stolen, late = await embedder.embed(
        ["I lost my bank card", "My card has gone missing", "When does my parcel arrive?"]
    )
    await embedder.close()
    assert lost.shape == (embedder.dimensions,)
    assert float(lost @ stolen) > float(lost @ late) + 0.2
