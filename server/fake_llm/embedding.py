"""Vectors in which texts with the same words and letters are near."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import orjson

from server.fake_llm.answer import UnusableRequest

DIMENSIONS = 384
MOST_DIMENSIONS = 4096
RUN_LETTERS = 4  # of the runs of letters that are compared

Vector = npt.NDArray[np.float32]  # [dimensions], of unit length


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a request for embeddings asks."""

    model: str
    texts: Sequence[str]
    dimensions: int
    is_base64: bool

    @property
    def tokens(self) -> int:
        """The length of all texts together."""
        return sum(1 + len(text) // 4 for text in self.texts)


def read_texts(body: bytes) -> Wanted:
    """What a request's body asks. Raises UnusableRequest."""
    try:
        request = orjson.loads(body)
        given = request["input"]
        texts = [given] if isinstance(given, str) else [str(text) for text in given]
        dimensions = int(request.get("dimensions") or DIMENSIONS)
        is_base64 = request.get("encoding_format") == "base64"
        wanted = Wanted(str(request["model"]), texts, dimensions, is_base64)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnusableRequest(f"the request cannot be read: {error!r}") from error
    if not 0 < dimensions <= MOST_DIMENSIONS:
        raise UnusableRequest(f"dimensions: must be from 1 to {MOST_DIMENSIONS}")
    return wanted


def embed(text: str, dimensions: int) -> Vector:
    """The vector of a text; of an empty one, an arbitrary one."""
    words = text.lower().split()
    line = f" {' '.join(words)} "
    runs = [line[at : at + RUN_LETTERS] for at in range(max(1, len(line) - RUN_LETTERS + 1))]
    sums = np.zeros(dimensions, np.float32)
    for gram, weight in [(word, 2.0) for word in words] + [(run, 1.0) for run in runs]:
        digest = zlib.crc32(gram.encode(errors="replace"))
        sums[digest % dimensions] += weight if digest & 0x80000000 else -weight
    if not sums.any():
        sums[0] = 1.0
    return sums / np.float32(np.linalg.norm(sums))
