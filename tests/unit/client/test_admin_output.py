"""What administration commands print: tables for people, JSON for programs, secrets alone."""

import json
from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result
from google.protobuf.message import Message
from google.rpc import code_pb2
from switchyard.admin.v1 import (
    access_service_pb2,
    budget_service_pb2,
    cache_service_pb2,
    rate_limit_service_pb2,
    resilience_service_pb2,
)
from switchyard_client.__main__ import cli

from tests.unit.client.fake_admin import FakeAdmin
from tests.unit.client.fake_service import FakeServer, status

Run = Callable[..., Result]

KEY = "apiKeys/0123456789abcdef"
METHOD = "switchyard.triage.v1.TriageService/Triage"
NOON_S = 1_763_294_400  # 2025-11-16 12:00:00Z


@pytest.fixture
def run(fake: FakeServer) -> Run:
    """Runs an administration command against the fake server."""

    def run_command(*arguments: str) -> Result:
        environment = {"SWITCHYARD_SERVER": fake.address, "NO_COLOR": "1"}
        return CliRunner().invoke(cli, ["admin", *arguments], env=environment)

    return run_command


def tenant(name: str) -> access_service_pb2.Tenant:
    """A tenant that is suspended when its name says so."""
    made = access_service_pb2.Tenant(name=f"tenants/{name}", suspended="bad" in name)
    made.create_time.FromSeconds(NOON_S)
    return made


def key() -> access_service_pb2.ApiKey:
    """A key with all that a key can have, but a time of revocation."""
    made = access_service_pb2.ApiKey(
        name=KEY,
        tenant="acme",
        title="checkout",
        roles=[access_service_pb2.ROLE_AGENT],
        permissions=["audit.read"],
        tier="pro",
    )
    made.create_time.FromSeconds(NOON_S)
    made.expire_time.FromSeconds(NOON_S + 86_400)
    return made


@pytest.mark.parametrize(
    ("command", "method", "answer"),
    [
        (
            ("keys", "create", "--role", "agent"),
            "CreateApiKey",
            access_service_pb2.CreateApiKeyResponse(api_key=key(), secret="sy_once"),  # noqa: S106  # no secret
        ),
        (
            ("keys", "rotate", KEY),
            "RotateApiKey",
            access_service_pb2.RotateApiKeyResponse(api_key=key(), secret="sy_once"),  # noqa: S106  # no secret
        ),
        (("token",), "IssueToken", access_service_pb2.IssueTokenResponse(token="sy_once")),  # noqa: S106  # no secret
    ],
)
def test_a_secret_stands_alone_on_standard_output(
    run: Run, admin: FakeAdmin, command: tuple[str, ...], method: str, answer: Message
) -> None:
    admin.answers[method] = [answer]
    assert run(*command).stdout == "sy_once\n"


def test_a_new_key_is_described_beside_its_secret(run: Run, admin: FakeAdmin) -> None:
    answer = access_service_pb2.CreateApiKeyResponse(api_key=key(), secret="sy_once")  # noqa: S106  # no secret
    admin.answers["CreateApiKey"] = [answer]
    assert run("keys", "create", "--role", "agent").stderr == (
        f"{KEY} of tenant acme: agent, audit.read; tier pro, ends 2025-11-17 12:00:00Z\n"
        "the secret is not shown again; keep it now\n"
    )


def test_keys_are_a_table(run: Run, admin: FakeAdmin) -> None:
    revoked = key()
    revoked.revoke_time.FromSeconds(NOON_S)
    admin.answers["ListApiKeys"] = [
        access_service_pb2.ListApiKeysResponse(api_keys=[key(), revoked])
    ]
    head, first, second = run("keys", "list").stdout.splitlines()
    assert head.split()[:5] == ["key", "title", "may", "tier", "made"]
    for part in (KEY, "checkout", "agent, audit.read", "never", "2025-11-17 12:00:00Z"):
        assert part in first
    assert "revoked 2025-11-16 12:00:00Z" in second


def test_pages_are_followed_to_the_limit_and_more_is_said(run: Run, admin: FakeAdmin) -> None:
    admin.answers["ListTenants"] = [
        access_service_pb2.ListTenantsResponse(
            tenants=[tenant("a"), tenant("bad")],
            next_page_token="x",  # noqa: S106  # no secret
        ),
        access_service_pb2.ListTenantsResponse(
            tenants=[tenant("c"), tenant("d")],
            next_page_token="y",  # noqa: S106  # no secret
        ),
    ]
    lines = run("tenants", "list", "--limit", "3").stdout.splitlines()
    assert [line.split()[:2] for line in lines[1:]] == [
        ["a", "active"],
        ["bad", "suspended"],
        ["c", "active"],
        ["...", "there"],
    ]
    assert len(admin.requests) == 2


def test_a_list_as_json_is_one_object_a_line_with_every_field(run: Run, admin: FakeAdmin) -> None:
    admin.answers["ListTenants"] = [
        access_service_pb2.ListTenantsResponse(tenants=[tenant("a"), tenant("bad")])
    ]
    lines = run("tenants", "list", "--json").stdout.splitlines()
    first, second = [json.loads(line) for line in lines]
    assert first == {
        "name": "tenants/a",
        "title": "",
        "suspended": False,
        "create_time": "2025-11-16T12:00:00Z",
    }
    assert second["suspended"] is True


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("keys", "list"), "no keys"),
        (("tenants", "list"), "no tenants"),
        (("audit",), "no events"),
        (("limits", "top"), "no calls yet"),
        (("breakers", "list"), "no breakers"),
        (("providers", "list"), "no providers: the embedded engine answers alone"),
        (("letters", "list"), "no dead letters"),
        (("letters", "replay"), "no letter waits"),
        (("budget", "spending"), "nothing was spent"),
    ],
)
def test_an_empty_list_is_said(run: Run, command: tuple[str, ...], words: str) -> None:
    assert run(*command).stdout == f"{words}\n"


def test_audit_events_say_who_did_what_to_which(run: Run, admin: FakeAdmin) -> None:
    event = access_service_pb2.AuditEvent(
        tenant="acme", actor=KEY, action="tenant.suspend", resource="tenants/acme"
    )
    event.time.FromSeconds(NOON_S)
    admin.answers["ListAuditEvents"] = [
        access_service_pb2.ListAuditEventsResponse(audit_events=[event])
    ]
    row = run("audit").stdout.splitlines()[1]
    facts = ["2025-11-16", "12:00:00Z", "acme", KEY, "tenant.suspend", "tenants/acme"]
    assert row.split() == facts


def test_control_characters_of_titles_do_not_reach_the_terminal(run: Run, admin: FakeAdmin) -> None:
    hostile = key()
    hostile.title = "\x1b[2J[bold]x[/bold]"
    admin.answers["ListApiKeys"] = [access_service_pb2.ListApiKeysResponse(api_keys=[hostile])]
    shown = run("keys", "list").stdout
    assert "\x1b" not in shown
    assert "[bold]x[/bold]" in shown


def test_cache_figures_are_summed_and_by_method(run: Run, admin: FakeAdmin) -> None:
    stats = cache_service_pb2.GetCacheStatsResponse(entries=1200, bytes=2_500_000, processes=2)
    stats.total.hit_rate = 0.75
    stats.methods.add(method=METHOD, hits=3, misses=1, hit_rate=0.75)
    admin.answers["GetCacheStats"] = [stats]
    shown = run("cache", "stats").stdout
    assert "75 % of all calls" in shown
    assert "1,200 responses, 2.5 MB" in shown
    assert shown.splitlines()[-1].split() == [METHOD, "3", "0", "0", "1", "75", "%"]


def test_a_part_of_the_cache_that_fails_ends_the_test_with_1(run: Run, admin: FakeAdmin) -> None:
    answer = cache_service_pb2.TestCacheResponse()
    answer.parts.add(part="memory", healthy=True)
    answer.parts.add(part="redis", problem="connection refused")
    admin.answers["TestCache"] = [answer]
    result = run("cache", "test")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[2].split() == ["redis", "fails", "connection", "refused"]


def test_a_method_without_a_cache_names_those_with_one(run: Run, admin: FakeAdmin) -> None:
    stats = cache_service_pb2.GetCacheStatsResponse()
    stats.configs.add(method=METHOD, enabled=True)
    admin.answers["GetCacheStats"] = [stats]
    assert METHOD in run("cache", "config", "a.B/C").stderr


def test_a_tier_without_a_limit_says_so(run: Run, admin: FakeAdmin) -> None:
    answer = rate_limit_service_pb2.ListTiersResponse()
    answer.tiers.add(tier="free").limits.per_minute = 6000
    admin.answers["ListTiers"] = [answer]
    row = run("limits", "tiers").stdout.splitlines()[1]
    assert row.split() == ["free", "no", "limit", "6,000", "no", "limit", "no", "limit"]


def test_a_status_shows_what_is_left_in_each_window(run: Run, admin: FakeAdmin) -> None:
    answer = rate_limit_service_pb2.GetStatusResponse(caller="acme/x", tier="pro", shadow=True)
    window = answer.windows.add(limit=600, remaining=17)
    window.window.FromSeconds(60)
    window.reset.FromSeconds(30)
    answer.windows.add(limit=1, method=METHOD).window.FromSeconds(3600)
    admin.answers["GetStatus"] = [answer]
    shown = run("limits", "status").stdout
    assert "only counted, not carried out" in shown
    everywhere, at_method = shown.splitlines()[-2:]
    assert everywhere.split() == ["1", "min", "17", "600", "30.0", "s", "all", "together"]
    assert METHOD in at_method


def test_custom_limits_are_shown_with_whom_they_hold_for(run: Run, admin: FakeAdmin) -> None:
    answer = rate_limit_service_pb2.ListCustomLimitsResponse()
    answer.custom_limits.add(method=METHOD, limits={"per_day": 6000})
    answer.custom_limits.add(caller="acme/x", limits={"per_second": 3})
    admin.answers["ListCustomLimits"] = [answer]
    at_method, of_caller = run("limits", "list").stdout.splitlines()[1:]
    assert at_method.split()[:3] == ["every", "caller", METHOD]
    assert at_method.split()[-1] == "6,000"
    assert of_caller.split()[:4] == ["acme/x", "all", "methods", "3"]


def test_a_breaker_is_shown_with_its_state(run: Run, admin: FakeAdmin) -> None:
    answer = resilience_service_pb2.ListCircuitBreakersResponse()
    answer.circuit_breakers.add(
        breaker=METHOD,
        state=resilience_service_pb2.CIRCUIT_BREAKER_STATE_HALF_OPEN,
        mode=resilience_service_pb2.CIRCUIT_BREAKER_MODE_AUTOMATIC,
        failure_rate=0.5,
        refused=12,
    )
    admin.answers["ListCircuitBreakers"] = [answer]
    row = run("breakers", "list").stdout.splitlines()[1]
    assert row.split()[:4] == [METHOD, "half", "open", "automatic"]


def test_an_updated_breaker_is_shown_with_its_settings(run: Run, admin: FakeAdmin) -> None:
    answer = resilience_service_pb2.UpdateCircuitBreakerResponse()
    answer.circuit_breaker.breaker = METHOD
    answer.circuit_breaker.settings.consecutive_failures = 5
    answer.circuit_breaker.settings.open.FromSeconds(90)
    admin.answers["UpdateCircuitBreaker"] = [answer]
    shown = run("breakers", "update", METHOD, "--open", "90s").stdout
    assert "5 failures in a row" in shown
    assert "1 min 30 s" in shown


def test_performance_shows_work_and_the_newest_errors(run: Run, admin: FakeAdmin) -> None:
    answer = resilience_service_pb2.GetPerformanceResponse(measuring=True)
    for kind, subject in (("method", METHOD), ("query", "insert runs")):
        work = answer.performance.add(kind=kind, subject=subject, calls=4)
        work.minimum.FromMilliseconds(3)
        work.p95.FromMilliseconds(12)
    answer.recent_errors.add(method=METHOD, code="UNAVAILABLE", reason="CIRCUIT_OPEN")
    admin.answers["GetPerformance"] = [answer]
    shown = run("performance", "--kind", "query").stdout
    assert "insert runs" in shown
    assert "12.0 ms" in shown
    assert "fastest" in shown
    assert "3.0 ms" in shown
    assert "method" not in shown.splitlines()[1]
    assert "CIRCUIT_OPEN" in shown.splitlines()[-1]


def test_performance_as_json_is_one_object(run: Run, admin: FakeAdmin) -> None:
    admin.answers["GetPerformance"] = [
        resilience_service_pb2.GetPerformanceResponse(measuring=True)
    ]
    record = json.loads(run("performance", "--json").stdout)
    assert record == {"performance": [], "recent_errors": [], "measuring": True}


def test_a_refused_command_says_what_to_do(run: Run, admin: FakeAdmin) -> None:
    admin.failure = status(code_pb2.UNAUTHENTICATED, "NO_CREDENTIALS", "A key is needed.")
    result = run("keys", "list")
    assert result.exit_code == 1
    assert "--key-file" in result.stderr


def test_a_provider_shows_its_circuit_prices_and_drill(run: Run, admin: FakeAdmin) -> None:
    provider = resilience_service_pb2.Provider(
        provider="openai",
        model="small",
        state=resilience_service_pb2.CIRCUIT_BREAKER_STATE_HALF_OPEN,
        success_share=0.97,
        input_micro_usd_per_million_tokens=150_000,
        drilled=True,
    )
    provider.p95.FromMilliseconds(820)
    admin.answers["ListProviders"] = [
        resilience_service_pb2.ListProvidersResponse(providers=[provider])
    ]
    row = run("providers", "list").stdout.splitlines()[1]
    shown = ["half", "open", "97", "%", "820.0", "ms", "$0.150000", "$0.000000", "on"]
    assert row.split() == ["openai", "small", *shown]


def test_a_letter_shows_why_it_failed_and_what_became_of_it(run: Run, admin: FakeAdmin) -> None:
    letter = resilience_service_pb2.DeadLetter(
        name="deadLetters/1",
        function="triage.classify",
        severity=resilience_service_pb2.DEAD_LETTER_SEVERITY_CRITICAL,
        reason="unauthorized",
        state=resilience_service_pb2.DEAD_LETTER_STATE_REPLAYED,
        replay_run="triageRuns/2",
    )
    letter.create_time.FromSeconds(NOON_S)
    letter.attempts.add(provider="openai")
    admin.answers["ListDeadLetters"] = [
        resilience_service_pb2.ListDeadLettersResponse(dead_letters=[letter])
    ]
    row = run("letters", "list").stdout.splitlines()[1]
    shown = ["triage.classify", "critical", "unauthorized", "1", "replayed", "triageRuns/2"]
    assert row.split() == ["deadLetters/1", "2025-11-16", "12:00:00Z", *shown]


def test_a_replay_that_fails_again_ends_the_command_with_1(run: Run, admin: FakeAdmin) -> None:
    admin.answers["ReplayDeadLetters"] = [
        resilience_service_pb2.ReplayDeadLettersResponse(name="deadLetters/1", run="triageRuns/2"),
        resilience_service_pb2.ReplayDeadLettersResponse(
            name="deadLetters/3", failure="NotAnswered"
        ),
    ]
    result = run("letters", "replay")
    assert result.exit_code == 1
    assert result.stdout == (
        "deadLetters/1  triageRuns/2\ndeadLetters/3  failed again: NotAnswered\n"
    )


def test_letters_are_counted_by_severity_and_function(run: Run, admin: FakeAdmin) -> None:
    stats = resilience_service_pb2.GetDeadLetterStatsResponse(total=3)
    stats.by_severity.add(severity=3, letters=1)
    stats.by_severity.add(severity=1, letters=2)
    stats.by_function.add(function="triage.classify", letters=3)
    admin.answers["GetDeadLetterStats"] = [stats]
    lines = [line.split() for line in run("letters", "stats").stdout.splitlines()]
    assert lines[0] == ["letters", "3"]
    assert lines[-3:] == [["critical", "1"], ["warning", "2"], ["triage.classify", "3"]]


def test_a_fixed_similarity_and_its_gate_are_shown_as_unguaranteed(
    run: Run, admin: FakeAdmin
) -> None:
    answer = cache_service_pb2.GetSemanticCacheResponse(available=True, entries=1200)
    answer.settings.error_budget, answer.settings.fixed_similarity = 0.015, 0.95
    answer.gates.add(
        prompt_version="1", engine="llm", open=True, threshold=0.95, error_bound=0.0178
    )
    admin.answers["GetSemanticCache"] = [answer]
    shown = run("cache", "semantic", "show").stdout
    assert "0.95, fixed: unguaranteed" in shown
    assert "error budget  1.5 %" in shown
    assert "no embedder" not in shown
    gate = ["1", "llm", "open", "0.95", "1.78", "%", "unguaranteed", "0", "0"]
    assert shown.splitlines()[-1].split() == gate


def test_a_budget_shows_what_is_spent_and_what_happens_beyond_it(
    run: Run, admin: FakeAdmin
) -> None:
    answer = budget_service_pb2.GetBudgetResponse()
    budget = answer.budget
    budget.tenant, budget.daily_micro_usd, budget.spent_micro_usd = "acme", 2_500_000, 1_234
    budget.over_budget = budget_service_pb2.OVER_BUDGET_REFUSE
    budget.reset_time.FromSeconds(NOON_S)
    admin.answers["GetBudget"] = [answer]
    shown = run("budget", "show").stdout
    for words in ("acme", "$0.001234", "$2.500000", "refuse", "2025-11-16 12:00:00Z"):
        assert words in shown


def test_spending_that_may_be_incomplete_says_so(run: Run, admin: FakeAdmin) -> None:
    answer = budget_service_pb2.ListSpendingResponse(incomplete=True)
    answer.spending.add(
        day="2025-11-16", tenant="acme", model="openai/small", calls=3, cost_micro_usd=77
    )
    admin.answers["ListSpending"] = [answer]
    result = run("budget", "spending")
    row = ["2025-11-16", "acme", "openai/small", "3", "0", "0", "$0.000077"]
    assert result.stdout.splitlines()[1].split() == row
    assert "fewer --days" in result.stderr
