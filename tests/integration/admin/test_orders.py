"""An order that is given to one server is carried out in every one, once."""

import asyncio
import uuid
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import pytest_asyncio
import redis

from interceptors.cache.lease import entries_of
from interceptors.cache.redis_link import NAMESPACE
from interceptors.cache.tags import tag_of
from server.admin.orders import Orders
from server.admin.store import OrderStore
from server.storage.database import Database
from tests.integration.access.refusals import refusal
from tests.integration.admin.servers import Pair, at, becomes, breaker_at, new_caller, new_tenant
from tests.integration.callers import (
    ACCESS,
    CACHE,
    LIMITS,
    PATIENCE_S,
    RESILIENCE,
    TRIAGE,
    Caller,
    cache_result,
)

CUT_LISTENERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND application_name = 'switchyard-notifications'"
)


@pytest_asyncio.fixture(autouse=True)
async def _cache_is_on(pair: Pair) -> None:
    """The cache is on in both servers, which have heard of all that was ordered before."""
    times = {"ttl": timedelta(hours=1), "stale_ttl": timedelta(0)}
    for is_on, one, other in ((False, pair.other, pair.one), (True, pair.one, pair.other)):
        config = {"method": f"{TRIAGE}/Triage", "enabled": is_on, **times}
        await one.call(f"{CACHE}/UpdateCacheConfig", config=config)
        await becomes(is_on, partial(is_cache_on, other))


async def is_cache_on(operator: Caller) -> bool:
    (config,) = (await operator.call(f"{CACHE}/GetCacheStats")).configs
    return bool(config.enabled)


class Question:
    """A ticket of the test's own, asked again and again."""

    def __init__(self) -> None:
        self._ticket = {"id": uuid.uuid4().hex, "body": "Where is my parcel?"}

    async def ask(self, caller: Caller) -> str:
        """What the cache did."""
        call = caller.call(f"{TRIAGE}/Triage", ticket=self._ticket)
        await call
        return await cache_result(call)

    async def keep(self, *callers: Caller) -> None:
        """Ask until the servers of all callers have the answer in their memory."""
        for caller in callers:
            await becomes("hit", partial(self.ask, caller))


async def test_a_cleared_answer_is_gone_from_every_server(pair: Pair) -> None:
    question = Question()
    await question.keep(pair.one, pair.other)
    await pair.one.call(f"{CACHE}/ClearCache")
    await becomes("miss", lambda: question.ask(pair.other))


async def test_clearing_says_how_many_answers_the_server_dropped(pair: Pair) -> None:
    await pair.one.call(f"{ACCESS}/CreateTenant", tenant_id="cleared")
    caller = await new_caller(pair.one, "ROLE_AGENT", "cleared")

    async def dropped() -> int:
        for _ in range(3):
            await Question().keep(caller)
        cleared = await pair.one.call(f"{CACHE}/ClearCache", tenant="cleared")
        return int(cleared.dropped)

    await becomes(3, dropped)  # an order of the test before may still be on its way


async def test_clearing_a_tenant_leaves_the_answers_of_the_others(pair: Pair) -> None:
    question, stranger = Question(), await new_caller(pair.one, "ROLE_AGENT", "acme")
    await question.keep(pair.one, stranger)
    await pair.one.call(f"{CACHE}/ClearCache", tenant="acme", method=f"{TRIAGE}/Triage")
    assert await question.ask(stranger) == "miss"
    assert await question.ask(pair.one) == "hit"


async def test_a_deleted_tenant_leaves_no_answer_in_redis(pair: Pair) -> None:
    admin = await new_tenant(pair.one)
    tenant, _, _ = admin.name.partition("/")
    await Question().keep(admin)
    with redis.Redis.from_url(pair.settings.redis_url) as client:
        pattern = f"{NAMESPACE}:{entries_of(tag_of(tenant=tenant))}*"
        assert client.keys(pattern)
        await pair.one.call(f"{ACCESS}/SuspendTenant", name=f"tenants/{tenant}")
        await pair.one.call(f"{ACCESS}/DeleteTenant", name=f"tenants/{tenant}")

        async def left() -> list[bytes]:
            return list(client.scan_iter(pattern))

        await becomes([], left)


async def test_a_clear_by_a_server_that_cannot_reach_redis_leaves_nothing_there(
    pair: Pair, cut_off: Caller
) -> None:
    question = Question()
    await question.keep(pair.one, pair.other)
    await cut_off.call(f"{CACHE}/ClearCache")
    await becomes("miss", lambda: question.ask(pair.other))


async def test_a_server_that_could_not_listen_keeps_nothing_that_was_cleared_meanwhile(
    pair: Pair, records: Database
) -> None:
    question = Question()
    await question.keep(pair.one, pair.other)
    async with records.connection("test") as connection:
        await connection.execute(CUT_LISTENERS)
    await pair.one.call(f"{CACHE}/ClearCache")
    await becomes("miss", lambda: question.ask(pair.other))


@pytest.mark.parametrize("can_reach_redis", [True, False])
async def test_a_reset_caller_has_its_units_back_at_every_server(
    pair: Pair, cut_off: Caller, *, can_reach_redis: bool
) -> None:
    operator = pair.one if can_reach_redis else cut_off
    caller = at(await new_caller(pair.one, "ROLE_READER", tier="free"), pair.other.channel)
    limits = {"per_day": 1}
    await pair.other.call(f"{LIMITS}/SetCustomLimit", caller=caller.name, limits=limits)
    await caller.call(f"{TRIAGE}/GetTaxonomy")
    assert (await refusal(caller.call(f"{TRIAGE}/GetTaxonomy"))).reason == "RATE_LIMITED"
    await operator.call(f"{LIMITS}/ResetLimits", caller=caller.name)

    async def units_left() -> int:
        status = await pair.other.call(f"{LIMITS}/GetStatus", caller=caller.name)
        return int(status.windows[0].remaining)

    await becomes(1, units_left)
    assert await caller.call(f"{TRIAGE}/GetTaxonomy")


async def test_a_reset_breaker_is_closed_in_every_server(pair: Pair) -> None:
    name = f"{TRIAGE}/ListTriageRuns"
    always_slow = {"slow_call": timedelta(microseconds=1), "minimum_calls": 1, "window_calls": 1}
    await update_breaker(pair, name, always_slow)
    for caller in (pair.one, pair.other):
        await caller.call(name)
        assert await state_of(caller, name) == "OPEN"
    await update_breaker(pair, name, {"slow_call": timedelta(minutes=1)})
    await pair.one.call(f"{RESILIENCE}/ResetCircuitBreaker", breaker=name)
    await becomes("CLOSED", lambda: state_of(pair.other, name))


async def update_breaker(pair: Pair, name: str, settings: dict[str, Any]) -> None:
    """Change a breaker's settings in both servers."""
    changing = pair.one.call(f"{RESILIENCE}/UpdateCircuitBreaker", breaker=name, settings=settings)
    wanted = (await changing).circuit_breaker.settings

    async def in_force() -> Any:
        return (await breaker_at(pair.other, name)).settings

    await becomes(wanted, in_force)


async def state_of(operator: Caller, name: str) -> str:
    return {1: "CLOSED", 2: "OPEN", 3: "HALF_OPEN"}[(await breaker_at(operator, name)).state]


@pytest.mark.parametrize("notice", ["", "{", "[]", '{"what": "order"}', None])
async def test_a_notice_that_nobody_can_read_stands_for_all_that_may_have_been_missed(
    records: Database, notice: str | None
) -> None:
    missed: list[str] = []
    orders = Orders(OrderStore(records), {}, {}, lambda: missed.append("all"))
    orders.heard(notice)
    assert missed == ["all"]


async def test_an_order_that_cannot_be_carried_out_does_not_end_those_after_it(
    records: Database,
) -> None:
    done: asyncio.Queue[str] = asyncio.Queue()

    async def carry_out(subject: str) -> None:
        if subject == "bad":
            raise ValueError
        done.put_nowait(subject)

    orders = Orders(OrderStore(records), {}, {"test": carry_out}, lambda: None)
    await orders.start()
    for subject in ("bad", "good"):
        orders.soon("test", subject)
    assert await asyncio.wait_for(done.get(), PATIENCE_S) == "good"
    await orders.stop()
