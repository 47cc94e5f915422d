"""Rate limits: tiers, exceptions from them, and who uses how much."""

from collections.abc import AsyncGenerator

from switchyard_client.connection import Connection
from switchyard_client.messages.switchyard.admin.v1 import (
    CallerUsage,
    CustomLimit,
    GetStatusRequest,
    GetStatusResponse,
    GetUsageRequest,
    GetUsageResponse,
    Limits,
    ListCustomLimitsRequest,
    ListCustomLimitsResponse,
    ListTiersRequest,
    ListTiersResponse,
    ListTopCallersRequest,
    ListTopCallersResponse,
    ResetLimitsRequest,
    ResetLimitsResponse,
    SetCustomLimitRequest,
    SetCustomLimitResponse,
    SetTierRequest,
    SetTierResponse,
    Tier,
)

_SERVICE = "switchyard.admin.v1.RateLimitService"


class LimitsAdmin:
    """Callers are named "tenant/subject", such as "acme/apiKeys/0123456789abcdef"."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def tiers(self) -> list[Tier]:
        """From the smallest to the largest."""
        response = await self._connection.call(_SERVICE, ListTiersRequest(), ListTiersResponse)
        return response.tiers

    async def set_tier(self, api_key: str, tier: str) -> None:
        """Move a key, "apiKeys/...", to another tier."""
        request = SetTierRequest(api_key=api_key, tier=tier)
        await self._connection.call(_SERVICE, request, SetTierResponse)

    async def set_custom_limit(
        self, limits: Limits | None, *, caller: str = "", method: str = ""
    ) -> None:
        """Limits of its own for a caller, a method or both; None: those of the tier again."""
        request = SetCustomLimitRequest(caller=caller, method=method, limits=limits)
        await self._connection.call(_SERVICE, request, SetCustomLimitResponse)

    async def custom_limits(
        self, *, tenant: str = "", page_size: int = 100
    ) -> AsyncGenerator[CustomLimit, None]:
        """Those of a tenant's callers and of methods; no `tenant`: all that the caller may see."""
        request = ListCustomLimitsRequest(tenant=tenant, page_size=page_size)
        async for page in self._connection.pages(_SERVICE, request, ListCustomLimitsResponse):
            for limit in page.custom_limits:
                yield limit

    async def status(self, caller: str = "") -> GetStatusResponse:
        """What is left in each window; an empty `caller` is whoever calls."""
        request = GetStatusRequest(caller=caller)
        return await self._connection.call(_SERVICE, request, GetStatusResponse)

    async def usage(self, *, tenant: str = "") -> list[CallerUsage]:
        """The callers of a tenant that used most, at most 1,000."""
        request = GetUsageRequest(tenant=tenant)
        response = await self._connection.call(_SERVICE, request, GetUsageResponse)
        return response.callers

    async def top_callers(self, most: int = 20) -> list[CallerUsage]:
        """The callers of all tenants that used most, at most 1,000."""
        request = ListTopCallersRequest(page_size=most)
        response = await self._connection.call(_SERVICE, request, ListTopCallersResponse)
        return response.callers

    async def reset(self, caller: str) -> None:
        """Give a caller all its units back."""
        await self._connection.call(
            _SERVICE, ResetLimitsRequest(caller=caller), ResetLimitsResponse
        )
