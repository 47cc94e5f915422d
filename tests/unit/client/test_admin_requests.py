"""Every administration command asks the server for exactly what was typed."""

from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result
from google.protobuf.json_format import ParseDict
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from switchyard.admin.v1 import cache_service_pb2
from switchyard_client.__main__ import cli

from tests.unit.client.fake_admin import METHODS, FakeAdmin
from tests.unit.client.fake_service import FakeServer

Run = Callable[..., Result]

DIGITS = "0123456789abcdef"
KEY = f"apiKeys/{DIGITS}"
CALLER = f"acme/{KEY}"
METHOD = "switchyard.triage.v1.TriageService/Triage"
LETTER = "019a8b7c6d5e4f30a1b2c3d4e5f60718"
NAME = f"deadLetters/{LETTER}"

# What is typed, the method that is called, and the request as the contract's JSON.
COMMANDS: list[tuple[str, str, dict[str, object]]] = [
    (
        "keys create --role reader --role agent --title checkout --tier pro --ttl 90d "
        "--permission audit.read --tenant acme",
        "CreateApiKey",
        {
            "tenant": "acme",
            "title": "checkout",
            "roles": ["ROLE_READER", "ROLE_AGENT"],
            "permissions": ["audit.read"],
            "tier": "pro",
            "ttl": "7776000s",
        },
    ),
    ("keys list --tenant acme --limit 9", "ListApiKeys", {"tenant": "acme", "pageSize": 10}),
    (f"keys rotate {DIGITS}", "RotateApiKey", {"name": KEY}),
    (f"keys rotate {KEY} --overlap 0s", "RotateApiKey", {"name": KEY, "overlap": "0s"}),
    (f"keys revoke sy_{DIGITS} --yes", "RevokeApiKey", {"name": KEY}),
    ("token", "IssueToken", {}),
    ("token --ttl 5m --role reader", "IssueToken", {"ttl": "300s", "roles": ["ROLE_READER"]}),
    (
        "tenants create acme --title Acme",
        "CreateTenant",
        {"tenantId": "acme", "title": "Acme"},
    ),
    ("tenants list --limit 5000", "ListTenants", {"pageSize": 1000}),
    ("tenants suspend acme --yes", "SuspendTenant", {"name": "tenants/acme"}),
    ("tenants resume tenants/acme", "ResumeTenant", {"name": "tenants/acme"}),
    ("tenants delete acme --yes", "DeleteTenant", {"name": "tenants/acme"}),
    (
        "audit --tenant acme --action api_key.create --limit 5",
        "ListAuditEvents",
        {"tenant": "acme", "action": "api_key.create", "pageSize": 6},
    ),
    ("cache stats", "GetCacheStats", {}),
    (f"cache clear --method {METHOD}", "ClearCache", {"method": METHOD}),
    ("cache clear --yes", "ClearCache", {}),
    (
        f"cache config {METHOD} --off --ttl 30s --stale-ttl 5m",
        "UpdateCacheConfig",
        {"config": {"method": METHOD, "enabled": False, "ttl": "30s", "staleTtl": "300s"}},
    ),
    (
        f"cache config {METHOD} --ttl 500ms",
        "UpdateCacheConfig",
        {"config": {"method": METHOD, "ttl": "0.5s"}},
    ),
    ("cache test", "TestCache", {}),
    ("limits tiers", "ListTiers", {}),
    (f"limits set-tier {DIGITS} pro", "SetTier", {"apiKey": KEY, "tier": "pro"}),
    (
        f"limits set --caller {CALLER} --method {METHOD} --per-second 5 --per-day 0",
        "SetCustomLimit",
        {"caller": CALLER, "method": METHOD, "limits": {"perSecond": "5"}},
    ),
    (f"limits unset --caller {CALLER}", "SetCustomLimit", {"caller": CALLER}),
    ("limits list", "ListCustomLimits", {"pageSize": 51}),
    ("limits list --tenant acme --limit 9", "ListCustomLimits", {"tenant": "acme", "pageSize": 10}),
    ("limits status", "GetStatus", {}),
    (f"limits status {CALLER}", "GetStatus", {"caller": CALLER}),
    ("limits usage --tenant acme", "GetUsage", {"tenant": "acme"}),
    ("limits top --limit 7", "ListTopCallers", {"pageSize": 7}),
    (f"limits reset {CALLER}", "ResetLimits", {"caller": CALLER}),
    ("breakers list", "ListCircuitBreakers", {}),
    (f"breakers reset {METHOD}", "ResetCircuitBreaker", {"breaker": METHOD}),
    (
        f"breakers update {METHOD} --consecutive-failures 3 --failure-rate 0.5 --slow-call 250ms "
        "--window 60s --open 10s",
        "UpdateCircuitBreaker",
        {
            "breaker": METHOD,
            "settings": {
                "consecutiveFailures": 3,
                "failureRate": 0.5,
                "slowCall": "0.25s",
                "window": "60s",
                "open": "10s",
            },
        },
    ),
    (
        f"breakers mode {METHOD} forced-open --yes",
        "SetCircuitBreakerMode",
        {"breaker": METHOD, "mode": "CIRCUIT_BREAKER_MODE_FORCED_OPEN"},
    ),
    (
        f"breakers mode {METHOD} metrics-only",
        "SetCircuitBreakerMode",
        {"breaker": METHOD, "mode": "CIRCUIT_BREAKER_MODE_METRICS_ONLY"},
    ),
    ("performance", "GetPerformance", {}),
    ("cache semantic show --tenant acme", "GetSemanticCache", {"tenant": "acme"}),
    (
        "cache semantic set --off --error-budget 0.01 --audit-rate 0.2 --fixed-similarity 0.9",
        "UpdateSemanticCache",
        {
            "settings": {
                "enabled": False,
                "errorBudget": 0.01,
                "auditRate": 0.2,
                "fixedSimilarity": 0.9,
            }
        },
    ),
    (
        "cache semantic set --audited",
        "UpdateSemanticCache",
        {"settings": {"fixedSimilarity": 0.0}},
    ),
    ("providers list", "ListProviders", {}),
    (
        "providers drill openai --yes",
        "SetProviderDrill",
        {"provider": "openai", "drilled": True},
    ),
    ("providers drill openai --off", "SetProviderDrill", {"provider": "openai"}),
    (
        "letters list --function triage.classify --severity critical --state waiting"
        " --since 2026-11-16T06:12Z --until 2026-11-17 --tenant acme --limit 9",
        "ListDeadLetters",
        {
            "tenant": "acme",
            "filter": {
                "function": "triage.classify",
                "severity": "DEAD_LETTER_SEVERITY_CRITICAL",
                "state": "DEAD_LETTER_STATE_WAITING",
                "startTime": "2026-11-16T06:12:00Z",
                "endTime": "2026-11-17T00:00:00Z",
            },
            "pageSize": 10,
        },
    ),
    ("letters stats --state waiting", "GetDeadLetterStats", {"filter": {"state": 1}}),
    (
        f"letters replay {LETTER} {NAME} --limit 9",
        "ReplayDeadLetters",
        {"filter": {"names": [NAME, NAME]}, "most": 9},
    ),
    ("letters replay", "ReplayDeadLetters", {"filter": {}, "most": 100}),
    (
        "letters purge --state replayed --tenant acme --yes",
        "PurgeDeadLetters",
        {"tenant": "acme", "filter": {"state": 2}},
    ),
    ("budget show --tenant acme", "GetBudget", {"tenant": "acme"}),
    (
        "budget set acme --daily-usd 2.50 --over-budget refuse",
        "SetBudget",
        {"tenant": "acme", "dailyMicroUsd": "2500000", "overBudget": "OVER_BUDGET_REFUSE"},
    ),
    (
        "budget set acme --daily-usd 0",
        "SetBudget",
        {"tenant": "acme", "dailyMicroUsd": "0", "overBudget": "OVER_BUDGET_DEGRADE"},
    ),
    (
        "budget set acme --unlimited",
        "SetBudget",
        {"tenant": "acme", "overBudget": "OVER_BUDGET_DEGRADE"},
    ),
    ("budget spending --days 30", "ListSpending", {"days": 30}),
    ("budget spending --all", "ListSpending", {"tenant": "-", "days": 7}),
]


@pytest.fixture
def run(fake: FakeServer, admin: FakeAdmin) -> Run:
    """Runs an administration command against a fake server that caches one method."""
    stats = cache_service_pb2.GetCacheStatsResponse()
    stats.configs.add(method=METHOD, enabled=True)
    admin.answers["GetCacheStats"] = [stats]

    def run_command(*arguments: str, **options: str) -> Result:
        environment = {"SWITCHYARD_SERVER": fake.address, "NO_COLOR": "1"}
        return CliRunner().invoke(cli, ["admin", *arguments], env=environment, **options)  # type: ignore[arg-type]  # texts only

    return run_command


def request_of(method: str, fields: dict[str, object]) -> Message:
    """The request of a method."""
    (found,) = [m for m in METHODS.values() if m.name == method]
    message: Message = ParseDict(fields, GetMessageClass(found.input_type)())
    return message


@pytest.mark.parametrize(("typed", "method", "fields"), COMMANDS, ids=[c[0] for c in COMMANDS])
def test_a_command_asks_for_what_was_typed(
    run: Run, admin: FakeAdmin, typed: str, method: str, fields: dict[str, object]
) -> None:
    result = run(*typed.split())
    assert (result.exit_code, result.exception) == (0, None)
    assert admin.requests[-1] == request_of(method, fields)


def test_every_method_of_the_contract_has_its_command() -> None:
    assert {method for _, method, _ in COMMANDS} == {method.name for method in METHODS.values()}


@pytest.mark.parametrize(
    "typed",
    [
        "keys create",
        "keys create --role emperor",
        "keys create --role agent --ttl forever",
        "keys revoke acme --yes",
        "tenants create Acme!",
        "limits set --per-day 5",
        f"limits set --caller {CALLER}",
        f"limits set --caller {CALLER} --per-day -1",
        "limits unset",
        "cache config --ttl 5m",
        "cache config a.B/C",
        f"breakers update {METHOD}",
        f"breakers update {METHOD} --failure-rate 2",
        f"breakers mode {METHOD} ajar",
        "cache semantic set",
        "cache semantic set --error-budget 1",
        "cache semantic set --fixed-similarity 0.5",
        "cache semantic set --fixed-similarity 0.9 --audited",
        "letters list --state lost",
        "letters replay --limit 101",
        "budget set acme",
        "budget set acme --daily-usd much",
        "budget set acme --daily-usd -1",
        "budget set acme --daily-usd nan",
        "budget set acme --daily-usd 5 --unlimited",
        "budget spending --all --tenant acme",
        "budget spending --days 91",
    ],
)
def test_a_wrong_command_ends_with_2_and_changes_nothing(
    run: Run, admin: FakeAdmin, typed: str
) -> None:
    result = run(*typed.split())
    assert result.exit_code == 2
    assert {type(request).__name__ for request in admin.requests} <= {"GetCacheStatsRequest"}


def test_a_secret_given_for_a_name_is_not_repeated(run: Run) -> None:
    secret = f"sy_{DIGITS}_topsecret"
    result = run("keys", "revoke", secret, "--yes")
    assert result.exit_code == 2
    assert "topsecret" not in result.output


DANGEROUS = [
    f"keys revoke {DIGITS}",
    "tenants suspend acme",
    "cache clear",
    f"breakers mode {METHOD} forced-open",
]


@pytest.mark.parametrize("typed", DANGEROUS)
def test_a_dangerous_command_asks_and_does_it_when_told_yes(
    run: Run, admin: FakeAdmin, typed: str
) -> None:
    assert run(*typed.split(), input="y\n").exit_code == 0
    assert len(admin.requests) == 1


@pytest.mark.parametrize("typed", DANGEROUS)
def test_a_dangerous_command_changes_nothing_when_told_no(
    run: Run, admin: FakeAdmin, typed: str
) -> None:
    result = run(*typed.split(), input="n\n")
    assert result.exit_code == 1
    assert "nothing was changed" in result.stderr
    assert admin.requests == []


@pytest.mark.parametrize("typed", [*DANGEROUS, "tenants delete acme"])
def test_a_dangerous_command_changes_nothing_when_nobody_answers(
    run: Run, admin: FakeAdmin, typed: str
) -> None:
    result = run(*typed.split(), input="")
    assert result.exit_code == 130
    assert "--yes goes on without asking" in result.stderr
    assert admin.requests == []


@pytest.mark.parametrize("answer", ["y\n", "acm\n", "\n"])
def test_a_tenant_is_not_deleted_unless_its_name_is_typed(
    run: Run, admin: FakeAdmin, answer: str
) -> None:
    assert run("tenants", "delete", "acme", input=answer).exit_code == 1
    assert admin.requests == []


def test_a_tenant_is_deleted_when_its_name_is_typed(run: Run, admin: FakeAdmin) -> None:
    assert run("tenants", "delete", "tenants/acme", input="acme\n").exit_code == 0
    assert admin.requests == [request_of("DeleteTenant", {"name": "tenants/acme"})]
