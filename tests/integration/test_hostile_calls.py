"""Whoever calls a whole server with what is not theirs, or with more than fits, gets nothing."""

import asyncio
import base64
import io
import json
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import jwt
import psycopg
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from prometheus_client.parser import text_string_to_metric_families

from server.access.key import key_id_in
from server.access.signing_keys import read_signing_keys
from server.app import Application, application
from server.logs import JsonLog
from server.settings import Address, Settings
from server.storage.embedded import EmbeddedPostgres
from tests.conftest import make_database
from tests.integration.access.refusals import refusal
from tests.integration.callers import ACCESS, PATIENCE_S, TRIAGE, Caller, make_caller, until
from tests.integration.test_services import fetch
from tests.unit.access.forged import signed_with_a_secret, unsigned

ISSUER, AUDIENCE = "https://sso.example", "switchyard"
FAR = 10 * 365 * 86400
INVALID = ("UNAUTHENTICATED", "INVALID_CREDENTIALS")
EXPIRED = ("UNAUTHENTICATED", "CREDENTIALS_EXPIRED")
LIST_KEYS, ISSUE, REVOKE = (f"{ACCESS}/{m}" for m in ("ListApiKeys", "IssueToken", "RevokeApiKey"))


@dataclass(frozen=True, slots=True)
class Town:
    """A server with two tenants, which also takes the tokens of an outside issuer."""

    app: Application
    settings: Settings
    log: io.BytesIO
    operator: Caller
    acme: Caller  # an administrator
    rival: Caller  # an administrator of another tenant
    issuer_key: Ed25519PrivateKey

    def with_secret(self, secret: str) -> Caller:
        """Whoever calls with this."""
        return Caller(self.acme.channel, secret)

    async def outcome(self, credentials: str) -> tuple[str, str]:
        """The code and the reason that a call with these credentials is refused with."""
        refused = await refusal(self.with_secret(credentials).call(LIST_KEYS))
        assert credentials not in refused.message
        return refused.code, refused.reason

    def outside_token(self, **changes: Any) -> str:
        """A token of the issuer for an administrator of acme; a change to None drops a claim."""
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "alice", "iat": now, "exp": now + 600}
        claims |= {"tenant": "acme", "roles": ["admin"]} | changes
        return jwt.encode(_stated(claims), self.issuer_key, "EdDSA", {"kid": "sso"})

    async def own_token(self, **changes: Any) -> str:
        """A token of acme's administrator, changed and signed with the server's own key."""
        token = (await self.acme.call(ISSUE)).token
        claims = jwt.decode(token, options={"verify_signature": False}) | changes
        key = read_signing_keys(self.settings.folder / "token.keys")[0]
        return jwt.encode(_stated(claims), key.private_key, "EdDSA", {"kid": key.key_id})


def _stated(claims: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in claims.items() if value is not None}


@pytest_asyncio.fixture(scope="module")
async def town(session_folder: Path, postgres_url: str) -> AsyncIterator[Town]:
    """Rate limits only count there: the tests are many calls from one address."""
    issuer_key = Ed25519PrivateKey.generate()
    settings = Settings(
        listen=Address("127.0.0.1", 0),
        metrics_listen=Address("127.0.0.1", 0),
        data_folder=session_folder / "town",
        database_url=await make_database(postgres_url),
        rate_limit_shadow=True,
    )
    operator_secret = await _first_key(settings)
    jwks = _write_jwks(session_folder / "town.jwks", issuer_key)
    settings = replace(settings, jwks=jwks, jwt_issuer=ISSUER, jwt_audience=AUDIENCE)
    stream = io.BytesIO()
    log = JsonLog(stream)
    async with (
        application(settings, log) as app,
        grpc.aio.insecure_channel(str(app.address)) as channel,
    ):
        operator = Caller(channel, operator_secret)
        for tenant in ("acme", "rival"):
            await operator.call(f"{ACCESS}/CreateTenant", tenant_id=tenant)
        acme, rival = [await make_caller(operator, "ROLE_ADMIN", t) for t in ("acme", "rival")]
        yield Town(app, settings, stream, operator, acme, rival, issuer_key)
    await log.close()


async def _first_key(settings: Settings) -> str:
    """The secret of the operator, made before anybody needed one."""
    async with (
        application(settings, JsonLog(io.BytesIO())) as app,
        grpc.aio.insecure_channel(str(app.address)) as channel,
    ):
        return (await make_caller(Caller(channel), "ROLE_ADMIN")).secret


def _write_jwks(path: Path, key: Ed25519PrivateKey) -> str:
    public = jwt.algorithms.OKPAlgorithm.to_jwk(key.public_key(), as_dict=True)
    path.write_text(json.dumps({"keys": [public | {"kid": "sso"}]}))
    return str(path)


@pytest_asyncio.fixture
async def fresh(folder: Path, database_url: str) -> AsyncIterator[tuple[Settings, Caller]]:
    """A server that nobody has called yet, its settings, and whoever sits at its machine."""
    settings = Settings(Address("127.0.0.1", 0), Address("127.0.0.1", 0), folder, database_url)
    log = JsonLog(io.BytesIO())
    async with (
        application(settings, log) as app,
        grpc.aio.insecure_channel(str(app.address)) as channel,
    ):
        yield settings, Caller(channel)
    await log.close()


@asynccontextmanager
async def deaf(settings: Settings) -> AsyncIterator[None]:
    """While the block runs, the server does not hear what was changed in its database, nor does it
    find out that it cannot.
    """
    listening = (
        "SELECT pid FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = 'switchyard-notifications'"
    )
    url = settings.database_url
    with pytest.MonkeyPatch.context() as patience:
        patience.setattr("server.storage.notifications.ANSWER_S", PATIENCE_S)
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            rows = await (await connection.execute(listening)).fetchall()
        assert rows
        try:
            for (pid,) in rows:
                os.kill(pid, signal.SIGSTOP)
            yield
        finally:
            for (pid,) in rows:
                os.kill(pid, signal.SIGCONT)


async def test_this_machine_needs_a_key_from_the_very_answer_on_that_brings_the_first(
    fresh: tuple[Settings, Caller],
) -> None:
    settings, nobody = fresh
    await nobody.call(f"{ACCESS}/ListTenants")
    async with deaf(settings):
        await make_caller(nobody, "ROLE_ADMIN")
        refused = await refusal(nobody.call(f"{ACCESS}/ListTenants"))
    assert (refused.code, refused.reason) == ("UNAUTHENTICATED", "MISSING_CREDENTIALS")


async def test_the_signing_key_is_its_owners_before_the_first_token(
    fresh: tuple[Settings, Caller],
) -> None:
    settings, _ = fresh
    assert (settings.folder / "token.keys").stat().st_mode & 0o777 == 0o600


async def test_who_guesses_keys_is_soon_limited_and_harms_nobody_beside_him(
    fresh: tuple[Settings, Caller],
) -> None:
    _, nobody = fresh
    operator = await make_caller(nobody, "ROLE_ADMIN")
    guesser = replace(nobody, secret=_unknown_key())
    codes = [(await refusal(guesser.call(LIST_KEYS))).code for _ in range(70)]
    assert (codes[0], codes[-1]) == ("UNAUTHENTICATED", "RESOURCE_EXHAUSTED")
    await operator.call(LIST_KEYS)


async def test_a_key_that_nobody_made_is_refused(town: Town) -> None:
    assert await town.outcome(_unknown_key()) == INVALID
    assert await town.outcome(town.acme.secret[:-4] + "0000") == INVALID


def _unknown_key() -> str:
    return "sy_" + "0" * 16 + "_" + "0" * 64


async def test_an_expired_key_is_refused(town: Town) -> None:
    caller = await make_caller(town.acme, "ROLE_READER", "acme")
    async with await psycopg.AsyncConnection.connect(town.settings.database_url) as connection:
        await connection.execute(
            "UPDATE api_keys SET expire_time = now() WHERE key_id = %s", [key_id_in(caller.secret)]
        )
    assert await town.outcome(caller.secret) == EXPIRED


async def test_a_revoked_key_and_its_token_are_refused_from_the_answer_on(town: Town) -> None:
    caller = await make_caller(town.acme, "ROLE_ADMIN", "acme")
    token = (await caller.call(ISSUE)).token
    await town.with_secret(token).call(LIST_KEYS)
    async with deaf(town.settings):
        await caller.call(REVOKE, name=f"apiKeys/{key_id_in(caller.secret)}")
        outcomes = [await town.outcome(credentials) for credentials in (caller.secret, token)]
    assert outcomes == [("UNAUTHENTICATED", "CREDENTIALS_REVOKED")] * 2


async def test_a_rotated_key_works_on_for_its_overlap_and_not_without_one(town: Town) -> None:
    first = await make_caller(town.acme, "ROLE_ADMIN", "acme")
    rotate = f"{ACCESS}/RotateApiKey"
    second = await first.call(rotate, name=f"apiKeys/{key_id_in(first.secret)}")
    for secret in (first.secret, second.secret):
        await town.with_secret(secret).call(LIST_KEYS)
    async with deaf(town.settings):
        third = await first.call(rotate, name=second.api_key.name, overlap=timedelta(0))
        assert await town.outcome(second.secret) == EXPIRED
    await town.with_secret(third.secret).call(LIST_KEYS)


async def test_a_suspended_tenant_is_refused_from_the_answer_on(town: Town) -> None:
    await town.operator.call(f"{ACCESS}/CreateTenant", tenant_id="sleeper")
    sleeper = await make_caller(town.operator, "ROLE_ADMIN", "sleeper")
    await sleeper.call(LIST_KEYS)
    async with deaf(town.settings):
        await town.operator.call(f"{ACCESS}/SuspendTenant", name="tenants/sleeper")
        outcome = await town.outcome(sleeper.secret)
    assert outcome == ("UNAUTHENTICATED", "TENANT_SUSPENDED")
    await town.operator.call(f"{ACCESS}/ResumeTenant", name="tenants/sleeper")
    await sleeper.call(LIST_KEYS)


async def test_another_tenant_sees_nothing_of_ours(town: Town) -> None:
    ticket = {"id": "1", "body": "Where is my parcel?"}
    run = (await town.acme.call(f"{TRIAGE}/Triage", ticket=ticket)).result.run
    ours = f"apiKeys/{key_id_in(town.acme.secret)}"
    for method, fields in (
        (f"{TRIAGE}/GetTriageRun", {"name": run}),
        (REVOKE, {"name": ours}),
        (f"{ACCESS}/RotateApiKey", {"name": ours}),
    ):
        assert (await refusal(town.rival.call(method, **fields))).code == "NOT_FOUND"
    assert not (await town.rival.call(f"{TRIAGE}/ListTriageRuns")).runs
    assert {key.tenant for key in (await town.rival.call(LIST_KEYS)).api_keys} == {"rival"}
    events = (await town.rival.call(f"{ACCESS}/ListAuditEvents")).audit_events
    assert {event.tenant for event in events} == {"rival"}


async def test_a_token_calls_in_the_name_of_its_key(town: Town) -> None:
    caller = town.with_secret((await town.acme.call(ISSUE)).token)
    ticket = {"id": "by-token", "body": "Where is my parcel?"}
    run = (await caller.call(f"{TRIAGE}/Triage", ticket=ticket)).result.run
    assert (await town.acme.call(f"{TRIAGE}/GetTriageRun", name=run)).run.name == run


async def test_a_token_of_the_issuer_in_the_key_set_reaches_its_tenant_and_no_other(
    town: Town,
) -> None:
    keys = (await town.with_secret(town.outside_token()).call(LIST_KEYS)).api_keys
    assert {key.tenant for key in keys} == {"acme"}
    assert await town.outcome(town.outside_token(tenant="nobody")) == INVALID


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ({"iss": "https://other.example"}, INVALID),
        ({"aud": "another"}, INVALID),
        ({"aud": None}, INVALID),
        ({"exp": None}, INVALID),
        ({"exp": 1}, EXPIRED),
        ({"exp": float("inf")}, INVALID),
        ({"nbf": time.time() + FAR}, INVALID),
        ({"iat": time.time() + FAR}, INVALID),
        ({"sub": "apiKeys/0000000000000000"}, INVALID),
        ({"tenant": "tenants/acme"}, INVALID),
    ],
)
async def test_a_token_of_the_issuer_that_says_something_else_is_refused(
    town: Town, change: dict[str, Any], refused: tuple[str, str]
) -> None:
    assert await town.outcome(town.outside_token(**change)) == refused


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ({"exp": 1}, EXPIRED),
        ({"exp": time.time() + FAR, "iat": time.time() + FAR}, INVALID),
        ({"nbf": time.time() + FAR}, INVALID),
        ({"tenant": "rival"}, INVALID),
        ({"sub": None}, INVALID),
        ({"jti": None}, INVALID),
    ],
)
async def test_a_token_of_ours_that_says_something_else_is_refused(
    town: Town, change: dict[str, Any], refused: tuple[str, str]
) -> None:
    assert await town.outcome(await town.own_token(**change)) == refused


@pytest.mark.parametrize("algorithm", ["none", "None", "EdDSA", "HS256"])
async def test_a_token_without_a_signature_is_refused(town: Town, algorithm: str) -> None:
    for token, key_id in await _tokens(town):
        claims = jwt.decode(token, options={"verify_signature": False})
        assert await town.outcome(unsigned(algorithm, key_id, claims)) == INVALID


async def test_a_token_signed_with_a_public_key_as_a_secret_is_refused(town: Town) -> None:
    own = read_signing_keys(town.settings.folder / "token.keys")[0].private_key
    for token, key_id in await _tokens(town):
        claims = jwt.decode(token, options={"verify_signature": False})
        for public in (own.public_key(), town.issuer_key.public_key()):
            for secret in (
                public.public_bytes(Encoding.Raw, PublicFormat.Raw),
                public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
            ):
                assert await town.outcome(signed_with_a_secret(secret, key_id, claims)) == INVALID


async def test_neither_signer_can_sign_in_the_name_of_the_other(town: Town) -> None:
    (own, own_id), (outside, outside_id) = await _tokens(town)
    own_key = read_signing_keys(town.settings.folder / "token.keys")[0].private_key
    for token, key, key_id in (
        (own, town.issuer_key, own_id),
        (own, town.issuer_key, outside_id),
        (outside, own_key, outside_id),
        (outside, own_key, own_id),
    ):
        claims = jwt.decode(token, options={"verify_signature": False})
        assert await town.outcome(jwt.encode(claims, key, "EdDSA", {"kid": key_id})) == INVALID


async def _tokens(town: Town) -> list[tuple[str, str]]:
    """A genuine token of each signer, with the id of its key."""
    tokens = [await town.own_token(), town.outside_token()]
    return [(token, jwt.get_unverified_header(token)["kid"]) for token in tokens]


@pytest.mark.parametrize(
    "garbage",
    ["x" * 8000, "." * 8000, "a.b.c", base64.urlsafe_b64encode(b"[" * 5900).decode() + ".e30.x"],
    ids=["letters", "dots", "segments", "nested"],
)
async def test_garbage_is_refused_like_any_wrong_key(town: Town, garbage: str) -> None:
    assert await town.outcome(garbage) == INVALID


async def test_a_revoked_key_stays_revoked_while_the_database_is_away(folder: Path) -> None:
    postgres = EmbeddedPostgres(folder / "own")
    settings = Settings(
        Address("127.0.0.1", 0), Address("127.0.0.1", 0), folder, await postgres.start()
    )
    async with (
        application(settings, JsonLog(io.BytesIO())) as app,
        grpc.aio.insecure_channel(str(app.address)) as channel,
    ):
        operator = await make_caller(Caller(channel), "ROLE_ADMIN")
        revoked = await make_caller(operator, "ROLE_ADMIN")
        token = replace(revoked, secret=(await revoked.call(ISSUE)).token)
        for caller in (revoked, token):
            await caller.call(LIST_KEYS)
        await operator.call(REVOKE, name=f"apiKeys/{key_id_in(revoked.secret)}")
        await postgres.stop()
        refusals = await asyncio.gather(
            *[refusal(caller.call(LIST_KEYS)) for caller in (revoked, token)]
        )
        await postgres.start()  # a server that stops waits for its database
    await postgres.stop()
    assert {refused.code for refused in refusals} <= {"UNAUTHENTICATED", "UNAVAILABLE"}


async def test_a_call_may_bring_8_kib_of_metadata(town: Town) -> None:
    await town.acme.call(LIST_KEYS, ("x-note", "n" * 8192))


async def test_64_kib_of_metadata_never_become_a_call(town: Town) -> None:
    before = await _calls_started(town.app)
    refused = await refusal(town.acme.call(LIST_KEYS, ("x-note", "n" * 65536)))
    assert refused.code == "RESOURCE_EXHAUSTED"
    assert await _calls_started(town.app) == before


async def test_a_gzip_bomb_is_refused_unopened(town: Town) -> None:
    before = await _calls_started(town.app)
    options = [("grpc.max_send_message_length", -1)]
    async with grpc.aio.insecure_channel(str(town.app.address), options) as channel:
        send: Any = channel.unary_unary(f"/{TRIAGE}/Triage")
        bomb = send(bytes(64 << 20), compression=grpc.Compression.Gzip, timeout=20)
        assert (await refusal(bomb)).code == "UNIMPLEMENTED"
    assert await _calls_started(town.app) == before


async def test_a_message_over_4_mib_is_refused_with_its_reason(town: Town) -> None:
    before = await _calls_started(town.app)
    ticket = {"id": "1", "body": "x" * (5 << 20)}
    refused = await refusal(town.acme.call(f"{TRIAGE}/Triage", ticket=ticket))
    assert (refused.code, refused.reason) == ("INVALID_ARGUMENT", "REQUEST_TOO_LARGE")
    assert await _calls_started(town.app) == before + 1


async def test_an_item_over_4_mib_is_refused_alone(town: Town) -> None:
    bodies = ["Where is my parcel?"] * 60
    bodies[30] = "x" * (5 << 20)
    answers = await town.acme.exchange(
        f"{TRIAGE}/BatchTriage",
        [{"index": i, "ticket": {"id": str(i), "body": body}} for i, body in enumerate(bodies)],
    )
    refused = {a.index: a.error.message for a in answers if a.HasField("error")}
    assert len(answers) == len(bodies)
    assert list(refused) == [30]
    assert "this method takes at most 4,194,304" in refused[30]


async def test_a_message_over_16_mib_never_becomes_a_call(town: Town) -> None:
    before = await _calls_started(town.app)
    ticket = {"id": "1", "body": "x" * (17 << 20)}
    refused = await refusal(town.acme.call(f"{TRIAGE}/Triage", ticket=ticket))
    assert refused.code == "RESOURCE_EXHAUSTED"
    assert await _calls_started(town.app) == before


async def _calls_started(app: Application) -> float:
    text = await asyncio.to_thread(fetch, f"http://{app.metrics_address}/metrics")
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "grpc_server_call_started_total"
    )


async def test_a_secret_shows_nowhere(town: Town) -> None:
    caller = await make_caller(town.acme, "ROLE_ADMIN", "acme")
    issued = (await caller.call(ISSUE)).token
    rotated = await caller.call(
        f"{ACCESS}/RotateApiKey", name=f"apiKeys/{key_id_in(caller.secret)}"
    )
    secrets = {caller.secret, issued, rotated.secret, town.outside_token(), _unknown_key()}
    secrets |= {town.outside_token(exp=1), await town.own_token(exp=1)}
    seen = [await _misused(town, secret) for secret in secrets]
    seen += [str(await town.operator.call(f"{ACCESS}/ListAuditEvents", tenant="acme"))]
    seen += [str(await town.operator.call(LIST_KEYS, tenant="acme"))]
    for method in ("GetPerformance", "ListCircuitBreakers"):
        resilience = "switchyard.admin.v1.ResilienceService"
        seen.append(str(await town.operator.call(f"{resilience}/{method}")))
    seen.append(await asyncio.to_thread(fetch, f"http://{town.app.metrics_address}/metrics"))
    seen.append(await _log_after(town, "the last call"))
    for secret in secrets:
        assert not any(secret[-40:] in text for text in seen)


async def _misused(town: Town, secret: str) -> str:
    """What is answered where a secret is used, and where it was put by mistake."""
    caller = town.with_secret(secret)
    mistakes = [
        caller.call(REVOKE, name=f"apiKeys/{secret}"),
        caller.call(f"{TRIAGE}/GetTriageRun", name=f"triageRuns/{secret}"),
        caller.call(LIST_KEYS, page_token=secret[:500]),
        caller.call(LIST_KEYS, tenant=secret),
        caller.call(LIST_KEYS, ("authorization", secret)),
        town.with_secret(f"{secret} {secret}").call(LIST_KEYS),
        _call_unknown(town, f"/{TRIAGE}/Triage?key={secret}"),
        _call_unknown(town, f"/{secret}/Triage"),
    ]
    return "\n".join([str(await refusal(mistake)) for mistake in mistakes])


def _call_unknown(town: Town, path: str) -> Any:
    call: Any = town.acme.channel.unary_unary(path)
    return call(b"", timeout=20)


async def _log_after(town: Town, call_id: str) -> str:
    """The log, up to a call that is made now."""
    await town.acme.call(LIST_KEYS, ("x-request-id", call_id))

    async def is_written() -> bool:
        return call_id.encode() in town.log.getvalue()

    await until(is_written)
    return town.log.getvalue().decode()


async def test_a_connection_that_says_nothing_is_closed(town: Town) -> None:
    address = town.app.address
    reader, writer = await asyncio.open_connection(address.host, address.port)
    async with asyncio.timeout(PATIENCE_S):
        while await reader.read(4096):  # the server introduces itself first
            continue
    writer.close()
