"""Whatever happens to Redis, calls are answered, it is told, and sharing comes back by itself."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from interceptors.cache.answer_cache import AnswerCache
from interceptors.cache.probe import probe
from interceptors.cache.redis_link import AWAY_S, MOST_OWED, NAMESPACE, RedisLink
from interceptors.cache.tags import tag_of
from tests.integration.cache.conftest import MakeCache
from tests.unit.interceptors.cache.questions import Clock, Question, Worker, terms_in, until
from tools.redis_process import RedisProcess

SHORT_S = 2.0  # enough for a Redis that answers on a busy machine; one that hangs costs it once
PATIENT_S = 10.0


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def full_redis(folder: Path) -> Iterator[RedisProcess]:
    """A Redis that has no room for anything."""
    process = RedisProcess(folder / "full", "--maxmemory", "1").start()
    yield process
    process.stop()


@pytest.fixture
def cache(own_redis: RedisProcess, make_cache: MakeCache, clock: Clock) -> AnswerCache:
    """A cache on a Redis that can be harmed."""
    return make_cache(own_redis.url, timeout_s=SHORT_S, clock=clock)


def questions(cache: AnswerCache, worker: Worker, count: int = 20) -> list[Question]:
    terms = terms_in(cache)
    return [Question(worker, terms, key=b"%032d" % i) for i in range(count)]


async def ask_all(cache: AnswerCache, asked: list[Question]) -> list[str]:
    """What the cache did for each."""
    return [did for _, did in await asyncio.gather(*(cache.answer(one) for one in asked))]


async def test_a_killed_redis_fails_no_call_and_is_told(
    own_redis: RedisProcess, cache: AnswerCache
) -> None:
    asked = questions(cache, Worker())
    await cache.answer(asked[0])
    own_redis.kill()
    assert await ask_all(cache, asked) == ["hit"] + ["miss"] * 19
    assert not cache.is_shared


async def test_a_paused_redis_fails_no_call_and_is_told(
    own_redis: RedisProcess, cache: AnswerCache
) -> None:
    asked = questions(cache, Worker())
    await cache.answer(asked[0])
    own_redis.pause()
    assert await ask_all(cache, asked) == ["hit"] + ["miss"] * 19
    assert not cache.is_shared


async def test_a_redis_that_was_away_is_left_alone_for_a_while(
    own_redis: RedisProcess, cache: AnswerCache
) -> None:
    asked = questions(cache, Worker())
    own_redis.kill()
    await cache.answer(asked[0])
    own_redis.start()
    await ask_all(cache, asked)
    with redis.Redis.from_url(own_redis.url) as client:
        assert "cmdstat_mget" not in client.info("commandstats")


async def test_a_full_redis_fails_no_call(full_redis: RedisProcess, make_cache: MakeCache) -> None:
    cache = make_cache(full_redis.url)
    assert await ask_all(cache, questions(cache, Worker())) == ["miss"] * 20
    assert not cache.is_shared


async def test_what_a_full_redis_still_answers_does_not_hide_what_it_refuses(
    own_redis: RedisProcess, clock: Clock
) -> None:
    link, worker = RedisLink(own_redis.url, PATIENT_S, clock, if_too_many="all"), Worker().hold()
    answering = asyncio.create_task(link.attempt(worker.work))
    await worker.begun.wait()
    with pytest.raises(redis.exceptions.OutOfMemoryError):
        await link.attempt(refuse)
    worker.may_end.set()
    await answering
    assert not link.is_up
    await link.close()


async def refuse() -> None:
    """What a full Redis does to a command that writes."""
    raise redis.exceptions.OutOfMemoryError


async def test_sharing_comes_back_after_a_restart(
    own_redis: RedisProcess, cache: AnswerCache, make_cache: MakeCache, clock: Clock
) -> None:
    worker, other = Worker(), make_cache(own_redis.url)
    asked = questions(cache, worker)
    await cache.answer(asked[0])
    own_redis.kill()
    await cache.answer(asked[1])
    own_redis.start()
    clock.now_s += AWAY_S
    await cache.answer(asked[2])
    assert cache.is_shared
    assert await ask_all(other, questions(other, worker, 3)) == ["miss", "miss", "hit"]


async def test_a_restart_between_two_calls_is_not_noticed(
    own_redis: RedisProcess, make_cache: MakeCache
) -> None:
    cache = make_cache(own_redis.url)
    asked = questions(cache, Worker())
    await cache.answer(asked[0])
    own_redis.kill()
    own_redis.start()
    await cache.answer(asked[1])
    assert cache.is_shared


async def test_no_call_fails_while_redis_restarts_again_and_again(
    own_redis: RedisProcess, cache: AnswerCache, clock: Clock
) -> None:
    asked = questions(cache, Worker(), 300)
    for start in range(0, 300, 100):
        calls = asyncio.create_task(ask_all(cache, asked[start : start + 100]))
        await asyncio.sleep(0)
        own_redis.kill()
        assert await calls == ["miss"] * 100
        own_redis.start()
        clock.now_s += AWAY_S


async def test_what_was_invalidated_while_redis_was_away_is_found_no_more(
    own_redis: RedisProcess, cache: AnswerCache, clock: Clock
) -> None:
    (question,) = questions(cache, Worker(), 1)
    await cache.answer(question)
    own_redis.pause()
    await cache.invalidate(tag_of(tenant="a"))
    own_redis.resume()
    clock.now_s += AWAY_S
    assert await cache.answer(question) == (b"2", "miss")


async def test_what_was_erased_while_redis_was_away_leaves_it_when_it_is_back(
    own_redis: RedisProcess, cache: AnswerCache, clock: Clock
) -> None:
    (question,) = questions(cache, Worker(), 1)
    await cache.answer(question)
    own_redis.pause()
    await cache.erase(tag_of(tenant="a"))
    own_redis.resume()
    with redis.Redis.from_url(own_redis.url) as client:
        assert len(client.keys(f"{NAMESPACE}:entry:*")) == 1
        clock.now_s += AWAY_S
        await cache.shared.probe()  # type: ignore[union-attr]  # there is one
        await until(lambda: client.keys(f"{NAMESPACE}:entry:*") == [])


async def test_an_answer_forgotten_while_redis_was_away_is_found_no_more(
    own_redis: RedisProcess, cache: AnswerCache, clock: Clock
) -> None:
    (question,) = questions(cache, Worker(), 1)
    question.answer_tags = ("run:1",)
    await cache.answer(question)
    own_redis.pause()
    assert await cache.invalidate("run:1") == 1
    own_redis.resume()
    clock.now_s += AWAY_S
    assert await cache.answer(question) == (b"2", "miss")


async def test_a_full_redis_forgets_what_it_is_told_to(
    own_redis: RedisProcess, make_cache: MakeCache
) -> None:
    cache = make_cache(own_redis.url)
    (question,) = questions(cache, Worker(), 1)
    question.answer_tags = ("run:1",)
    await cache.answer(question)
    cache.memory.drop(question.key)
    with redis.Redis.from_url(own_redis.url) as client:
        client.config_set("maxmemory", "1")
        assert await cache.invalidate("run:1") == 1
        assert client.keys(f"{NAMESPACE}:entry:*") == []
    assert cache.is_shared


async def test_too_many_invalidations_while_redis_is_away_invalidate_all(
    own_redis: RedisProcess, cache: AnswerCache, clock: Clock
) -> None:
    (question,) = questions(cache, Worker(), 1)
    await cache.answer(question)
    own_redis.pause()
    for i in range(MOST_OWED + 1):
        await cache.invalidate(tag_of(tenant=f"b{i}"))
    cache.memory.drop(question.key)
    own_redis.resume()
    clock.now_s += AWAY_S
    assert await cache.answer(question) == (b"2", "miss")


async def test_a_sound_redis_has_no_problem(own_redis: RedisProcess, cache: AnswerCache) -> None:
    del own_redis
    assert [(one.part, one.problem) for one in await probe(cache)] == [
        ("memory", ""),
        ("redis", ""),
    ]


async def test_a_full_redis_is_told_to_people(
    full_redis: RedisProcess, make_cache: MakeCache
) -> None:
    _, part = await probe(make_cache(full_redis.url))
    assert "Redis is full" in part.problem


async def test_a_paused_redis_is_told_to_people(
    own_redis: RedisProcess, cache: AnswerCache
) -> None:
    own_redis.pause()
    _, part = await probe(cache)
    assert "does not answer" in part.problem


async def test_the_problem_of_a_killed_redis_tells_no_address(
    own_redis: RedisProcess, cache: AnswerCache
) -> None:
    own_redis.kill()
    _, part = await probe(cache)
    assert part.problem == "Redis cannot be reached."
