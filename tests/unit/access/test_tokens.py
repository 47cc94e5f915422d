"""Our tokens hold as long as they say and as their key does, and cannot be forged."""

import dataclasses
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from interceptors.errors import Unauthenticated
from server.access.claims import issuer_of, key_id_of
from server.access.key import ApiKey
from server.access.refusals import REVOKED
from server.access.roles import AGENT, READER, Role
from server.access.signing_keys import SigningKeys
from server.access.tokens import Tokens
from tests.unit.access.clock import Clock
from tests.unit.access.forged import signed_with_a_secret, unsigned

KEY = ApiKey(
    tenant="acme",
    key_id="0123456789abcdef",
    digest=b"",
    title="",
    roles=(Role.AGENT,),
    other_permissions=("audit.read",),
    tier="free",
    create_time=datetime(2026, 1, 1, tzinfo=UTC),
)


class Issuer:
    """Tokens for one key, whose state a test may change."""

    def __init__(self, path: Path) -> None:
        self.clock = Clock()
        self.key = KEY
        self.is_revoked = False
        self.signing_keys = SigningKeys(path, self.clock)
        self.tokens = Tokens(self.signing_keys, self._live_key, self.clock)

    async def token(self, *roles: Role, ttl_s: float = 600) -> str:
        return (await self.tokens.issue(self.key, roles, ttl_s)).text

    async def refused(self, token: str) -> str:
        """The reason of the refusal; fails when there is none."""
        with pytest.raises(Unauthenticated) as raised:
            await self.tokens.verify(token)
        return raised.value.reason

    async def signed(self, **changes: Any) -> str:
        """A genuine token with other claims."""
        claims = jwt.decode(await self.token(), options={"verify_signature": False}) | changes
        key = await self.signing_keys.newest()
        return jwt.encode(claims, key.private_key, "EdDSA", {"kid": key.key_id})

    async def _live_key(self, key_id: str) -> ApiKey:
        assert key_id == KEY.key_id
        if self.is_revoked:
            raise REVOKED.error()
        return self.key


@pytest.fixture
def issuer(tmp_path: Path) -> Issuer:
    return Issuer(tmp_path / "token.keys")


async def test_a_token_says_whose_it_is_and_for_how_long(issuer: Issuer) -> None:
    claims = jwt.decode(await issuer.token(ttl_s=600), options={"verify_signature": False})
    now = int(issuer.clock())
    assert claims.pop("jti")
    assert claims == {
        "iss": "switchyard",
        "sub": "apiKeys/0123456789abcdef",
        "tenant": "acme",
        "roles": ["agent"],
        "permissions": ["audit.read"],
        "iat": now,
        "nbf": now,
        "exp": now + 600,
    }


async def test_a_token_has_all_that_its_key_may_do(issuer: Issuer) -> None:
    verified = await issuer.tokens.verify(await issuer.token())
    assert verified.caller.permissions == AGENT | {"audit.read"}
    assert (verified.caller.tenant, verified.caller.subject) == ("acme", KEY.name)
    assert verified.key_id == KEY.key_id


async def test_a_token_of_fewer_roles_has_theirs_alone(issuer: Issuer) -> None:
    verified = await issuer.tokens.verify(await issuer.token(Role.READER))
    assert verified.caller.permissions == READER


async def test_a_token_that_claims_more_than_its_key_has_gets_no_more(issuer: Issuer) -> None:
    token = await issuer.signed(roles=["admin"], permissions=["access.manage"])
    assert (await issuer.tokens.verify(token)).caller.permissions == AGENT | {"audit.read"}


async def test_a_token_never_outlives_its_key(issuer: Issuer) -> None:
    end = datetime.fromtimestamp(issuer.clock() + 60, UTC)
    issuer.key = dataclasses.replace(KEY, expire_time=end)
    token = await issuer.tokens.issue(issuer.key, [], 3600)
    assert token.expires_s == end.timestamp()


async def test_a_token_ends_to_the_second(issuer: Issuer) -> None:
    token = await issuer.token(ttl_s=60)
    issuer.clock.go(59)
    assert (await issuer.tokens.verify(token)).until_s == issuer.clock() + 1
    issuer.clock.go(1)
    assert await issuer.refused(token) == "CREDENTIALS_EXPIRED"


async def test_a_token_dies_with_its_key(issuer: Issuer) -> None:
    token = await issuer.token()
    issuer.is_revoked = True
    assert await issuer.refused(token) == "CREDENTIALS_REVOKED"


async def test_a_token_from_a_clock_ahead_holds_within_half_a_minute(issuer: Issuer) -> None:
    now = int(issuer.clock())
    assert await issuer.tokens.verify(await issuer.signed(nbf=now + 30, iat=now + 30))
    assert await issuer.refused(await issuer.signed(nbf=now + 31)) == "INVALID_CREDENTIALS"
    assert await issuer.refused(await issuer.signed(iat=now + 31)) == "INVALID_CREDENTIALS"


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "another"},
        {"tenant": "other"},
        {"exp": "soon"},
        {"exp": float("inf")},
        {"exp": float("nan")},
        {"exp": 10**400},
        {"exp": True},
        {"sub": 7},
    ],
)
async def test_a_claim_that_cannot_be_right_is_refused(
    issuer: Issuer, change: dict[str, Any]
) -> None:
    assert await issuer.refused(await issuer.signed(**change)) == "INVALID_CREDENTIALS"


@pytest.mark.parametrize("algorithm", ["none", "None", "", "EdDSA"])
async def test_a_token_without_signature_is_refused(issuer: Issuer, algorithm: str) -> None:
    key = await issuer.signing_keys.newest()
    claims = jwt.decode(await issuer.token(), options={"verify_signature": False})
    assert await issuer.refused(unsigned(algorithm, key.key_id, claims)) == "INVALID_CREDENTIALS"


async def test_a_token_signed_with_the_public_key_as_a_secret_is_refused(issuer: Issuer) -> None:
    key = await issuer.signing_keys.newest()
    public = key.private_key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    claims = jwt.decode(await issuer.token(), options={"verify_signature": False})
    forged = signed_with_a_secret(public, key.key_id, claims)
    assert await issuer.refused(forged) == "INVALID_CREDENTIALS"


async def test_a_token_of_another_key_is_refused_under_any_key_id(issuer: Issuer) -> None:
    claims = jwt.decode(await issuer.token(), options={"verify_signature": False})
    ours = (await issuer.signing_keys.newest()).key_id
    for key_id in (ours, "unknown"):
        forged = jwt.encode(claims, Ed25519PrivateKey.generate(), "EdDSA", {"kid": key_id})
        assert await issuer.refused(forged) == "INVALID_CREDENTIALS"


async def test_a_changed_payload_is_refused(issuer: Issuer) -> None:
    header, _, signature = (await issuer.token()).split(".")
    other = (await issuer.signed(roles=["admin"])).split(".")[1]
    assert await issuer.refused(f"{header}.{other}.{signature}") == "INVALID_CREDENTIALS"


@given(st.text(max_size=200) | st.builds("{}.{}.x".format, st.text(), st.text()))
def test_no_text_does_worse_than_to_be_refused(text: str) -> None:
    for read in (key_id_of, issuer_of):
        with pytest.raises(Unauthenticated):
            read(text)
