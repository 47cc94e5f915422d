"""Every change leaves an event: who did what to which resource, and how it was before and after."""

import json
from datetime import timedelta
from typing import Any, NamedTuple

import pytest

from tests.integration.admin.servers import Pair, new_caller, newest_event
from tests.integration.callers import BUDGET, CACHE, LIMITS, RESILIENCE, TRIAGE

CALLER = "acme/apiKeys/00000000000000aa"
METHOD = f"{TRIAGE}/Triage"


class Changes(NamedTuple):
    """One thing changed twice, and the audit events that must come of it."""

    method: str
    first: dict[str, Any]
    second: dict[str, Any]
    action: str
    resource: str
    before: dict[str, Any] | None  # facts of the second event, among others
    after: dict[str, Any] | None


CHANGES = [
    Changes(
        f"{CACHE}/UpdateCacheConfig",
        {"config": {"method": METHOD, "enabled": True, "ttl": timedelta(seconds=40)}},
        {"config": {"method": METHOD, "ttl": timedelta(seconds=50)}},
        "cache.set",
        METHOD,
        {"is_enabled": True, "ttl_s": 40.0},
        {"is_enabled": True, "ttl_s": 50.0},
    ),
    Changes(
        f"{CACHE}/ClearCache",
        {},
        {"tenant": "acme"},
        "cache.clear",
        "tenant:acme",
        None,
        {"tenant": "acme", "method": ""},
    ),
    Changes(
        f"{LIMITS}/SetCustomLimit",
        {"caller": CALLER, "limits": {"per_day": 5}},
        {"caller": CALLER},
        "custom_limit.set",
        f"{CALLER} ",
        {"day": 5},
        None,
    ),
    Changes(
        f"{LIMITS}/ResetLimits",
        {"caller": CALLER},
        {"caller": CALLER},
        "limits.reset",
        CALLER,
        None,
        {},
    ),
    Changes(
        f"{RESILIENCE}/UpdateCircuitBreaker",
        {"breaker": METHOD, "settings": {"consecutive_failures": 6}},
        {"breaker": METHOD, "settings": {"consecutive_failures": 7}},
        "circuit_breaker.set",
        METHOD,
        {"consecutive_failures": 6},
        {"consecutive_failures": 7},
    ),
    Changes(
        f"{RESILIENCE}/SetCircuitBreakerMode",
        {"breaker": METHOD, "mode": "CIRCUIT_BREAKER_MODE_DISABLED"},
        {"breaker": METHOD, "mode": "CIRCUIT_BREAKER_MODE_AUTOMATIC"},
        "circuit_breaker_mode.set",
        METHOD,
        {"mode": "disabled"},
        {"mode": "automatic"},
    ),
    Changes(
        f"{RESILIENCE}/ResetCircuitBreaker",
        {"breaker": METHOD},
        {"breaker": METHOD},
        "circuit_breaker.reset",
        METHOD,
        None,
        {},
    ),
    Changes(
        f"{CACHE}/UpdateSemanticCache",
        {"settings": {"enabled": True, "audit_rate": 0.3, "fixed_similarity": 0.0}},
        {"settings": {"fixed_similarity": 0.95}},
        "semantic_cache.set",
        "gates",
        {"audit_rate": 0.3, "fixed_similarity": None},
        {"audit_rate": 0.3, "fixed_similarity": 0.95},
    ),
    Changes(
        f"{BUDGET}/SetBudget",
        {"daily_micro_usd": 5, "over_budget": "OVER_BUDGET_REFUSE"},
        {},
        "budget.set",
        "budget",
        {"daily_micro_usd": 5, "when_spent": "refuse"},
        None,
    ),
]


@pytest.mark.parametrize("changes", CHANGES, ids=lambda changes: changes.action)
async def test_a_change_is_on_record_with_who_what_before_and_after(
    pair: Pair, changes: Changes
) -> None:
    await pair.one.call(changes.method, **changes.first)
    await pair.other.call(changes.method, **changes.second)
    event = await newest_event(pair.one, changes.action)
    assert event.actor == pair.one.name.removeprefix("default/")
    assert event.resource == changes.resource
    assert facts_among(event.before, changes.before) == changes.before
    assert facts_among(event.after, changes.after) == changes.after


async def test_a_new_tier_is_on_record_with_the_keys_tenant(pair: Pair) -> None:
    caller = await new_caller(pair.one, "ROLE_READER", "acme", tier="free")
    key = caller.name.removeprefix("acme/")
    await pair.one.call(f"{LIMITS}/SetTier", api_key=key, tier="pro")
    event = await newest_event(pair.one, "api_key.set_tier", tenant="acme")
    assert (event.tenant, event.resource) == ("acme", key)
    tiers = [json.loads(facts)["tier"] for facts in (event.before, event.after)]
    assert tiers == ["free", "pro"]


def facts_among(text: str, wanted: dict[str, Any] | None) -> dict[str, Any] | None:
    """What an event says of what is wanted; all that it says where nothing is."""
    facts: dict[str, Any] | None = json.loads(text) if text else None
    return {name: facts.get(name) for name in wanted} if facts and wanted else facts
