"""Figures are the sums over all processes that live, whichever of them is asked."""

import uuid
from functools import partial
from typing import Any

import orjson

from server.admin.figures import ProcessFigures
from server.admin.store import FigureStore
from server.storage.database import Database
from tests.integration.access.refusals import refusal
from tests.integration.admin.servers import Pair, at, becomes, new_caller
from tests.integration.callers import (
    ACCESS,
    CACHE,
    LIMITS,
    RESILIENCE,
    TRIAGE,
    Caller,
    cache_result,
    until,
    until_cached,
)

NOTHING = {
    "cache": {"entries": 0, "bytes": 0, "methods": {}},
    "limits": {},
    "timings": [],
    "errors": [],
}


async def lookups(operator: Caller) -> int:
    """Calls that the caches of all servers were asked about."""
    total = (await operator.call(f"{CACHE}/GetCacheStats")).total
    return int(total.hits + total.misses + total.stale_hits + total.coalesced)


async def processes(operator: Caller) -> int:
    return int((await operator.call(f"{CACHE}/GetCacheStats")).processes)


async def calls_of(operator: Caller, method: str) -> int:
    """How often a method was called at all servers."""
    found = (await operator.call(f"{RESILIENCE}/GetPerformance")).performance
    return sum(work.calls for work in found if (work.kind, work.subject) == ("method", method))


async def until_published(records: Database) -> None:
    """Until every process that lives has published what it knew when this was called."""
    async with records.connection("test") as connection:
        row = await (await connection.execute("SELECT now()")).fetchone()
        assert row is not None

    async def is_published() -> bool:
        query = """
            SELECT bool_and(time > %s) FROM process_figures WHERE time > now() - interval '5 s'
        """
        async with records.connection("test") as connection:
            return await (await connection.execute(query, row)).fetchone() == (True,)

    await until(is_published)


async def test_lookups_of_the_cache_are_those_of_all_servers(pair: Pair, records: Database) -> None:
    for caller in (pair.one, pair.other):
        await until_cached(caller)
    before = 0

    async def agree() -> bool:  # the figures of earlier calls have arrived everywhere
        nonlocal before
        before = await lookups(pair.one)
        await until_published(records)
        return before == await lookups(pair.one) == await lookups(pair.other)

    await until(agree)
    ticket = {"id": uuid.uuid4().hex, "body": "Where is my parcel?"}
    looked_up = 0
    for caller in (pair.one, pair.other, pair.other):
        call = caller.call(f"{TRIAGE}/Triage", ticket=ticket)
        await call
        # A server that just then reads anew what is in force does not ask its cache.
        looked_up += await cache_result(call) != ""
    assert looked_up
    for operator in (pair.one, pair.other):
        await becomes(before + looked_up, partial(lookups, operator))


async def test_the_usage_of_a_caller_is_that_at_all_servers(pair: Pair) -> None:
    caller = await new_caller(pair.one, "ROLE_READER", "acme", tier="enterprise")
    for channel in (pair.one.channel, pair.other.channel, pair.other.channel):
        await at(caller, channel).call(f"{TRIAGE}/GetTaxonomy")

    async def units() -> list[int]:
        used = (await pair.one.call(f"{LIMITS}/GetUsage", tenant="acme")).callers
        return [usage.admitted_units for usage in used if usage.caller == caller.name]

    await becomes([3], units)


async def test_the_callers_of_all_tenants_that_used_most_come_first(pair: Pair) -> None:
    caller = await new_caller(pair.one, "ROLE_READER", "acme", tier="enterprise")
    for _ in range(8):
        await caller.call(f"{TRIAGE}/GetTaxonomy")
    top = (await pair.one.call(f"{LIMITS}/ListTopCallers", page_size=1)).callers
    assert [usage.caller for usage in top] == [caller.name]


async def test_times_are_those_of_all_servers(pair: Pair) -> None:
    method = f"{LIMITS}/ListTiers"
    for caller in (pair.one, pair.other, pair.other):
        await caller.call(method)
    await becomes(3, partial(calls_of, pair.one, method))


async def test_a_call_that_one_server_failed_is_shown_by_the_other(pair: Pair) -> None:
    call_id, method = uuid.uuid4().hex, f"{ACCESS}/SuspendTenant"
    breaker = {"breaker": method, "mode": "CIRCUIT_BREAKER_MODE_FORCED_OPEN"}
    await pair.other.call(f"{RESILIENCE}/SetCircuitBreakerMode", **breaker)
    await refusal(pair.other.call(method, ("x-request-id", call_id), name="tenants/nobody"))
    breaker["mode"] = "CIRCUIT_BREAKER_MODE_AUTOMATIC"
    await pair.other.call(f"{RESILIENCE}/SetCircuitBreakerMode", **breaker)
    shown: list[Any] = []

    async def is_shown() -> bool:
        errors = (await pair.one.call(f"{RESILIENCE}/GetPerformance")).recent_errors
        shown[:] = [error for error in errors if error.call_id == call_id]
        return bool(shown)

    await until(is_shown)
    assert (shown[0].code, shown[0].reason) == ("UNAVAILABLE", "CIRCUIT_OPEN")


async def test_a_process_that_was_killed_is_counted_no_more(pair: Pair, records: Database) -> None:
    living, killed = await processes(pair.one), uuid.uuid4().hex
    await FigureStore(records).publish(killed, orjson.dumps(NOTHING))
    assert await processes(pair.one) == living + 1
    async with records.connection("test") as connection:
        await connection.execute(
            "UPDATE process_figures SET time = now() - interval '6 s' WHERE process = %s", [killed]
        )
    assert await processes(pair.one) == living


async def test_a_process_that_ends_is_counted_no_more_at_once(
    pair: Pair, records: Database
) -> None:
    living = await processes(pair.one)
    ending = ProcessFigures(FigureStore(records), uuid.uuid4().hex, lambda: NOTHING)
    ending.start()
    await ending.publish()
    await ending.stop()
    assert await processes(pair.one) == living


async def test_figures_that_could_not_be_read_once_are_published_later(
    pair: Pair, records: Database
) -> None:
    reads = iter([ValueError()])

    def read() -> dict[str, Any]:
        for failure in reads:
            raise failure
        return NOTHING

    living = await processes(pair.one)
    failing = ProcessFigures(FigureStore(records), uuid.uuid4().hex, read)
    failing.start()
    await becomes(living + 1, partial(processes, pair.one))
    await failing.stop()
