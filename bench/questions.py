"""Public questions with their meaning, and which lie near one another."""

import asyncio
import gzip
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import orjson

from server.embedders.onnx import OnnxEmbedder
from server.triage.reuse.facts import Facts, facts_of

Vectors = npt.NDArray[np.float32]  # [n_texts, n_dimensions], of length 1

_KEPT_NEIGHBOURS = 64  # of each text; a cache that is small may hold none of them
_THREADS = 2


@dataclass(frozen=True)
class Corpus:
    """Texts by number, with what the cache would know of each."""

    name: str
    labels: Sequence[str]
    facts: Sequence[Facts]
    nearest: npt.NDArray[np.int32]  # [n_texts, n_kept] numbers of other texts
    similarity: npt.NDArray[np.float32]  # [n_texts, n_kept], descending


def corpora(data: Path, model: Path) -> Iterator[Corpus]:
    """Bank customers' questions with their intent; questions on covid with their paraphrases."""
    banking = gzip.decompress((data / "banking77.jsonl.gz").read_bytes())
    rows = map(orjson.loads, banking.splitlines())
    yield _corpus("banking77", {row["text"]: row["label"] for row in rows}, model)
    pairs = map(orjson.loads, (data / "pairs_covid_faq.jsonl").read_bytes().splitlines())
    yield _corpus("covid pairs", _meanings([pair for pair in pairs if pair["same"]]), model)


def _meanings(same: Sequence[dict[str, str]]) -> dict[str, str]:
    """A label for each text of pairs that mean the same, shared along the pairs.

    What a text means that is in no such pair is not on record.
    """
    labels = {pair[side]: pair[side] for pair in same for side in ("a", "b")}
    for pair in same:
        kept, lost = labels[pair["a"]], labels[pair["b"]]
        labels |= {text: kept for text, label in labels.items() if label == lost}
    return labels


def _corpus(name: str, labels: dict[str, str], model: Path) -> Corpus:
    vectors = asyncio.run(_embed(model, list(labels)))
    nearest, similarity = _nearest(vectors, min(_KEPT_NEIGHBOURS, len(labels) - 1))
    facts = [facts_of(text, "en") for text in labels]
    return Corpus(name, list(labels.values()), facts, nearest, similarity)


async def _embed(model: Path, texts: Sequence[str]) -> Vectors:
    embedder = OnnxEmbedder(model, threads=_THREADS)
    parts = [texts[start : start + 256] for start in range(0, len(texts), 256)]
    vectors = [vector for part in parts for vector in await embedder.embed(part)]
    await embedder.close()
    return np.array(vectors)


def _nearest(vectors: Vectors, kept: int) -> tuple[npt.NDArray[np.int32], Vectors]:
    """For each vector the other ones that are nearest, and their cosines."""
    numbers, cosines = [], []
    for start in range(0, len(vectors), 1000):
        block = vectors[start : start + 1000] @ vectors.T
        rows = np.arange(len(block))
        block[rows, start + rows] = -2.0  # nobody is his own neighbour
        order = np.argsort(-block, axis=1)[:, :kept]
        numbers.append(order.astype(np.int32))
        cosines.append(np.take_along_axis(block, order, axis=1))
    return np.concatenate(numbers), np.concatenate(cosines)
