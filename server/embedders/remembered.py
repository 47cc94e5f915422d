"""Vectors that are kept: the same text of the same model is never computed twice while it is.

Kept as the answers of calls are: in memory within bounds, and in Redis where there is one; callers
that ask for the same text at once share the work, in all processes.
"""

import asyncio
from collections.abc import Sequence

import numpy as np

from interceptors.cache.answer_cache import AnswerCache
from interceptors.cache.decorator import cached
from server.embedders.embedder import Embedder, Vector

# A vector stays right for as long as its model has its name. Redis must be told some time.
KEPT_S = 10 * 365 * 86400.0


class RememberedEmbedder:
    """An Embedder that asks another one for what is not kept in `cache`; one to a cache.

    Vectors are read-only: callers share them.
    """

    def __init__(self, embedder: Embedder, cache: AnswerCache) -> None:
        self._embedder = embedder
        self.name = embedder.name
        self.dimensions = embedder.dimensions
        self._embed = cached(
            cache,
            ttl_s=KEPT_S,
            key=lambda text: f"{embedder.name}\n{text}",
            dumps=Vector.tobytes,
            loads=_vector,
        )(self._embed_one)

    async def embed(self, texts: Sequence[str]) -> list[Vector]:
        """A vector for each text, kept or new. Raises what the embedder raises."""
        return await asyncio.gather(*map(self._embed, texts))

    async def close(self) -> None:
        """Close the embedder."""
        await self._embedder.close()

    async def _embed_one(self, text: str) -> Vector:
        (vector,) = await self._embedder.embed([text])
        return vector


def _vector(data: bytes) -> Vector:
    return np.frombuffer(data, dtype=np.float32)
