"""What is set through one server is in force in the other within a moment, and after a restart."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from server.storage.database import Database
from tests.integration.access.refusals import refusal
from tests.integration.admin.servers import Pair, at, becomes, breaker_at, new_caller, serving
from tests.integration.callers import ACCESS, CACHE, LIMITS, RESILIENCE, TRIAGE, Caller

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
    async with records.connection("test") as connection:
        rows = await connection.execute("SELECT subject FROM settings WHERE kind = 'custom_limit'")
        subjects = {subject for (subject,) in await rows.fetchall()}
    assert f"default/{made.api_key.name} {TRIAGE}/GetTaxonomy" in subjects
    assert f"{caller.name} {TRIAGE}/GetTaxonomy" not in subjects


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
    name = f"{TRIAGE}/ListTriageRuns"
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
