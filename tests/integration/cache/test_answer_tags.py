"""Answers are forgotten by tags of their own: in Redis, and while they are on their way there."""

import asyncio
from dataclasses import replace

import pytest
import redis

from interceptors.cache.answer_cache import AnswerCache
from interceptors.cache.lease import index_name, names_of
from interceptors.cache.redis_link import NAMESPACE
from tests.integration.cache.conftest import CountCommands, MakeCache
from tests.unit.interceptors.cache.questions import Question, Worker, terms_in

RUN, SOURCE = "run:1", "run:0"
INDEX = f"{NAMESPACE}:{index_name(RUN)}"


def ask(cache: AnswerCache, worker: Worker) -> Question:
    """The same question, whose answer is tagged, to a cache that has no terms yet."""
    return Question(worker, terms_in(cache), answer_tags=(RUN, SOURCE))


@pytest.mark.parametrize("tag", [RUN, SOURCE])
async def test_no_process_finds_a_forgotten_answer(
    redis_url: str, make_cache: MakeCache, tag: str
) -> None:
    one, other, worker = make_cache(redis_url), make_cache(redis_url), Worker()
    await one.answer(ask(one, worker))
    await one.invalidate(tag)
    assert await other.answer(ask(other, worker)) == (b"2", "miss")


async def test_an_answer_that_was_found_keeps_its_tags(
    redis_url: str, make_cache: MakeCache
) -> None:
    one, other, worker = make_cache(redis_url), make_cache(redis_url), Worker()
    await one.answer(ask(one, worker))
    await other.answer(ask(other, worker))
    assert other.forget(RUN) == 1


async def test_copies_in_memory_and_in_redis_count_once(
    redis_url: str, make_cache: MakeCache
) -> None:
    cache = make_cache(redis_url)
    await cache.answer(ask(cache, Worker()))
    assert await cache.invalidate(RUN, SOURCE) == 1
    assert await cache.invalidate(RUN, SOURCE) == 0


async def test_an_answer_that_only_redis_holds_is_counted(
    redis_url: str, make_cache: MakeCache
) -> None:
    one, other = make_cache(redis_url), make_cache(redis_url)
    await one.answer(ask(one, Worker()))
    assert await other.invalidate(RUN) == 1


async def test_all_answers_of_a_tag_are_forgotten(redis_url: str, make_cache: MakeCache) -> None:
    one, other, worker = make_cache(redis_url), make_cache(redis_url), Worker()
    terms = terms_in(one)
    for i in range(3):
        await one.answer(Question(worker, terms, b"%032d" % i, answer_tags=(SOURCE,)))
    assert await other.invalidate(SOURCE) == 3


async def test_an_answer_forgotten_while_it_was_made_elsewhere_is_not_stored(
    redis_url: str, make_cache: MakeCache
) -> None:
    worker = Worker().hold()
    one, other, third = (make_cache(redis_url) for _ in range(3))
    first = asyncio.create_task(one.answer(ask(one, worker)))
    await worker.begun.wait()
    await other.invalidate(RUN)
    worker.may_end.set()
    assert await first == (b"1", "miss")
    assert await third.answer(ask(third, worker)) == (b"2", "miss")


async def test_an_index_lives_as_long_as_its_entries(redis_url: str, make_cache: MakeCache) -> None:
    cache = make_cache(redis_url)
    question = ask(cache, Worker())
    await cache.answer(question)
    with redis.Redis.from_url(redis_url) as client:
        left_ms = [
            client.pttl(INDEX),
            client.pttl(f"{NAMESPACE}:{names_of(question.key, question.tags)[0]}"),
        ]
    assert 0 < left_ms[1] <= left_ms[0]


async def test_what_an_index_has_no_room_to_name_is_not_stored(
    redis_url: str, make_cache: MakeCache
) -> None:
    one, other, worker = make_cache(redis_url), make_cache(redis_url), Worker()
    with redis.Redis.from_url(redis_url) as client:
        client.sadd(INDEX, *map(str, range(1000)))
    await one.answer(ask(one, worker))
    assert await other.answer(ask(other, worker)) == (b"2", "miss")


async def test_nothing_that_was_closed_stays_in_redis_for_ever(
    redis_url: str, make_cache: MakeCache
) -> None:
    cache = make_cache(redis_url)
    await cache.answer(ask(cache, Worker()))
    await cache.invalidate(RUN)
    with redis.Redis.from_url(redis_url) as client:
        assert client.exists(INDEX)
        assert [key for key in client.scan_iter() if client.pttl(key) == -1] == []


async def test_tags_cost_no_request_of_their_own(
    redis_url: str, make_cache: MakeCache, count: CountCommands
) -> None:
    one, other, worker = make_cache(redis_url), make_cache(redis_url), Worker()
    question = ask(one, worker)
    await one.answer(replace(question, key=b"first" * 6))  # after which Redis knows the scripts
    reads, scripts = count("mget"), count("evalsha")
    await one.answer(question)
    await other.answer(ask(other, worker))
    assert (count("mget") - reads, count("evalsha") - scripts) == (2, 2)
