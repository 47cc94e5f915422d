"""Tokens of an outside issuer are taken when everything about them is right."""

import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from interceptors.call import EVERY_PERMISSION
from interceptors.errors import Unauthenticated
from server.access.claims import LEEWAY_S
from server.access.key_set import REFRESH_S, KeySet
from server.access.outside_issuer import OutsideIssuer, Terms
from server.access.refusals import NO_TENANT, SUSPENDED
from server.access.remembered import Verified
from server.access.roles import AGENT, READER
from tests.unit.access.clock import Clock
from tests.unit.access.forged import signed_with_a_secret, unsigned

TERMS = Terms("https://sso.example", "switchyard", "tenant", "roles")
SHORT_KEY_BITS, KEY_BITS = 1024, 2048


@pytest.fixture(scope="module")
def private_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, KEY_BITS)


class Company:
    """An issuer with one RSA key, and a server that knows tenant `acme`."""

    def __init__(self, private_key: rsa.RSAPrivateKey) -> None:
        self.clock = Clock()
        self.private_key = private_key
        jwk = jwt.algorithms.RSAAlgorithm.to_jwk(private_key.public_key(), as_dict=True)
        content = json.dumps({"keys": [jwk | {"kid": "k", "alg": "RS256"}]}).encode()

        async def read() -> bytes:
            return content

        key_set = KeySet(read, lambda _report: None)
        self._issuer = OutsideIssuer(key_set, TERMS, self._check_tenant, self.clock)

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Those of a token in order; a change to None leaves a claim out."""
        now = int(self.clock())
        claims = {"iss": TERMS.issuer, "aud": TERMS.audience, "sub": "alice", "iat": now}
        claims |= {"nbf": now, "exp": now + 600, "tenant": "acme", "roles": ["agent"]}
        return {k: v for k, v in (claims | changes).items() if v is not None}

    def token(self, **changes: Any) -> str:
        return jwt.encode(self.claims(**changes), self.private_key, "RS256", {"kid": "k"})

    async def verify(self, token: str) -> Verified:
        return await self._issuer.verify(token)

    async def refused(self, token: str) -> str:
        """The reason of the refusal; fails when there is none."""
        with pytest.raises(Unauthenticated) as raised:
            await self._issuer.verify(token)
        return raised.value.reason

    async def _check_tenant(self, tenant: str) -> None:
        if tenant not in {"acme", "default"}:
            raise (SUSPENDED if tenant == "asleep" else NO_TENANT).error()


@pytest.fixture
def company(private_key: rsa.RSAPrivateKey) -> Company:
    return Company(private_key)


async def test_a_token_in_order_names_its_caller(company: Company) -> None:
    verified = await company.verify(company.token())
    assert (verified.caller.tenant, verified.caller.subject) == ("acme", "alice")
    assert (verified.caller.permissions, verified.caller.tier) == (AGENT, "free")
    assert verified.key_id == ""


@pytest.mark.parametrize(
    ("roles", "permissions"),
    [
        (["reader", "their-own"], READER),
        ("reader agent", AGENT),
        (["root", 7, None], frozenset()),
        ({"admin": True}, frozenset()),
        (None, frozenset()),
    ],
)
async def test_roles_that_the_server_does_not_know_are_worth_nothing(
    company: Company, roles: Any, permissions: frozenset[str]
) -> None:
    verified = await company.verify(company.token(roles=roles))
    assert verified.caller.permissions == permissions


async def test_an_administrator_of_a_tenant_is_no_operator(company: Company) -> None:
    verified = await company.verify(company.token(roles=["admin"]))
    assert EVERY_PERMISSION not in verified.caller.permissions


@pytest.mark.parametrize(
    ("tenant", "roles", "tier"),
    [
        ("default", "admin", "unlimited"),
        ("default", "supervisor", "free"),
        ("acme", "admin", "free"),
    ],
)
async def test_roles_give_the_tier_that_they_give_a_key(
    company: Company, tenant: str, roles: str, tier: str
) -> None:
    verified = await company.verify(company.token(tenant=tenant, roles=roles))
    assert verified.caller.tier == tier


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"iss": "https://evil.example"}, "INVALID_CREDENTIALS"),
        ({"aud": "another"}, "INVALID_CREDENTIALS"),
        ({"aud": None}, "INVALID_CREDENTIALS"),
        ({"sub": None}, "INVALID_CREDENTIALS"),
        ({"exp": None}, "INVALID_CREDENTIALS"),
        ({"sub": ""}, "INVALID_CREDENTIALS"),
        ({"sub": "x" * 257}, "INVALID_CREDENTIALS"),
        ({"sub": "line\nbreak"}, "INVALID_CREDENTIALS"),
        ({"sub": "apiKeys/0123456789abcdef"}, "INVALID_CREDENTIALS"),
        ({"sub": "command-line"}, "INVALID_CREDENTIALS"),
        ({"sub": "loopback"}, "INVALID_CREDENTIALS"),
        ({"tenant": None}, "INVALID_CREDENTIALS"),
        ({"tenant": ["acme"]}, "INVALID_CREDENTIALS"),
        ({"tenant": "ac\0me"}, "INVALID_CREDENTIALS"),
        ({"tenant": "unknown"}, "INVALID_CREDENTIALS"),
        ({"tenant": "asleep"}, "TENANT_SUSPENDED"),
    ],
)
async def test_a_claim_that_is_not_in_order_is_refused(
    company: Company, change: dict[str, Any], reason: str
) -> None:
    assert await company.refused(company.token(**change)) == reason


async def test_clocks_may_differ_by_half_a_minute_and_no_more(company: Company) -> None:
    now = int(company.clock())
    assert await company.verify(company.token(exp=now - LEEWAY_S + 1))
    assert await company.refused(company.token(exp=now - LEEWAY_S)) == "CREDENTIALS_EXPIRED"
    assert await company.verify(company.token(nbf=now + LEEWAY_S, iat=now + LEEWAY_S))
    assert await company.refused(company.token(nbf=now + LEEWAY_S + 1)) == "INVALID_CREDENTIALS"
    assert await company.refused(company.token(iat=now + 86400)) == "INVALID_CREDENTIALS"


async def test_a_token_is_looked_at_again_when_its_key_may_have_been_withdrawn(
    company: Company,
) -> None:
    now = company.clock()
    assert (await company.verify(company.token(exp=int(now) + 86400))).until_s == now + REFRESH_S
    assert (await company.verify(company.token(exp=int(now) + 10))).until_s == int(now) + 40


@pytest.mark.parametrize("algorithm", ["none", "None", "", "RS256"])
async def test_a_token_without_signature_is_refused(company: Company, algorithm: str) -> None:
    token = unsigned(algorithm, "k", company.claims())
    assert await company.refused(token) == "INVALID_CREDENTIALS"


async def test_a_token_signed_with_the_public_key_as_a_secret_is_refused(company: Company) -> None:
    public = company.private_key.public_key()
    secret = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    forged = signed_with_a_secret(secret, "k", company.claims())
    assert await company.refused(forged) == "INVALID_CREDENTIALS"


@pytest.mark.parametrize("algorithm", ["RS512", "PS256"])
async def test_the_right_key_with_another_algorithm_is_refused(
    company: Company, algorithm: str
) -> None:
    token = jwt.encode(company.claims(), company.private_key, algorithm, {"kid": "k"})
    assert await company.refused(token) == "INVALID_CREDENTIALS"


@pytest.mark.parametrize("headers", [{"kid": "unknown"}, {}])
async def test_a_token_that_names_no_key_of_the_issuer_is_refused(
    company: Company, headers: dict[str, str]
) -> None:
    token = jwt.encode(company.claims(), company.private_key, "RS256", headers)
    assert await company.refused(token) == "INVALID_CREDENTIALS"


async def test_a_key_that_is_too_short_to_be_safe_is_refused() -> None:
    short = rsa.generate_private_key(65537, SHORT_KEY_BITS)
    with pytest.warns(jwt.InsecureKeyLengthWarning):
        token = Company(short).token()
    assert await Company(short).refused(token) == "INVALID_CREDENTIALS"
