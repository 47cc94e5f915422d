"""Our own tokens: short-lived, signed, of the same rights as their API key or fewer."""

import time
import uuid
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

import jwt

from interceptors.call import Caller
from server.access.claims import Claims, check_times, key_id_of, verified_claims
from server.access.directory import expiry_s
from server.access.key import KEYS, ApiKey
from server.access.refusals import INVALID
from server.access.remembered import Verified
from server.access.roles import Role, narrowed, permissions_of, role_named
from server.access.signing_keys import LONGEST_TOKEN_S, SigningKeys

ISSUER = "switchyard"
ALGORITHM = "EdDSA"  # Ed25519
REQUIRED = ("sub", "tenant", "roles", "permissions", "iat", "nbf", "exp", "jti")

# The key of an id, while it may be used. Raises Unauthenticated, StorageUnavailable.
LiveKey = Callable[[str], Awaitable[ApiKey]]


@dataclass(frozen=True, slots=True)
class Token:
    """A signed token and its end."""

    text: str
    expires_s: int  # since 1970


class Tokens:
    """Issues and verifies tokens. A token holds only as long as its key does."""

    def __init__(
        self,
        signing_keys: SigningKeys,
        live_key: LiveKey,
        clock: Callable[[], float] = time.time,
        new_id: Callable[[], uuid.UUID] = uuid.uuid4,
    ) -> None:
        self._signing_keys = signing_keys
        self._live_key = live_key
        self._clock = clock
        self._new_id = new_id

    async def issue(self, key: ApiKey, roles: Sequence[Role], ttl_s: float) -> Token:
        """A token of these roles, or without any of all that the key may do."""
        now_s = self._clock()
        expires_s = int(min(now_s + min(ttl_s, LONGEST_TOKEN_S), expiry_s(key)))
        claims = {
            "iss": ISSUER,
            "sub": key.name,
            "tenant": key.tenant,
            "roles": [role.name.lower() for role in roles or key.roles],
            "permissions": [] if roles else list(key.other_permissions),
            "iat": int(now_s),
            "nbf": int(now_s),
            "exp": expires_s,
            "jti": str(self._new_id()),
        }
        signing_key = await self._signing_keys.newest()
        headers = {"kid": signing_key.key_id}
        text = jwt.encode(claims, signing_key.private_key, ALGORITHM, headers)
        return Token(text, expires_s)

    async def verify(self, token: str) -> Verified:
        """Whose token it is. Raises Unauthenticated, StorageUnavailable."""
        signing_key = await self._signing_keys.find(key_id_of(token))
        if signing_key is None:
            raise INVALID.error()
        claims = verified_claims(
            token,
            signing_key.private_key.public_key(),
            (ALGORITHM,),
            issuer=ISSUER,
            audience=None,
            required=REQUIRED,
        )
        expires_s = check_times(claims, self._clock(), leeway_after_s=0.0)
        key = await self._live_key(claims["sub"].removeprefix(KEYS))
        if key.tenant != claims["tenant"]:
            raise INVALID.error()
        granted = _permissions(key.tenant, claims)
        caller = Caller(key.tenant, key.name, narrowed(granted, key.permissions), key.tier)
        return Verified(caller, key.key_id, min(expires_s, expiry_s(key)))


def _permissions(tenant: str, claims: Claims) -> frozenset[str]:
    roles: Iterable[Role | None] = map(role_named, claims["roles"])
    return permissions_of(tenant, [role for role in roles if role], claims["permissions"])
