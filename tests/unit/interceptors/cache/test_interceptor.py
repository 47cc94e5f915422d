"""Calls are answered with kept responses, within their tenant and as their callers ask."""

import asyncio

import pytest
from google.protobuf import descriptor_pool

from interceptors.cache.answer_cache import AnswerCache
from interceptors.cache.interceptor import ResponseCache
from interceptors.cache.memory import Memory
from interceptors.call import Call
from interceptors.chain import Method
from interceptors.policy import read_policies
from server.composition.ground import SERVICES
from tests.unit.interceptors.cache.cached_service import (
    NOT_CACHED,
    PER_CALLER,
    POLICIES,
    VERSION,
    Generations,
    cached_service,
)
from tests.unit.interceptors.cache.questions import METHOD, Clock, Worker, until

CONTRACT = {
    name: policy
    for name, policy in read_policies(descriptor_pool.Default(), SERVICES).items()
    if policy.HasField("cache")
}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cache(clock: Clock) -> AnswerCache:
    return AnswerCache(Memory(), clock=clock, chance=lambda: 0.0)


async def test_the_same_request_is_answered_with_the_same_response(cache: AnswerCache) -> None:
    async with cached_service(cache, Worker()) as service:
        assert await service.call(b"r") == (b"a:s:1", "miss")
        assert await service.call(b"r") == (b"a:s:1", "hit")


async def test_another_request_has_a_response_of_its_own(cache: AnswerCache) -> None:
    async with cached_service(cache, Worker()) as service:
        await service.call(b"r")
        assert await service.call(b"s") == (b"a:s:2", "miss")


@pytest.mark.parametrize("method", CONTRACT)
async def test_no_response_of_the_contract_crosses_tenants(cache: AnswerCache, method: str) -> None:
    async with cached_service(cache, Worker(), policies=CONTRACT) as service:
        await service.call(b"r", tenant="a", method=method)
        response, did = await service.call(b"r", tenant="b", method=method)
    assert (response, did) == (b"b:s:2", "miss")


async def test_calls_of_two_tenants_in_flight_do_not_share_a_work(cache: AnswerCache) -> None:
    worker = Worker().hold()
    async with cached_service(cache, worker) as service:
        calls = [asyncio.create_task(service.call(tenant=tenant)) for tenant in ("a", "b")]
        await until(lambda: worker.runs == 2)
        worker.may_end.set()
        responses = [response for response, _ in await asyncio.gather(*calls)]
    assert [response[:2] for response in responses] == [b"a:", b"b:"]


async def test_callers_of_a_tenant_share_where_the_contract_says_so(cache: AnswerCache) -> None:
    async with cached_service(cache, Worker()) as service:
        await service.call(subject="s")
        assert await service.call(subject="t") == (b"a:s:1", "hit")


async def test_callers_do_not_share_where_the_contract_says_so(cache: AnswerCache) -> None:
    async with cached_service(cache, Worker()) as service:
        await service.call(method=PER_CALLER, subject="s")
        assert await service.call(method=PER_CALLER, subject="t") == (b"a:t:2", "miss")
        assert await service.call(method=PER_CALLER, subject="s") == (b"a:s:1", "hit")


async def test_anonymous_callers_are_not_taken_for_one(cache: AnswerCache) -> None:
    async with cached_service(cache, Worker()) as service:
        await service.call(method=PER_CALLER, subject="")
        assert await service.call(method=PER_CALLER, subject="") == (b"a::2", "")


async def test_a_new_generation_has_new_responses(cache: AnswerCache) -> None:
    generations = Generations()
    async with cached_service(cache, Worker(), generations) as service:
        await service.call()
        generations.now = "2"
        assert await service.call() == (b"a:s:2", "miss")


async def test_a_response_whose_generation_moved_meanwhile_is_not_kept(cache: AnswerCache) -> None:
    generations = Generations()
    worker = Worker(before_the_end=lambda: setattr(generations, "now", "2"))
    async with cached_service(cache, worker, generations) as service:
        await service.call()
    assert len(cache.memory) == 0


async def test_without_a_generation_the_cache_is_left_alone(cache: AnswerCache) -> None:
    generations = Generations()
    generations.now = None
    async with cached_service(cache, Worker(), generations) as service:
        await service.call()
        assert await service.call() == (b"a:s:2", "")


async def test_a_generation_that_is_not_known_yet_is_found_once(cache: AnswerCache) -> None:
    generations, found = Generations(), list[str]()
    generations.now = None

    async def find(tenant: str) -> str:
        found.append(tenant)
        generations.now = "1"
        return generations.now

    async with cached_service(cache, Worker(), generations, find_generation=find) as service:
        assert await service.call() == (b"a:s:1", "miss")
        assert await service.call() == (b"a:s:1", "hit")
    assert found == ["a"]


async def test_no_cache_does_the_work_and_keeps_the_response(cache: AnswerCache) -> None:
    async with cached_service(cache, Worker()) as service:
        await service.call()
        assert await service.call(control="no-cache") == (b"a:s:2", "miss")
        assert await service.call() == (b"a:s:2", "hit")


async def test_no_store_neither_reads_nor_keeps(cache: AnswerCache) -> None:
    async with cached_service(cache, Worker()) as service:
        await service.call()
        assert await service.call(control="no-store") == (b"a:s:2", "")
        assert await service.call() == (b"a:s:1", "hit")


async def test_max_age_refuses_older_responses(cache: AnswerCache, clock: Clock) -> None:
    async with cached_service(cache, Worker()) as service:
        await service.call()
        clock.now_s += 5.0
        assert await service.call(control="max-age=5") == (b"a:s:1", "hit")
        assert await service.call(control="max-age=4") == (b"a:s:2", "miss")


async def test_a_switched_off_method_is_worked_on_each_time(cache: AnswerCache) -> None:
    async with cached_service(cache, Worker()) as service:
        await service.call()
        cache.terms[METHOD].change(is_enabled=False)
        assert await service.call() == (b"a:s:2", "")


async def test_a_stale_response_leaves_at_once_and_a_new_one_follows(
    cache: AnswerCache, clock: Clock
) -> None:
    worker = Worker()
    async with cached_service(cache, worker) as service:
        cache.terms[METHOD].change(ttl_s=30.0, stale_ttl_s=30.0)
        await service.call()
        clock.now_s += 30.0
        assert await service.call() == (b"a:s:1", "stale")
        await until(lambda: worker.runs == 2)
        assert await service.call() == (b"a:s:2", "hit")


async def test_a_response_is_forgotten_by_the_tag_that_its_handler_gave_it(
    cache: AnswerCache,
) -> None:
    async with cached_service(cache, Worker()) as service:
        await service.call()
        assert await cache.invalidate("answer:1") == 1
        assert await service.call() == (b"a:s:2", "miss")


async def test_a_response_made_in_the_background_carries_its_tags_too(
    cache: AnswerCache, clock: Clock
) -> None:
    worker = Worker()
    async with cached_service(cache, worker) as service:
        cache.terms[METHOD].change(ttl_s=30.0, stale_ttl_s=30.0)
        await service.call()
        clock.now_s += 30.0
        await service.call()
        await until(lambda: worker.runs == 2)
        assert await service.call() == (b"a:s:2", "hit")
        assert await cache.invalidate("answer:1", "answer:2") == 1


async def test_who_shares_a_work_is_told(cache: AnswerCache) -> None:
    worker = Worker().hold()
    async with cached_service(cache, worker) as service:
        calls = [asyncio.create_task(service.call()) for _ in range(3)]
        await until(lambda: cache.terms[METHOD].figures.coalesced == 2)
        worker.may_end.set()
        did = sorted(did for _, did in await asyncio.gather(*calls))
    assert did == ["coalesced", "coalesced", "miss"]


async def test_a_caller_who_leaves_does_not_end_the_call_of_another(cache: AnswerCache) -> None:
    worker = Worker().hold()
    async with cached_service(cache, worker) as service:
        leaver = asyncio.create_task(service.call())
        await worker.begun.wait()
        stayer = asyncio.create_task(service.call())
        await until(lambda: cache.terms[METHOD].figures.coalesced == 1)
        leaver.cancel()
        await until(lambda: worker.runs == 2)
        worker.may_end.set()
        assert await stayer == (b"a:s:2", "coalesced")


@pytest.mark.parametrize("streaming", [False, True])
def test_a_method_that_is_not_cached_is_left_as_it_is(cache: AnswerCache, streaming: bool) -> None:
    async def handler(request: bytes, _call: Call) -> bytes:
        return request

    member = ResponseCache(cache, POLICIES, Generations(), VERSION)
    name = METHOD if streaming else NOT_CACHED
    method = Method(name, streaming, False, bytes, bytes)
    assert member.wrap_unary(method, handler) is handler


def test_terms_begin_as_the_contract_has_them(cache: AnswerCache) -> None:
    ResponseCache(cache, POLICIES, Generations(), VERSION)
    terms = cache.terms[METHOD]
    assert (terms.longest_s, terms.ttl_s, terms.stale_ttl_s) == (60.0, 60.0, 0.0)
    assert NOT_CACHED not in cache.terms
