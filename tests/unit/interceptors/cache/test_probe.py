"""The test of the cache tells how its memory does."""

from interceptors.cache.answer_cache import AnswerCache
from interceptors.cache.memory import Memory
from interceptors.cache.probe import Probe, probe


async def test_a_sound_memory_has_no_problem() -> None:
    ticks = iter([1.0, 1.5])
    assert await probe(AnswerCache(Memory()), lambda: next(ticks)) == [Probe("memory", 0.5)]


async def test_a_memory_without_room_says_so() -> None:
    (memory,) = await probe(AnswerCache(Memory(most_entries=0)))
    assert "no room" in memory.problem


async def test_a_test_leaves_nothing_behind() -> None:
    cache = AnswerCache(Memory())
    await probe(cache)
    assert (len(cache.memory), cache.memory.bytes_kept) == (0, 0)
