"""Any coroutine function can be kept: same sharing, same refreshing, no pickle."""

import asyncio

import pytest

from interceptors.cache.answer_cache import AnswerCache
from interceptors.cache.decorator import cached
from interceptors.cache.memory import Memory
from interceptors.cache.tags import tag_of
from tests.unit.interceptors.cache.questions import Clock, turn


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cache(clock: Clock) -> AnswerCache:
    return AnswerCache(Memory(), clock=clock, chance=lambda: 0.0)


def key(tenant: str) -> str:
    return tenant


async def test_a_value_is_kept_for_its_arguments(cache: AnswerCache) -> None:
    asked: list[str] = []

    @cached(cache, ttl_s=60.0, key=key)
    async def load(tenant: str) -> dict[str, str]:
        asked.append(tenant)
        return {"of": tenant}

    assert [await load(tenant) for tenant in "aba"] == [{"of": "a"}, {"of": "b"}, {"of": "a"}]
    assert asked == ["a", "b"]


async def test_none_is_kept_like_any_other_value(cache: AnswerCache) -> None:
    asked: list[str] = []

    @cached(cache, ttl_s=60.0, key=key)
    async def load(tenant: str) -> str | None:
        asked.append(tenant)
        return None

    assert [await load("a"), await load("a")] == [None, None]
    assert asked == ["a"]


async def test_a_new_value_looks_like_a_kept_one(cache: AnswerCache) -> None:
    @cached(cache, ttl_s=60.0, key=key)
    async def load(tenant: str) -> object:
        return (tenant,)

    assert await load("a") == await load("a") == ["a"]


async def test_calls_at_once_share_one_work(cache: AnswerCache) -> None:
    asked: list[str] = []

    @cached(cache, ttl_s=60.0, key=key)
    async def load(tenant: str) -> str:
        asked.append(tenant)
        await asyncio.sleep(0)
        return tenant

    assert await asyncio.gather(*(load("a") for _ in range(2))) == ["a", "a"]
    assert asked == ["a"]


async def test_a_stale_value_is_given_while_a_new_one_is_made(
    cache: AnswerCache, clock: Clock
) -> None:
    asked: list[str] = []

    @cached(cache, ttl_s=60.0, stale_ttl_s=60.0, key=key)
    async def load(tenant: str) -> int:
        asked.append(tenant)
        return len(asked)

    await load("a")
    clock.now_s += 60.0
    assert await load("a") == 1
    await turn()
    assert await load("a") == 2


async def test_the_values_of_a_function_are_invalidated_by_its_name(cache: AnswerCache) -> None:
    @cached(cache, ttl_s=60.0, key=key)
    async def load(tenant: str) -> str:
        return tenant

    await load("a")
    (name,) = cache.terms
    assert await cache.invalidate(tag_of(name)) == 1


async def test_values_are_written_and_read_as_told(cache: AnswerCache) -> None:
    @cached(cache, ttl_s=60.0, key=key, dumps=str.encode, loads=bytes.decode)
    async def load(tenant: str) -> str:
        return f"é{tenant}"

    assert [await load("a"), await load("a")] == ["éa", "éa"]
