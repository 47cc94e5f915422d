"""Who is let in, and who no longer is: in every process, and while the database is away."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import jwt
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from grpc_health.v1 import health_pb2

from server.access.key import key_id_in
from server.storage.embedded import EmbeddedPostgres
from tests.integration.access.access_server import TERMS, AccessServer, access_server
from tests.integration.access.refusals import Refusal, refusal
from tests.integration.harm import database_in, paused
from tests.unit.access.clock import Clock

PATIENCE_S = 60.0  # of a test for what happens in about a second


@pytest_asyncio.fixture
async def other(database_url: str, folder: Path) -> AsyncIterator[AccessServer]:
    """A second server on the same database."""
    async with access_server(database_url, folder) as server:
        yield server


async def until_refused(call: Callable[[], Awaitable[Any]]) -> Refusal:
    """The first refusal of a call that was answered until then."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                await call()
            except grpc.aio.AioRpcError:
                return await refusal(call())


async def until_answered(call: Callable[[], Awaitable[Any]]) -> Any:
    """The first answer to a call that was refused until then."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                return await call()
            except grpc.aio.AioRpcError:
                await asyncio.sleep(0)


async def test_this_machine_is_the_operator_until_the_first_key_in_every_process(
    bare: AccessServer, database_url: str, folder: Path
) -> None:
    async with access_server(database_url, folder) as other:
        for server in (bare, other):
            assert (await server.call("ListTenants")).tenants[0].name == "tenants/default"
        await bare.call("CreateApiKey", roles=["ROLE_ADMIN"])
        for server in (bare, other):
            refused = await until_refused(lambda s=server: s.call("ListTenants"))  # type: ignore[misc]  # a default
            assert (refused.code, refused.reason) == ("UNAUTHENTICATED", "MISSING_CREDENTIALS")


async def test_health_stays_open_to_all(access: AccessServer) -> None:
    answer = await access.health.Check(health_pb2.HealthCheckRequest(), timeout=PATIENCE_S)
    assert answer.status == health_pb2.HealthCheckResponse.NOT_SERVING


async def test_a_wrong_secret_is_refused_whether_its_key_is_there_or_not(
    access: AccessServer, operator: str
) -> None:
    wrong = operator[:-8] + "00000000"
    unknown = "sy_" + "0" * 16 + operator[19:]
    for secret in (wrong, unknown, "sy_", operator.upper(), "a.b.c"):
        refused = await refusal(access.call("ListTenants", secret))
        assert (refused.code, refused.reason) == ("UNAUTHENTICATED", "INVALID_CREDENTIALS")
        assert secret not in refused.message
    assert access.charged == ["127.0.0.1"] * 5


async def test_who_does_not_know_the_secret_does_not_hear_that_its_key_was_revoked(
    access: AccessServer, admin: str
) -> None:
    await access.call("RevokeApiKey", admin, name=f"apiKeys/{key_id_in(admin)}")
    guessed = admin[:-8] + "00000000"
    assert (await refusal(access.call("ListApiKeys", guessed))).reason == "INVALID_CREDENTIALS"


async def test_an_expired_key_says_so(database_url: str, folder: Path) -> None:
    clock = Clock(0.0)
    async with access_server(database_url, folder, clock=clock) as access:
        first = await access.call("CreateApiKey", roles=["ROLE_ADMIN"], ttl=timedelta(hours=1))
        assert await access.call("ListTenants", first.secret)
        clock.now_s = first.api_key.expire_time.seconds + 1.0
        refused = await refusal(access.call("ListTenants", first.secret))
    assert refused.reason == "CREDENTIALS_EXPIRED"


async def test_a_revoked_key_and_its_tokens_are_refused_in_every_process(
    access: AccessServer, other: AccessServer, admin: str
) -> None:
    made = await access.call("CreateApiKey", admin, roles=["ROLE_ADMIN"])
    token = (await access.call("IssueToken", made.secret)).token
    for server in (access, other):
        for credentials in (made.secret, token):
            assert await server.call("ListApiKeys", credentials)
    await access.call("RevokeApiKey", admin, name=made.api_key.name)
    for server in (access, other):
        for credentials in (made.secret, token):
            refused = await until_refused(
                lambda s=server, c=credentials: s.call("ListApiKeys", c)  # type: ignore[misc]  # defaults
            )
            assert refused.reason == "CREDENTIALS_REVOKED"


async def test_a_suspended_tenant_is_refused_in_every_process_until_it_is_resumed(
    access: AccessServer, other: AccessServer, admin: str, operator: str
) -> None:
    for server in (access, other):
        assert await server.call("ListApiKeys", admin)
    await access.call("SuspendTenant", operator, name="tenants/acme")
    for server in (access, other):
        refused = await until_refused(lambda s=server: s.call("ListApiKeys", admin))  # type: ignore[misc]  # a default
        assert refused.reason == "TENANT_SUSPENDED"
        assert "operator" in refused.message
    await access.call("ResumeTenant", operator, name="tenants/acme")
    for server in (access, other):
        assert await until_answered(lambda s=server: s.call("ListApiKeys", admin))  # type: ignore[misc]  # a default


async def test_a_bad_key_reaches_the_database_once(access: AccessServer) -> None:
    bad = "sy_" + "0" * 16 + "_" + "0" * 64
    await refusal(access.call("ListTenants", bad))
    await access.database.close()
    assert (await refusal(access.call("ListTenants", bad))).reason == "INVALID_CREDENTIALS"


@pytest.mark.parametrize("token_roles", [[], ["ROLE_READER"]])
async def test_a_token_does_what_its_key_or_fewer_roles_may(
    access: AccessServer, admin: str, token_roles: list[str]
) -> None:
    issued = await access.call("IssueToken", admin, roles=token_roles, ttl=timedelta(minutes=1))
    listing = access.call("ListApiKeys", issued.token)
    if token_roles:
        assert (await refusal(listing)).code == "PERMISSION_DENIED"
    else:
        assert await listing


async def test_a_token_of_a_role_that_its_key_has_not_is_refused(
    access: AccessServer, admin: str
) -> None:
    made = await access.call("CreateApiKey", admin, roles=["ROLE_AGENT"])
    roles = ["ROLE_READER", "ROLE_SUPERVISOR"]
    refused = await refusal(access.call("IssueToken", made.secret, roles=roles))
    assert (refused.code, refused.field) == ("INVALID_ARGUMENT", "roles[1]")


async def test_a_token_cannot_be_exchanged_for_another(access: AccessServer, admin: str) -> None:
    token = (await access.call("IssueToken", admin)).token
    refused = await refusal(access.call("IssueToken", token))
    assert (refused.code, refused.reason) == ("FAILED_PRECONDITION", "API_KEY_NEEDED")


async def test_without_any_key_no_token_is_issued(bare: AccessServer) -> None:
    assert (await refusal(bare.call("IssueToken"))).reason == "API_KEY_NEEDED"


async def test_a_token_verifies_in_a_process_that_shares_the_signing_keys(
    access: AccessServer, other: AccessServer, admin: str
) -> None:
    token = (await access.call("IssueToken", admin)).token
    assert await other.call("ListApiKeys", token)


async def test_a_token_of_an_outside_issuer_reaches_its_tenant(
    access: AccessServer, operator: str, database_url: str, folder: Path
) -> None:
    private_key = Ed25519PrivateKey.generate()
    jwk = jwt.algorithms.OKPAlgorithm.to_jwk(private_key.public_key(), as_dict=True)
    place = folder / "jwks.json"
    _write(place, json.dumps({"keys": [jwk | {"kid": "sso"}]}))
    claims = {"iss": TERMS.issuer, "aud": TERMS.audience, "sub": "alice", "exp": 4_000_000_000}
    claims |= {"tenant": "acme", "roles": ["admin"]}
    token = jwt.encode(claims, private_key, "EdDSA", {"kid": "sso"})
    async with access_server(database_url, folder, jwks=place) as server:
        await server.call("CreateApiKey", token, roles=["ROLE_READER"])
        events = (await server.call("ListAuditEvents", token)).audit_events
        assert (events[0].actor, events[0].tenant) == ("alice", "acme")
        await access.call("SuspendTenant", operator, name="tenants/acme")
        refused = await until_refused(lambda: server.call("ListApiKeys", token))
        assert refused.reason == "TENANT_SUSPENDED"


def _write(path: Path, text: str) -> None:
    path.write_text(text)


async def test_nothing_is_accepted_while_the_database_cannot_say_what_was_revoked(
    folder: Path,
) -> None:
    async with AsyncExitStack() as stack:
        postgres = EmbeddedPostgres(folder)
        url = await postgres.start()
        stack.push_async_callback(postgres.stop)
        access = await stack.enter_async_context(access_server(url, folder))
        secret = (await access.call("CreateApiKey", roles=["ROLE_ADMIN"])).secret
        assert await access.call("ListTenants", secret)
        with paused(*database_in(folder)):
            await asyncio.wait_for(access.lost.wait(), PATIENCE_S)
            refused = await refusal(access.call("ListTenants", secret))
            assert (refused.code, refused.reason) == ("UNAVAILABLE", "STORAGE_UNAVAILABLE")
        assert await until_answered(lambda: access.call("ListTenants", secret))
