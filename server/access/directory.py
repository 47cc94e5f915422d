"""What keys and tenants may be used now: the state behind every credential."""

import math
import time
from collections.abc import Callable

from interceptors.call import ANONYMOUS_TIER, Caller
from interceptors.limits.tiers import FREE_TIER
from server.access.key import KEYS, ApiKey, key_id_in, opens
from server.access.key_store import FoundKey, KeyStore
from server.access.refusals import EXPIRED, INVALID, NO_TENANT, REVOKED, SUSPENDED
from server.access.remembered import Verified
from server.access.tenant_store import TenantStore


class Directory:
    """Asks the database each time: what it answers may be remembered until a change is heard."""

    def __init__(
        self, keys: KeyStore, tenants: TenantStore, clock: Callable[[], float] = time.time
    ) -> None:
        self._keys = keys
        self._tenants = tenants
        self._clock = clock

    async def verify_secret(self, secret: str) -> Verified:
        """Whose secret it is. Raises Unauthenticated, StorageUnavailable.

        Only who knows the secret hears of its key's state.
        """
        key_id = key_id_in(secret)
        found = await self._keys.find(key_id) if key_id else None
        if found is None or not opens(secret, found.key):
            raise INVALID.error()
        key = self._live(found)
        caller = Caller(key.tenant, key.name, key.permissions, key.tier)
        return Verified(caller, key.key_id, expiry_s(key))

    async def live_key(self, key_id: str) -> ApiKey:
        """The key that a genuine token was issued for. Raises Unauthenticated when it may not be
        used any more, StorageUnavailable.
        """
        found = await self._keys.find(key_id)
        if found is None:  # deleted together with its tenant
            raise REVOKED.error()
        return self._live(found)

    async def tier_of(self, limited_name: str) -> str:
        """The tier of a caller as rate limits name it. Raises StorageUnavailable."""
        tenant, _, subject = limited_name.partition("/")
        if tenant == "address":
            return ANONYMOUS_TIER
        found = await self._keys.find(subject.removeprefix(KEYS))
        return found.key.tier if found and found.key.tenant == tenant else FREE_TIER

    async def check_tenant(self, tenant: str) -> None:
        """Raises Unauthenticated unless the tenant may call, StorageUnavailable."""
        found = await self._tenants.find(tenant)
        if found is None:
            raise NO_TENANT.error()
        if found.suspended:
            raise SUSPENDED.error()

    def _live(self, found: FoundKey) -> ApiKey:
        if found.key.revoke_time:
            raise REVOKED.error()
        if self._clock() >= expiry_s(found.key):
            raise EXPIRED.error()
        if found.tenant_is_suspended:
            raise SUSPENDED.error()
        return found.key


def expiry_s(key: ApiKey) -> float:
    """When a key expires, in seconds since 1970; inf: never."""
    return key.expire_time.timestamp() if key.expire_time else math.inf
