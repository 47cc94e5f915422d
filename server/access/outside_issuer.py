"""Tokens of an outside issuer, such as a company's single sign-on."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from interceptors.call import Caller
from server.access.claims import LEEWAY_S, Claims, check_times, key_id_of, verified_claims
from server.access.key import KEYS
from server.access.key_set import REFRESH_S, KeySet
from server.access.refusals import INVALID, NO_TENANT
from server.access.remembered import Verified
from server.access.roles import Role, permissions_of, role_named, usual_tier
from server.audit.store import COMMAND_LINE
from server.caller import LOOPBACK

MOST_SUBJECT = 256  # characters
OUR_SUBJECTS = frozenset({COMMAND_LINE, LOOPBACK.subject})  # nobody else may be named so


@dataclass(frozen=True, slots=True)
class Terms:
    """What a token must say, and where it says it."""

    issuer: str
    audience: str
    tenant_claim: str
    roles_claim: str  # a list of names, or names with spaces between; those of others are ignored


class OutsideIssuer:
    """Verifies tokens by the issuer's key set. `check_tenant` raises when a tenant may not call."""

    def __init__(
        self,
        key_set: KeySet,
        terms: Terms,
        check_tenant: Callable[[str], Awaitable[None]],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._key_set = key_set
        self._terms = terms
        self._check_tenant = check_tenant
        self._clock = clock

    async def verify(self, token: str) -> Verified:
        """Whose token it is. Raises Unauthenticated, IssuerUnavailable, StorageUnavailable."""
        key = await self._key_set.find(key_id_of(token))
        claims = verified_claims(
            token,
            key,
            (key.algorithm_name,),
            issuer=self._terms.issuer,
            audience=self._terms.audience,
            required=("sub", "exp"),
        )
        now_s = self._clock()
        expires_s = check_times(claims, now_s, leeway_after_s=LEEWAY_S)
        tenant = claims.get(self._terms.tenant_claim)
        if not isinstance(tenant, str) or not tenant.isprintable():
            raise NO_TENANT.error()
        await self._check_tenant(tenant)
        roles = _roles(claims.get(self._terms.roles_claim))
        permissions, tier = permissions_of(tenant, roles), usual_tier(tenant, roles)
        caller = Caller(tenant, _subject(claims), permissions, tier)
        return Verified(caller, "", min(expires_s, now_s + REFRESH_S))  # its key may be withdrawn


def _subject(claims: Claims) -> str:
    subject: str = claims["sub"]
    is_ours = subject in OUR_SUBJECTS or subject.startswith(KEYS)
    if is_ours or not 0 < len(subject) <= MOST_SUBJECT or not subject.isprintable():
        raise INVALID.error()
    return subject


def _roles(stated: object) -> list[Role]:
    names = stated.split() if isinstance(stated, str) else stated
    if not isinstance(names, list):
        return []
    roles = [role_named(name) for name in names if isinstance(name, str)]
    return [role for role in roles if role]
