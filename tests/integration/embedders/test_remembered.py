"""Vectors that are kept, in one process and in several over a real Redis."""

import asyncio
from collections.abc import Sequence

import numpy as np

from interceptors.cache.answer_cache import AnswerCache
from interceptors.cache.memory import Memory
from interceptors.cache.shared import SharedCache
from server.embedders.embedder import Vector
from server.embedders.remembered import RememberedEmbedder


class Counting:
    """An embedder that counts its work. Its vectors are of the lengths of texts."""

    dimensions = 2

    def __init__(self, name: str = "model@1") -> None:
        self.name = name
        self.texts: list[str] = []
        self.may_end = asyncio.Event()
        self.may_end.set()

    async def embed(self, texts: Sequence[str]) -> list[Vector]:
        self.texts += texts
        await self.may_end.wait()
        return [np.array([len(text), 1], np.float32) for text in texts]

    async def close(self) -> None:
        """Nothing is held."""


def remembered(counting: Counting, cache: AnswerCache | None = None) -> RememberedEmbedder:
    return RememberedEmbedder(counting, cache or AnswerCache(Memory()))


async def test_a_text_is_computed_once() -> None:
    counting = Counting()
    embedder = remembered(counting)
    first, second = [await embedder.embed(["a", "bb"]) for _ in range(2)]
    np.testing.assert_array_equal(first, [[1, 1], [2, 1]])
    np.testing.assert_array_equal(first, second)
    assert sorted(counting.texts) == ["a", "bb"]


async def test_a_vector_is_kept_for_years() -> None:
    counting = Counting()
    now_s = [0.0]
    embedder = remembered(counting, AnswerCache(Memory(), clock=lambda: now_s[0]))
    await embedder.embed(["a"])
    now_s[0] = 9 * 365 * 86400.0
    await embedder.embed(["a"])
    assert counting.texts == ["a"]


async def test_callers_at_once_share_the_work() -> None:
    counting = Counting()
    counting.may_end.clear()
    embedder = remembered(counting)
    asking = asyncio.gather(embedder.embed(["a"]), embedder.embed(["b", "a"]))
    await asyncio.sleep(0)
    counting.may_end.set()
    await asking
    assert sorted(counting.texts) == ["a", "b"]


async def test_memory_is_bounded() -> None:
    counting = Counting()
    embedder = remembered(counting, AnswerCache(Memory(most_entries=2)))
    for text in ("a", "b", "c", "a"):
        await embedder.embed([text])
    assert counting.texts == ["a", "b", "c", "a"]


async def test_processes_share_vectors_of_one_model_alone(redis_url: str) -> None:
    embedders = [Counting(), Counting(), Counting("model@2")]
    caches = [AnswerCache(Memory(), SharedCache(redis_url, timeout_s=20.0)) for _ in embedders]
    for counting, cache in zip(embedders, caches, strict=True):
        (vector,) = await remembered(counting, cache).embed(["abc"])
        assert vector.tolist() == [3, 1]
        await cache.close()
    assert [counting.texts for counting in embedders] == [["abc"], [], ["abc"]]
