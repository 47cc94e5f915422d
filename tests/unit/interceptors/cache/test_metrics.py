"""Prometheus sees what the cache did and holds."""

import pytest
from prometheus_client import CollectorRegistry

from interceptors.cache.answer_cache import AnswerCache
from interceptors.cache.memory import Memory
from interceptors.cache.metrics import CacheCollector
from tests.unit.interceptors.cache.questions import METHOD, Question, Worker, terms_in


async def test_look_ups_are_counted_by_method_and_result() -> None:
    cache, registry = AnswerCache(Memory(), chance=lambda: 0.0), CollectorRegistry()
    registry.register(CacheCollector(cache))
    question = Question(Worker(), terms_in(cache))
    for _ in range(3):
        await cache.answer(question)
    for result, count in (("hit", 2), ("miss", 1), ("stale", 0), ("coalesced", 0)):
        labels = {"method": METHOD, "result": result}
        assert registry.get_sample_value("switchyard_cache_lookups_total", labels) == count


@pytest.mark.parametrize(
    ("name", "value"), [("entries", 1), ("bytes", 32 + len(b"1")), ("shared", 0)]
)
async def test_what_is_held_is_shown(name: str, value: float) -> None:
    cache, registry = AnswerCache(Memory()), CollectorRegistry()
    registry.register(CacheCollector(cache))
    await cache.answer(Question(Worker(), terms_in(cache)))
    assert registry.get_sample_value(f"switchyard_cache_{name}") == value
