"""The typed client of the administration services over a real socket."""

from datetime import timedelta

import pytest
from google.rpc import code_pb2
from switchyard.admin.v1 import (
    access_service_pb2,
    cache_service_pb2,
    rate_limit_service_pb2,
    resilience_service_pb2,
)
from switchyard_client import (
    AdminClient,
    CacheConfig,
    CircuitBreakerMode,
    CircuitBreakerSettings,
    DeadLetterFilter,
    DeadLetterState,
    Limits,
    NotPermitted,
    Role,
)

from tests.unit.client.fake_admin import FakeAdmin
from tests.unit.client.fake_service import FakeServer, status

KEY = "apiKeys/0123456789abcdef"


async def test_a_new_key_comes_with_its_secret(fake: FakeServer, admin: FakeAdmin) -> None:
    key = access_service_pb2.ApiKey(name=KEY, roles=[access_service_pb2.ROLE_AGENT])
    made = access_service_pb2.CreateApiKeyResponse(api_key=key, secret="sy_secret")  # noqa: S106  # no secret
    admin.answers["CreateApiKey"] = [made]
    async with AdminClient(fake.address) as client:
        answer = await client.access.create_key([Role.AGENT], ttl=timedelta(days=90))
    assert answer.api_key is not None
    assert (answer.api_key.name, answer.api_key.roles) == (KEY, [Role.AGENT])
    assert answer.secret == "sy_secret"  # noqa: S105  # no secret


async def test_a_new_key_is_asked_for_with_all_that_it_shall_have(
    fake: FakeServer, admin: FakeAdmin
) -> None:
    async with AdminClient(fake.address) as client:
        await client.access.create_key(
            [Role.READER, Role.AGENT],
            tenant="acme",
            title="checkout",
            permissions=["audit.read"],
            tier="pro",
            ttl=timedelta(days=90),
        )
    wanted = access_service_pb2.CreateApiKeyRequest(
        tenant="acme",
        title="checkout",
        roles=[access_service_pb2.ROLE_READER, access_service_pb2.ROLE_AGENT],
        permissions=["audit.read"],
        tier="pro",
    )
    wanted.ttl.FromTimedelta(timedelta(days=90))
    assert admin.requests == [wanted]


async def test_keys_come_page_by_page(fake: FakeServer, admin: FakeAdmin) -> None:
    admin.answers["ListApiKeys"] = [
        access_service_pb2.ListApiKeysResponse(
            api_keys=[access_service_pb2.ApiKey(name="a"), access_service_pb2.ApiKey(name="b")],
            next_page_token="second",  # noqa: S106  # no secret
        ),
        access_service_pb2.ListApiKeysResponse(api_keys=[access_service_pb2.ApiKey(name="c")]),
    ]
    async with AdminClient(fake.address) as client:
        names = [key.name async for key in client.access.list_keys(tenant="acme", page_size=2)]
    assert names == ["a", "b", "c"]
    assert [request.page_token for request in admin.requests] == ["", "second"]  # type: ignore[attr-defined]  # they have


async def test_limits_of_zero_are_not_the_same_as_none(fake: FakeServer, admin: FakeAdmin) -> None:
    async with AdminClient(fake.address) as client:
        await client.limits.set_custom_limit(Limits(), caller="acme/x")
        await client.limits.set_custom_limit(None, caller="acme/x")
    given = [request.HasField("limits") for request in admin.requests]
    assert given == [True, False]


async def test_a_cache_keeps_the_times_that_are_not_given(
    fake: FakeServer, admin: FakeAdmin
) -> None:
    async with AdminClient(fake.address) as client:
        await client.cache.update_config(
            CacheConfig(method="a.B/C", enabled=True, ttl=timedelta(seconds=30))
        )
    wanted = cache_service_pb2.UpdateCacheConfigRequest()
    wanted.config.method, wanted.config.enabled = "a.B/C", True
    wanted.config.ttl.FromSeconds(30)
    assert admin.requests == [wanted]


async def test_a_breaker_comes_back_with_its_state(fake: FakeServer, admin: FakeAdmin) -> None:
    breaker = resilience_service_pb2.CircuitBreaker(
        breaker="a.B/C", mode=resilience_service_pb2.CIRCUIT_BREAKER_MODE_FORCED_OPEN
    )
    breaker.settings.open.FromMilliseconds(1500)
    admin.answers["SetCircuitBreakerMode"] = [
        resilience_service_pb2.SetCircuitBreakerModeResponse(circuit_breaker=breaker)
    ]
    async with AdminClient(fake.address) as client:
        now = await client.resilience.set_breaker_mode("a.B/C", CircuitBreakerMode.FORCED_OPEN)
    assert now.mode is CircuitBreakerMode.FORCED_OPEN
    assert now.settings == CircuitBreakerSettings(open=timedelta(seconds=1.5))


async def test_what_is_left_is_read_window_by_window(fake: FakeServer, admin: FakeAdmin) -> None:
    left = rate_limit_service_pb2.GetStatusResponse(caller="acme/x", tier="pro")
    left.windows.add(limit=10, remaining=7).window.FromSeconds(60)
    admin.answers["GetStatus"] = [left]
    async with AdminClient(fake.address) as client:
        answer = await client.limits.status("acme/x")
    (window,) = answer.windows
    assert (window.window, window.limit, window.remaining) == (timedelta(minutes=1), 10, 7)


async def test_letters_come_page_by_page_under_one_filter(
    fake: FakeServer, admin: FakeAdmin
) -> None:
    admin.answers["ListDeadLetters"] = [
        resilience_service_pb2.ListDeadLettersResponse(
            dead_letters=[resilience_service_pb2.DeadLetter(name="a")],
            next_page_token="second",  # noqa: S106  # no secret
        ),
        resilience_service_pb2.ListDeadLettersResponse(
            dead_letters=[resilience_service_pb2.DeadLetter(name="b")]
        ),
    ]
    which = DeadLetterFilter(state=DeadLetterState.WAITING)
    async with AdminClient(fake.address) as client:
        names = [letter.name async for letter in client.letters.list(which, tenant="acme")]
    assert names == ["a", "b"]
    assert {(r.tenant, r.filter.state) for r in admin.requests} == {("acme", 1)}  # type: ignore[attr-defined]  # they have


async def test_replays_come_as_they_are_made(fake: FakeServer, admin: FakeAdmin) -> None:
    admin.answers["ReplayDeadLetters"] = [
        resilience_service_pb2.ReplayDeadLettersResponse(name="a", run="triageRuns/1"),
        resilience_service_pb2.ReplayDeadLettersResponse(name="b", failure="NotAnswered"),
    ]
    async with AdminClient(fake.address) as client:
        told = [(one.name, one.run, one.failure) async for one in client.letters.replay()]
    assert told == [("a", "triageRuns/1", ""), ("b", "", "NotAnswered")]


async def test_a_refused_stream_raises_what_the_server_said(
    fake: FakeServer, admin: FakeAdmin
) -> None:
    admin.failure = status(
        code_pb2.PERMISSION_DENIED, "PERMISSION_DENIED", "it lacks letters.manage"
    )
    async with AdminClient(fake.address) as client:
        with pytest.raises(NotPermitted):
            await anext(client.letters.replay())


async def test_no_budget_is_not_the_same_as_a_budget_of_nothing(
    fake: FakeServer, admin: FakeAdmin
) -> None:
    async with AdminClient(fake.address) as client:
        await client.budget.set("acme", None)
        await client.budget.set("acme", 0)
    given = [request.HasField("daily_micro_usd") for request in admin.requests]
    assert given == [False, True]


async def test_a_refused_call_raises_what_the_server_said(
    fake: FakeServer, admin: FakeAdmin
) -> None:
    admin.failure = status(code_pb2.PERMISSION_DENIED, "PERMISSION_DENIED", "it lacks access.read")
    async with AdminClient(fake.address) as client:
        with pytest.raises(NotPermitted) as caught:
            await anext(client.access.list_keys())
    assert caught.value.reason == "PERMISSION_DENIED"


async def test_a_client_that_is_not_open_names_itself() -> None:
    with pytest.raises(RuntimeError, match="AdminClient"):
        await AdminClient().cache.stats()
