"""What operators order by mistake is refused with field and rule, and nothing changes."""

from datetime import timedelta
from typing import Any, NamedTuple

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from server.storage.database import Database
from tests.integration.access.refusals import refusal
from tests.integration.admin.servers import Pair
from tests.integration.callers import ACCESS, BUDGET, CACHE, LIMITS, RESILIENCE, TRIAGE

METHOD = f"{TRIAGE}/Triage"
CALLER = "acme/apiKeys/00000000000000bb"
KEY = "apiKeys/00000000000000bb"
LETTER = f"deadLetters/{0:032x}"
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


class Mistake(NamedTuple):
    """A request that must be refused, the field at fault, and words of the rule."""

    method: str
    fields: dict[str, Any]
    field: str
    rule: str


def cache_config(field: str, rule: str, **config: Any) -> Mistake:
    fields = {"config": {"method": METHOD, **config}}
    return Mistake(f"{CACHE}/UpdateCacheConfig", fields, field, rule)


def custom_limit(field: str, rule: str, **fields: Any) -> Mistake:
    return Mistake(f"{LIMITS}/SetCustomLimit", {"limits": {"per_day": 1}, **fields}, field, rule)


def breaker_settings(field: str, rule: str, **settings: Any) -> Mistake:
    fields = {"breaker": METHOD, "settings": settings}
    return Mistake(f"{RESILIENCE}/UpdateCircuitBreaker", fields, field, rule)


def semantic(field: str, rule: str, **settings: Any) -> Mistake:
    return Mistake(f"{CACHE}/UpdateSemanticCache", {"settings": settings}, field, rule)


def letters(field: str, rule: str, **filtered: Any) -> Mistake:
    return Mistake(f"{RESILIENCE}/PurgeDeadLetters", {"filter": filtered}, field, rule)


MISTAKES = [
    Mistake(f"{CACHE}/ClearCache", {"method": "p.S/M"}, "method", "has no cache"),
    Mistake(f"{CACHE}/ClearCache", {"tenant": "Acme!"}, "tenant", "regex"),
    Mistake(f"{CACHE}/UpdateCacheConfig", {}, "config", "required"),
    cache_config("config.method", "those that have: switchyard", method=f"{TRIAGE}/GetTaxonomy"),
    cache_config("config.method", "has no cache", method=""),
    cache_config("config.ttl", "greater than 0 s and at most 3600 s", ttl=timedelta(0)),
    cache_config("config.ttl", "at most 3600 s", ttl=-MINUTE),
    cache_config("config.ttl", "at most 3600 s", ttl=HOUR + MINUTE),
    cache_config("config.stale_ttl", "0 to 60 s", ttl=HOUR - MINUTE, stale_ttl=2 * MINUTE),
    cache_config("config.stale_ttl", "0 to 60 s", ttl=HOUR - MINUTE, stale_ttl=-MINUTE),
    custom_limit("request", "caller, method or both"),
    custom_limit("caller", "regex", caller=KEY),
    custom_limit("caller", "regex", caller=f"{CALLER}\n"),
    custom_limit("caller", "300", caller=f"acme/{'x' * 300}"),
    custom_limit("method", "must be a method of this server", method="p.S/M"),
    custom_limit("limits", "at least one window", caller=CALLER, limits={}),
    custom_limit("limits.per_day", "10000", caller=CALLER, limits={"per_day": 10**12 + 1}),
    custom_limit("limits.per_second", "0", caller=CALLER, limits={"per_second": -1, "per_day": 2}),
    Mistake(f"{LIMITS}/SetTier", {"api_key": KEY, "tier": "gold"}, "tier", "one of free, basic"),
    Mistake(f"{LIMITS}/SetTier", {"api_key": KEY, "tier": "anonymous"}, "tier", "one of free"),
    Mistake(f"{LIMITS}/SetTier", {"api_key": CALLER, "tier": "pro"}, "api_key", "regex"),
    Mistake(f"{LIMITS}/ListCustomLimits", {"page_token": "x"}, "page_token", "no token"),
    Mistake(f"{LIMITS}/ResetLimits", {}, "caller", "regex"),
    Mistake(f"{LIMITS}/ResetLimits", {"caller": KEY}, "caller", "regex"),
    Mistake(f"{LIMITS}/GetStatus", {"caller": KEY}, "caller", "regex"),
    Mistake(f"{LIMITS}/ListTopCallers", {"page_size": 1001}, "page_size", "1000"),
    Mistake(f"{LIMITS}/GetUsage", {"tenant": "Acme!"}, "tenant", "regex"),
    Mistake(f"{RESILIENCE}/UpdateCircuitBreaker", {"breaker": METHOD}, "settings", "required"),
    breaker_settings("settings.failure_rate", "1", failure_rate=1.5),
    breaker_settings("settings.slow_call", "0", slow_call=timedelta(0)),
    breaker_settings("settings.window", "3600", window=HOUR + MINUTE),
    breaker_settings("settings.open", "0", open=-MINUTE),
    breaker_settings("settings.window_calls", "10000", window_calls=10_001),
    breaker_settings("settings.minimum_calls", "at most window_calls", minimum_calls=5000),
    breaker_settings("settings.minimum_calls", "which is 1", window_calls=1, minimum_calls=2),
    Mistake(f"{RESILIENCE}/SetCircuitBreakerMode", {"breaker": METHOD}, "mode", "in list"),
    Mistake(
        f"{RESILIENCE}/SetCircuitBreakerMode", {"breaker": METHOD, "mode": 9}, "mode", "defined"
    ),
    semantic("settings.fixed_similarity", "0.6 to 0.99", fixed_similarity=0.5),
    semantic("settings.fixed_similarity", "0.6 to 0.99", fixed_similarity=1.0),
    semantic("settings.fixed_similarity", "0.6 to 0.99", fixed_similarity=float("nan")),
    semantic("settings.fixed_similarity", "a hundredth", fixed_similarity=0.955),
    semantic("settings.error_budget", "1", error_budget=1.0),
    semantic("settings.error_budget", "", error_budget=float("nan")),
    semantic("settings.audit_rate", "1", audit_rate=1.5),
    Mistake(f"{CACHE}/UpdateSemanticCache", {}, "settings", "required"),
    Mistake(f"{CACHE}/GetSemanticCache", {"tenant": "Acme!"}, "tenant", "regex"),
    Mistake(f"{BUDGET}/SetBudget", {"daily_micro_usd": -1}, "daily_micro_usd", "0"),
    Mistake(f"{BUDGET}/SetBudget", {"daily_micro_usd": 10**15 + 1}, "daily_micro_usd", "10000"),
    Mistake(f"{BUDGET}/SetBudget", {"over_budget": 9}, "over_budget", "defined"),
    Mistake(f"{BUDGET}/SetBudget", {"tenant": "-"}, "tenant", "regex"),
    Mistake(f"{BUDGET}/ListSpending", {"days": 91}, "days", "90"),
    Mistake(f"{RESILIENCE}/SetProviderDrill", {}, "provider", "1"),
    letters("filter.names[0]", "regex", names=["deadLetters/1"]),
    letters("filter.names", "100", names=[LETTER] * 101),
    letters("filter.function", "regex", function="triage classify"),
    letters("filter.severity", "defined", severity=9),
    letters("filter.state", "defined", state=9),
    letters("filter.end_time", "1970 to 9999", end_time=Timestamp(seconds=-1)),
    letters("filter.start_time", "nanos", start_time=Timestamp(nanos=10**9)),
    Mistake(f"{RESILIENCE}/ListDeadLetters", {"page_size": 51}, "page_size", "50"),
    Mistake(f"{RESILIENCE}/ListDeadLetters", {"page_token": "x"}, "page_token", "no token"),
    Mistake(f"{ACCESS}/CreateTenant", {"tenant_id": "address"}, "tenant_id", "not be in list"),
]


async def on_record(records: Database) -> list[Any]:
    """All that is set, and how many changes there were."""
    async with records.connection("test") as connection:
        settings = await connection.execute("SELECT kind, subject, value FROM settings")
        found: list[Any] = sorted(await settings.fetchall(), key=str)
        events = await connection.execute("SELECT count(*) FROM audit_events")
        return [*found, *await events.fetchall()]


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
async def test_a_mistake_is_refused_with_field_and_rule_and_changes_nothing(
    pair: Pair, records: Database, mistake: Mistake
) -> None:
    before = await on_record(records)
    refused = await refusal(pair.one.call(mistake.method, **mistake.fields))
    assert (refused.code, refused.field) == ("INVALID_ARGUMENT", mistake.field)
    assert mistake.rule in refused.message
    assert await on_record(records) == before


@pytest.mark.parametrize(
    ("method", "fields", "reason"),
    [
        (f"{LIMITS}/SetTier", {"api_key": KEY, "tier": "pro"}, "API_KEY_NOT_FOUND"),
        (f"{RESILIENCE}/ResetCircuitBreaker", {"breaker": "p.S/M"}, "CIRCUIT_BREAKER_NOT_FOUND"),
        (
            f"{RESILIENCE}/UpdateCircuitBreaker",
            {"breaker": "p.S/M", "settings": {"window_calls": 50}},
            "CIRCUIT_BREAKER_NOT_FOUND",
        ),
        (
            f"{RESILIENCE}/SetCircuitBreakerMode",
            {"breaker": f"{RESILIENCE}/GetPerformance", "mode": 2},
            "CIRCUIT_BREAKER_NOT_FOUND",
        ),
        (f"{RESILIENCE}/SetProviderDrill", {"provider": "nobody"}, "PROVIDER_NOT_FOUND"),
        (f"{BUDGET}/GetBudget", {"tenant": "nobody"}, "TENANT_NOT_FOUND"),
        (f"{BUDGET}/SetBudget", {"tenant": "nobody", "daily_micro_usd": 1}, "TENANT_NOT_FOUND"),
        (f"{BUDGET}/ListSpending", {"tenant": "nobody"}, "TENANT_NOT_FOUND"),
    ],
    ids=str,
)
async def test_what_is_not_there_is_not_found_and_nothing_changes(
    pair: Pair, records: Database, method: str, fields: dict[str, Any], reason: str
) -> None:
    before = await on_record(records)
    refused = await refusal(pair.one.call(method, **fields))
    assert (refused.code, refused.reason) == ("NOT_FOUND", reason)
    assert await on_record(records) == before
