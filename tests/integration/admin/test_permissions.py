"""Who may not, may not: every method of administration is held to its policy."""

from typing import Any

import pytest
from google.protobuf import descriptor_pool

from interceptors.policy import read_policies
from server.access.roles import ADMIN, READER
from tests.integration.access.refusals import refusal
from tests.integration.admin.servers import Pair, new_caller
from tests.integration.callers import ACCESS, BUDGET, CACHE, LIMITS, RESILIENCE

POLICIES = read_policies(descriptor_pool.Default(), [ACCESS, BUDGET, CACHE, LIMITS, RESILIENCE])
FOR_READERS = {
    f"{ACCESS}/IssueToken",
    *(
        f"{LIMITS}/{method}"
        for method in ("ListTiers", "ListCustomLimits", "GetStatus", "GetUsage")
    ),
}
FOR_OPERATORS = [name for name, policy in POLICIES.items() if policy.permission not in ADMIN]


def test_readers_may_have_tokens_of_their_own_look_at_limits_and_nothing_else() -> None:
    allowed = {name for name, policy in POLICIES.items() if policy.permission in READER}
    assert allowed == FOR_READERS


@pytest.mark.parametrize("method", sorted(POLICIES.keys() - FOR_READERS))
async def test_a_caller_without_the_permission_is_refused(pair: Pair, method: str) -> None:
    refused = await refusal(pair.reader.call(method))
    assert (refused.code, refused.reason) == ("PERMISSION_DENIED", "PERMISSION_DENIED")
    assert POLICIES[method].permission in refused.message


@pytest.mark.parametrize("method", FOR_OPERATORS)
async def test_a_tenants_administrator_is_refused_what_concerns_all_tenants(
    pair: Pair, method: str
) -> None:
    refused = await refusal(pair.admin.call(method))
    assert (refused.code, refused.reason) == ("PERMISSION_DENIED", "PERMISSION_DENIED")


@pytest.mark.parametrize(
    ("method", "fields"),
    [
        (f"{LIMITS}/GetStatus", {"caller": "default/apiKeys/0123456789abcdef"}),
        (f"{LIMITS}/GetStatus", {"caller": "acme-2/apiKeys/0123456789abcdef"}),
        (f"{LIMITS}/GetStatus", {"caller": "address/127.0.0.1"}),
        (f"{LIMITS}/ListCustomLimits", {"tenant": "default"}),
        (f"{LIMITS}/GetUsage", {"tenant": "default"}),
        (f"{LIMITS}/GetUsage", {"tenant": "address"}),
        (f"{ACCESS}/ListApiKeys", {"tenant": "default"}),
        (f"{ACCESS}/ListAuditEvents", {"tenant": "default"}),
        (f"{ACCESS}/CreateApiKey", {"tenant": "default", "roles": ["ROLE_READER"]}),
        (f"{BUDGET}/GetBudget", {"tenant": "default"}),
        (f"{BUDGET}/GetBudget", {"tenant": "nobody"}),
        (f"{BUDGET}/ListSpending", {"tenant": "default"}),
        (f"{BUDGET}/ListSpending", {"tenant": "-"}),
        (f"{RESILIENCE}/ListDeadLetters", {"tenant": "default"}),
        (f"{RESILIENCE}/GetDeadLetterStats", {"tenant": "default"}),
        (f"{RESILIENCE}/ReplayDeadLetters", {"tenant": "default"}),
        (f"{RESILIENCE}/PurgeDeadLetters", {"tenant": "default"}),
    ],
    ids=str,
)
async def test_a_tenants_administrator_does_not_reach_another_tenant(
    pair: Pair, method: str, fields: dict[str, Any]
) -> None:
    assert (await refusal(pair.admin.call(method, **fields))).code == "PERMISSION_DENIED"


@pytest.mark.parametrize("method", ["RevokeApiKey", "RotateApiKey"])
async def test_a_key_of_another_tenant_does_not_exist_for_a_tenants_administrator(
    pair: Pair, method: str
) -> None:
    stranger = await new_caller(pair.one, "ROLE_READER")
    name = stranger.name.removeprefix("default/")
    refused = await refusal(pair.admin.call(f"{ACCESS}/{method}", name=name))
    assert refused.reason == "API_KEY_NOT_FOUND"


async def test_a_tenants_administrator_sees_the_status_of_its_own_callers(pair: Pair) -> None:
    caller = await new_caller(pair.one, "ROLE_READER", "acme", tier="basic")
    status = await pair.admin.call(f"{LIMITS}/GetStatus", caller=caller.name)
    assert (status.caller, status.tier, len(status.windows)) == (caller.name, "basic", 4)


async def test_a_tenants_administrator_sees_the_usage_of_its_own_callers_alone(pair: Pair) -> None:
    own = await new_caller(pair.one, "ROLE_SUPERVISOR", "acme", tier="basic")
    stranger = await new_caller(pair.one, "ROLE_SUPERVISOR", tier="basic")
    for caller in (own, stranger):
        await caller.call(f"{LIMITS}/ListTiers")
    seen = {usage.caller for usage in (await pair.admin.call(f"{LIMITS}/GetUsage")).callers}
    assert own.name in seen
    assert all(name.startswith("acme/") for name in seen)
