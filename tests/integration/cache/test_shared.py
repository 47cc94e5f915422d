"""Processes share answers through Redis, each answer made once, none given after its end."""

import asyncio
from dataclasses import replace

import pytest
import redis

from interceptors.cache.answer_cache import AnswerCache
from interceptors.cache.lease import entries_of, names_of
from interceptors.cache.redis_link import NAMESPACE
from interceptors.cache.tags import tag_of, tags_of
from tests.integration.cache.conftest import TAKE_SETS, CountCommands, MakeCache
from tests.unit.interceptors.cache.questions import METHOD, Question, Worker, terms_in, until

SOON_S = 1.0  # a lease short enough to see its end
SAFE_S = 3.0  # a lease that is extended in time also on a busy machine


def ask(
    cache: AnswerCache, worker: Worker, ttl_s: float = 60.0, stale_ttl_s: float = 0
) -> Question:
    """The same question, to a cache that has no terms yet."""
    return Question(worker, terms_in(cache, ttl_s, stale_ttl_s))


async def test_what_one_process_has_made_another_finds(
    redis_url: str, make_cache: MakeCache
) -> None:
    one, other, worker = make_cache(redis_url), make_cache(redis_url), Worker()
    assert await one.answer(ask(one, worker)) == (b"1", "miss")
    assert await other.answer(ask(other, worker)) == (b"1", "hit")


async def test_what_was_found_is_kept_in_memory(redis_url: str, make_cache: MakeCache) -> None:
    one, other, worker = make_cache(redis_url), make_cache(redis_url), Worker()
    await one.answer(ask(one, worker))
    await other.answer(ask(other, worker))
    assert len(other.memory) == 1


async def test_an_empty_answer_is_found_too(redis_url: str, make_cache: MakeCache) -> None:
    one, other, worker = make_cache(redis_url), make_cache(redis_url), Worker([b""])
    await one.answer(ask(one, worker))
    assert await other.answer(ask(other, worker)) == (b"", "hit")


async def test_processes_that_ask_at_once_share_one_work(
    redis_url: str, make_cache: MakeCache, count: CountCommands
) -> None:
    worker = Worker().hold()
    caches = [make_cache(redis_url) for _ in range(4)]
    first = asyncio.create_task(caches[0].answer(ask(caches[0], worker)))
    await worker.begun.wait()
    others = [asyncio.create_task(cache.answer(ask(cache, worker))) for cache in caches[1:]]
    await until(lambda: count("set") == len(caches) * TAKE_SETS)
    worker.may_end.set()
    assert [await task for task in (first, *others)] == [(b"1", "miss"), *[(b"1", "coalesced")] * 3]


async def test_a_dead_worker_delays_others_no_longer_than_its_lease(
    redis_url: str, make_cache: MakeCache
) -> None:
    cache, worker = make_cache(redis_url, lease_s=SOON_S), Worker()
    question = ask(cache, worker)
    with redis.Redis.from_url(redis_url) as client:
        lock = f"{NAMESPACE}:{names_of(question.key, question.tags)[1]}"
        client.set(lock, b"of the dead", px=int(SOON_S * 1000))
        assert await cache.answer(question) == (b"1", "miss")
        assert client.get(lock) != b"of the dead"


async def test_a_work_longer_than_its_lease_is_not_done_twice(
    redis_url: str, make_cache: MakeCache, count: CountCommands
) -> None:
    worker = Worker().hold()
    one, other = [make_cache(redis_url, lease_s=SAFE_S) for _ in range(2)]
    first = asyncio.create_task(one.answer(ask(one, worker)))
    await worker.begun.wait()
    second = asyncio.create_task(other.answer(ask(other, worker)))
    await until(lambda: count("pexpire") >= 2 * (TAKE_SETS - 1) + 6)  # extended for two leases
    worker.may_end.set()
    assert [await first, await second] == [(b"1", "miss"), (b"1", "coalesced")]


async def test_a_failed_work_leaves_the_next_process_to_try(
    redis_url: str, make_cache: MakeCache
) -> None:
    worker = Worker([ValueError("no")])
    one, other = make_cache(redis_url, lease_s=60.0), make_cache(redis_url, lease_s=60.0)
    with pytest.raises(ValueError, match="no"):
        await one.answer(ask(one, worker))
    assert await other.answer(ask(other, worker)) == (b"2", "miss")


async def test_a_cancelled_work_leaves_the_next_process_to_try(
    redis_url: str, make_cache: MakeCache
) -> None:
    worker = Worker().hold()
    one, other = make_cache(redis_url, lease_s=60.0), make_cache(redis_url, lease_s=60.0)
    first = asyncio.create_task(one.answer(ask(one, worker)))
    await worker.begun.wait()
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    worker.may_end.set()
    assert await other.answer(ask(other, worker)) == (b"2", "miss")


@pytest.mark.parametrize("tag", [tag_of(), tag_of(METHOD), tag_of(tenant="a"), tag_of(METHOD, "a")])
async def test_an_invalidated_answer_is_found_no_more(
    redis_url: str, make_cache: MakeCache, tag: str
) -> None:
    one, other, worker = make_cache(redis_url), make_cache(redis_url), Worker()
    await one.answer(ask(one, worker))
    await one.invalidate(tag)
    assert await other.answer(ask(other, worker)) == (b"2", "miss")


async def test_the_answers_of_another_tag_are_still_found(
    redis_url: str, make_cache: MakeCache
) -> None:
    one, other, worker = make_cache(redis_url), make_cache(redis_url), Worker()
    await one.answer(ask(one, worker))
    await one.invalidate(tag_of(tenant="b"))
    assert await other.answer(ask(other, worker)) == (b"1", "hit")


async def test_an_answer_invalidated_by_another_process_meanwhile_is_not_stored(
    redis_url: str, make_cache: MakeCache
) -> None:
    worker = Worker().hold()
    one, other, third = (make_cache(redis_url) for _ in range(3))
    first = asyncio.create_task(one.answer(ask(one, worker)))
    await worker.begun.wait()
    await other.invalidate(tag_of(tenant="a"))
    worker.may_end.set()
    await first
    assert await third.answer(ask(third, worker)) == (b"2", "miss")


async def test_an_answer_leaves_redis_when_its_life_is_over(
    redis_url: str, make_cache: MakeCache
) -> None:
    cache = make_cache(redis_url)
    question = ask(cache, Worker(), ttl_s=60.0, stale_ttl_s=30.0)
    await cache.answer(question)
    with redis.Redis.from_url(redis_url) as client:
        left_ms = client.pttl(f"{NAMESPACE}:{names_of(question.key, question.tags)[0]}")
    assert 80_000 < int(str(left_ms)) <= 90_000


async def test_nothing_stays_in_redis_for_ever(redis_url: str, make_cache: MakeCache) -> None:
    cache = make_cache(redis_url)
    await cache.answer(ask(cache, Worker()))
    with redis.Redis.from_url(redis_url) as client:
        assert [key for key in client.scan_iter() if client.pttl(key) == -1] == []


async def test_an_erased_tenant_leaves_no_answer_in_redis_nor_in_memory(
    redis_url: str, make_cache: MakeCache
) -> None:
    cache, worker = make_cache(redis_url), Worker()
    question = ask(cache, worker)
    await cache.answer(question)
    await cache.invalidate(tag_of(METHOD))  # can be found no more, and is there all the same
    await cache.answer(replace(question, key=b"second" * 5))
    await cache.answer(replace(question, key=b"others" * 5, tags=tags_of(METHOD, "b")))
    with redis.Redis.from_url(redis_url) as client:
        many = (f"{NAMESPACE}:{entries_of(tag_of(tenant='a'))}{i}" for i in range(3000))
        client.mset(dict.fromkeys(many, b"his words"))
        await cache.erase(tag_of(tenant="a"))
        await until(lambda: len(entries_in(client)) == 1)
        (left,) = entries_in(client)
    assert left.startswith(f"{NAMESPACE}:{entries_of(tag_of(tenant='b'))}".encode())
    assert len(cache.memory) == 1


def entries_in(client: redis.Redis) -> list[bytes]:
    return list(client.scan_iter(f"{NAMESPACE}:entry:*", count=10_000))


async def test_an_answer_made_anew_reaches_the_other_processes(
    redis_url: str, make_cache: MakeCache
) -> None:
    one, other, worker = make_cache(redis_url), make_cache(redis_url), Worker()
    question = ask(one, worker)
    await one.answer(question)
    await one.answer_anew(question)
    assert await other.answer(ask(other, worker)) == (b"2", "hit")


async def test_one_process_refreshes_for_all(
    redis_url: str, make_cache: MakeCache, count: CountCommands
) -> None:
    worker = Worker()
    one, other = make_cache(redis_url), make_cache(redis_url)
    questions = [ask(cache, worker, ttl_s=3600.0, stale_ttl_s=3600.0) for cache in (one, other)]
    await one.answer(questions[0])
    await other.answer(questions[1])
    for question in questions:
        question.terms.change(ttl_s=1e-6)  # stale by now
    worker.hold()
    assert await one.answer(questions[0]) == (b"1", "stale")
    await until(lambda: worker.runs == 2)
    assert await other.answer(questions[1]) == (b"1", "stale")
    await until(lambda: count("set") == 3 * TAKE_SETS + 1)  # it too has asked
    worker.may_end.set()
    await until(lambda: count("set") == 3 * TAKE_SETS + 2)  # the new answer is stored
    assert worker.runs == 2


async def test_a_refresh_takes_what_another_process_has_made_since(
    redis_url: str, make_cache: MakeCache
) -> None:
    worker, one, other = Worker(), make_cache(redis_url), make_cache(redis_url)
    questions = [ask(cache, worker, ttl_s=3600.0, stale_ttl_s=3600.0) for cache in (one, other)]
    await one.answer(questions[0])
    await other.answer(questions[1])
    await one.answer_anew(questions[0])
    questions[1].terms.change(ttl_s=1e-6)  # stale by now
    assert await other.answer(questions[1]) == (b"1", "stale")
    await until(lambda: value_in(other, questions[1].key) == b"2")
    assert worker.runs == 2


def value_in(cache: AnswerCache, key: bytes) -> bytes | None:
    """What the memory of a cache holds."""
    entry = cache.memory.get(key)
    return entry.value if entry is not None else None
