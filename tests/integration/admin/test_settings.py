"""What is set through one server is in force in the other within a moment, and after a restart."""

import asyncio
import json
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from server.storage.database import Database
from tests.integration.access.refusals import refusal
from tests.integration.admin.servers import (
    Pair,
    at,
    becomes,
    breaker_at,
    new_caller,
    newest_event,
    serving,
)
from tests.integration.callers import ACCESS, CACHE, LIMITS, RESILIENCE, TRIAGE, Caller, until

MINUTE, HALF_MINUTE = timedelta(minutes=1), timedelta(seconds=30)


async def set_cache(operator: Caller, **fields: Any) -> None:
    config = {"method": f"{TRIAGE}/Triage", **fields}
    await operator.call(f"{CACHE}/UpdateCacheConfig", config=config)


async def cache_at(operator: Caller) -> Any:
    (config,) = (await operator.call(f"{CACHE}/GetCacheStats")).configs
    return config.enabled, config.ttl.ToTimedelta(), config.stale_ttl.ToTimedelta()


async def status_at(operator: Caller, caller: str) -> Any:
    return await operator.call(f"{LIMITS}/GetStatus", caller=caller)


async def limits_at(operator: Caller, caller: str) -> dict[int, int]:
    """Units by the seconds of their window."""
    status = await status_at(operator, caller)
    return {window.window.seconds: window.limit for window in status.windows}


async def test_terms_of_the_cache_are_in_force_in_the_other_server(pair: Pair) -> None:
    await set_cache(pair.one, enabled=True, ttl=MINUTE, stale_ttl=HALF_MINUTE)
    await becomes((True, MINUTE, HALF_MINUTE), lambda: cache_at(pair.other))


@pytest.mark.parametrize("is_enabled", [True, False])
async def test_a_new_time_alone_leaves_the_cache_on_or_off_as_it_was(
    pair: Pair, *, is_enabled: bool
) -> None:
    await set_cache(pair.one, enabled=is_enabled, ttl=HALF_MINUTE, stale_ttl=HALF_MINUTE)
    await set_cache(pair.one, ttl=MINUTE)
    assert await cache_at(pair.one) == (is_enabled, MINUTE, HALF_MINUTE)


async def test_limits_of_a_callers_own_are_in_force_in_the_other_server(pair: Pair) -> None:
    caller = await new_caller(pair.one, "ROLE_READER", tier="free")
    limits = {"per_minute": 7, "per_day": 70}
    await pair.one.call(f"{LIMITS}/SetCustomLimit", caller=caller.name, limits=limits)
    await becomes({60: 7, 86400: 70}, lambda: limits_at(pair.other, caller.name))


async def test_limits_that_are_taken_back_are_those_of_the_tier_again_everywhere(
    pair: Pair,
) -> None:
    caller = await new_caller(pair.one, "ROLE_READER", tier="free")
    usual = await limits_at(pair.other, caller.name)
    await pair.one.call(f"{LIMITS}/SetCustomLimit", caller=caller.name, limits={"per_day": 1})
    await becomes({86400: 1}, lambda: limits_at(pair.other, caller.name))
    await pair.one.call(f"{LIMITS}/SetCustomLimit", caller=caller.name)
    await becomes(usual, lambda: limits_at(pair.other, caller.name))


async def custom_limits_at(caller: Caller, **fields: Any) -> list[tuple[str, str, int]]:
    """Caller, method and units a day of the custom limits that a caller sees, page by page."""
    found, token = [], None
    while token != "":
        page = await caller.call(f"{LIMITS}/ListCustomLimits", page_token=token, **fields)
        found += [(one.caller, one.method, one.limits.per_day) for one in page.custom_limits]
        token = page.next_page_token
    return found


async def test_custom_limits_are_listed_to_whom_they_concern(pair: Pair) -> None:
    method = f"{TRIAGE}/GetTaxonomy"
    given = [
        ("", method, 900),
        ("acme-2/c", "", 73),
        ("acme/a b", "", 71),
        ("acme/a b", method, 72),
    ]
    for caller, at_method, units in given:
        limit = {"caller": caller, "method": at_method, "limits": {"per_day": units}}
        await pair.one.call(f"{LIMITS}/SetCustomLimit", **limit)
    listed = await custom_limits_at(pair.one, page_size=1)
    assert [one for one in listed if one in given] == given  # other tests have left some
    of_acme = [given[0], *given[2:]]
    assert await custom_limits_at(pair.one, tenant="acme", page_size=2) == of_acme
    assert await custom_limits_at(at(pair.reader, pair.one.channel)) == of_acme
    for caller, at_method, _ in given:
        await pair.one.call(f"{LIMITS}/SetCustomLimit", caller=caller, method=at_method)
    assert not await custom_limits_at(pair.one, tenant="acme")


async def test_a_callers_status_tells_what_it_has_left_at_a_method(pair: Pair) -> None:
    caller, method = await new_caller(pair.one, "ROLE_READER", tier="pro"), f"{TRIAGE}/GetTaxonomy"
    limit = {"caller": caller.name, "method": method, "limits": {"per_hour": 1}}
    await pair.one.call(f"{LIMITS}/SetCustomLimit", **limit)
    await caller.call(method)
    status = await status_at(pair.one, caller.name)
    last = status.windows[-1]
    assert (last.method, last.window.seconds, last.limit, last.remaining) == (method, 3600, 1, 0)


async def test_a_key_that_replaces_another_has_its_limits_in_every_server(pair: Pair) -> None:
    caller = await new_caller(pair.one, "ROLE_READER", tier="free")
    limits = {"per_minute": 7, "per_day": 70}
    await pair.one.call(f"{LIMITS}/SetCustomLimit", caller=caller.name, limits=limits)
    for _ in range(2):  # the second time, of a key that inherited its limits itself
        old = caller.name.removeprefix("default/")
        made = await pair.one.call(f"{ACCESS}/RotateApiKey", name=old, overlap=timedelta())
        caller = Caller(pair.one.channel, made.secret, f"default/{made.api_key.name}")
        for server in (pair.one, pair.other):
            await becomes({60: 7, 86400: 70}, partial(limits_at, server, caller.name))


async def test_a_key_that_is_replaced_leaves_no_limits_behind(
    pair: Pair, records: Database
) -> None:
    caller = await new_caller(pair.one, "ROLE_READER", tier="free")
    at_method = {"caller": caller.name, "method": f"{TRIAGE}/GetTaxonomy"}
    await pair.one.call(f"{LIMITS}/SetCustomLimit", **at_method, limits={"per_day": 70})
    old = caller.name.removeprefix("default/")
    made = await pair.one.call(f"{ACCESS}/RotateApiKey", name=old, overlap=timedelta())
    subjects = await limited_subjects(records)
    assert f"default/{made.api_key.name} {TRIAGE}/GetTaxonomy" in subjects
    assert f"{caller.name} {TRIAGE}/GetTaxonomy" not in subjects


async def limited_subjects(records: Database) -> set[str]:
    """Whose custom limits are on record."""
    async with records.connection("test") as connection:
        rows = await connection.execute("SELECT subject FROM settings WHERE kind = 'custom_limit'")
        return {subject for (subject,) in await rows.fetchall()}


async def test_a_key_that_is_revoked_leaves_no_limits_behind(pair: Pair, records: Database) -> None:
    caller = await new_caller(pair.one, "ROLE_READER", tier="free")
    await pair.one.call(f"{LIMITS}/SetCustomLimit", caller=caller.name, limits={"per_day": 70})
    await becomes({86400: 70}, lambda: limits_at(pair.other, caller.name))
    key = caller.name.removeprefix("default/")
    await pair.one.call(f"{ACCESS}/RevokeApiKey", name=key)
    assert f"{caller.name} " not in await limited_subjects(records)
    usual = await limits_at(pair.other, "default/nobody")
    await becomes(usual, lambda: limits_at(pair.other, caller.name))


async def test_a_tenant_that_is_deleted_leaves_no_limits_behind(
    pair: Pair, records: Database
) -> None:
    for tenant in ("gone", "gone-not"):
        await pair.one.call(f"{ACCESS}/CreateTenant", tenant_id=tenant)
        caller, limits = f"{tenant}/Jane Doe", {"per_day": 70}
        await pair.one.call(f"{LIMITS}/SetCustomLimit", caller=caller, limits=limits)
    await becomes({86400: 70}, lambda: limits_at(pair.other, "gone/Jane Doe"))
    await pair.one.call(f"{ACCESS}/SuspendTenant", name="tenants/gone")
    await pair.one.call(f"{ACCESS}/DeleteTenant", name="tenants/gone")
    subjects = await limited_subjects(records)
    assert ("gone/Jane Doe " in subjects, "gone-not/Jane Doe " in subjects) == (False, True)
    usual = await limits_at(pair.other, "gone/nobody")
    await becomes(usual, lambda: limits_at(pair.other, "gone/Jane Doe"))


async def test_a_tier_is_in_force_in_the_other_server_for_a_key_that_it_remembers(
    pair: Pair,
) -> None:
    caller = at(await new_caller(pair.one, "ROLE_SUPERVISOR", tier="free"), pair.other.channel)
    assert (await status_at(caller, "")).tier == "free"
    _, _, key = caller.name.partition("/")
    await pair.one.call(f"{LIMITS}/SetTier", api_key=key, tier="pro")

    async def tier() -> str:
        return str((await status_at(caller, "")).tier)

    await becomes("pro", tier)


async def test_settings_of_a_breaker_are_in_force_in_the_other_server(pair: Pair) -> None:
    name = f"{TRIAGE}/GetTriageRun"
    settings = {"consecutive_failures": 9, "open": MINUTE}
    await pair.one.call(f"{RESILIENCE}/UpdateCircuitBreaker", breaker=name, settings=settings)

    async def read() -> Any:
        found = (await breaker_at(pair.other, name)).settings
        return found.consecutive_failures, found.open.ToTimedelta()

    await becomes((9, MINUTE), read)


async def test_a_breaker_that_is_forced_open_refuses_calls_of_the_other_server(pair: Pair) -> None:
    name = f"{ACCESS}/ListTenants"
    mode = "CIRCUIT_BREAKER_MODE_FORCED_OPEN"
    await pair.one.call(f"{RESILIENCE}/SetCircuitBreakerMode", breaker=name, mode=mode)

    async def mode_there() -> int:
        return int((await breaker_at(pair.other, name)).mode)

    await becomes(2, mode_there)
    assert (await refusal(pair.other.call(name))).reason == "CIRCUIT_OPEN"
    mode = "CIRCUIT_BREAKER_MODE_AUTOMATIC"
    await pair.other.call(f"{RESILIENCE}/SetCircuitBreakerMode", breaker=name, mode=mode)
    assert (await pair.other.call(name)).tenants


async def test_every_method_has_its_breaker_before_it_is_first_called(pair: Pair) -> None:
    await breaker_at(pair.one, f"{TRIAGE}/UpdateTaxonomy")


async def test_a_setting_of_a_newer_release_does_not_keep_others_from_coming_into_force(
    pair: Pair, records: Database
) -> None:
    async with records.connection("test") as connection:
        await connection.execute(
            "INSERT INTO settings (tenant, kind, subject, value) VALUES"
            """ ('default', 'circuit_breaker_mode', 'p.S/M', '{"mode": "ajar"}'),"""
            """ ('default', 'custom_limit', 'x/y ', '{"week": 5}'),"""
            """ ('default', 'weather', 'x', '{"is_fine": true}')"""
        )
    caller = await new_caller(pair.one, "ROLE_READER", tier="free")
    await pair.one.call(f"{LIMITS}/SetCustomLimit", caller=caller.name, limits={"per_hour": 3})
    await becomes({3600: 3}, lambda: limits_at(pair.other, caller.name))


async def test_what_was_set_is_in_force_after_a_restart(pair: Pair) -> None:
    caller = await new_caller(pair.one, "ROLE_READER", tier="free")
    name = f"{TRIAGE}/StreamTriage"
    await set_cache(pair.one, enabled=False, ttl=MINUTE, stale_ttl=HALF_MINUTE)
    await pair.one.call(f"{LIMITS}/SetCustomLimit", caller=caller.name, limits={"per_day": 8})
    settings = {"successes_to_close": 4}
    await pair.one.call(f"{RESILIENCE}/UpdateCircuitBreaker", breaker=name, settings=settings)
    mode = "CIRCUIT_BREAKER_MODE_METRICS_ONLY"
    await pair.one.call(f"{RESILIENCE}/SetCircuitBreakerMode", breaker=name, mode=mode)
    async with serving(pair.settings) as channel:
        restarted = at(pair.one, channel)
        assert await cache_at(restarted) == (False, MINUTE, HALF_MINUTE)
        assert await limits_at(restarted, caller.name) == {86400: 8}
        breaker = await breaker_at(restarted, name)
        assert (breaker.settings.successes_to_close, breaker.mode) == (4, 4)


async def test_terms_beyond_a_contract_that_allows_less_now_are_cut(
    pair: Pair, records: Database
) -> None:
    await set_cache(pair.one, enabled=True, ttl=MINUTE, stale_ttl=HALF_MINUTE)
    async with records.connection("test") as connection:
        await connection.execute(
            'UPDATE settings SET value = value || \'{"ttl_s": 3000, "stale_ttl_s": 3000}\''
            " WHERE kind = 'cache'"
        )
        await connection.execute("""SELECT pg_notify('switchyard_orders', '{"what": "setting"}')""")
    wanted = (True, timedelta(seconds=3000), timedelta(seconds=600))
    await becomes(wanted, lambda: cache_at(pair.other))


AT_ONCE: list[tuple[str, dict[str, Any], dict[str, Any], str, dict[str, Any]]] = [
    (
        f"{RESILIENCE}/UpdateCircuitBreaker",
        {"breaker": f"{TRIAGE}/BatchTriage", "settings": {"consecutive_failures": 7}},
        {"breaker": f"{TRIAGE}/BatchTriage", "settings": {"half_open_calls": 3}},
        "circuit_breaker.set",
        {"consecutive_failures": 7, "half_open_calls": 3},
    ),
    (
        f"{CACHE}/UpdateCacheConfig",
        {"config": {"method": f"{TRIAGE}/Triage", "stale_ttl": timedelta(seconds=7)}},
        {"config": {"method": f"{TRIAGE}/Triage", "ttl": timedelta(seconds=42)}},
        "cache.set",
        {"stale_ttl_s": 7.0, "ttl_s": 42.0},
    ),
    (
        f"{CACHE}/UpdateSemanticCache",
        {"settings": {"error_budget": 0.05}},
        {"settings": {"audit_rate": 0.5}},
        "semantic_cache.set",
        {"error_budget": 0.05, "audit_rate": 0.5},
    ),
]
HELD_UP = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


@pytest.mark.parametrize(("method", "one", "other", "action", "wanted"), AT_ONCE)
async def test_of_two_changes_at_once_by_two_servers_neither_is_lost(
    pair: Pair,
    records: Database,
    method: str,
    one: dict[str, Any],
    other: dict[str, Any],
    action: str,
    wanted: dict[str, Any],
) -> None:
    async with records.connection("test") as connection, records.connection("test") as watcher:

        async def both_are_held_up() -> bool:
            return await (await watcher.execute(HELD_UP)).fetchone() == (2,)

        async with connection.transaction():
            await connection.execute("LOCK TABLE settings IN EXCLUSIVE MODE")  # reads go on
            calls = [pair.one.call(method, **one), pair.other.call(method, **other)]
            await until(both_are_held_up)
    await asyncio.gather(*calls)
    set_last = json.loads((await newest_event(pair.one, action)).after)
    assert {name: set_last[name] for name in wanted} == wanted
