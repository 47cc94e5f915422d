"""The caches: what they do, and how they are set."""

from switchyard_client.connection import Connection
from switchyard_client.messages.switchyard.admin.v1 import (
    CacheConfig,
    CachePart,
    ClearCacheRequest,
    ClearCacheResponse,
    GetCacheStatsRequest,
    GetCacheStatsResponse,
    GetSemanticCacheRequest,
    GetSemanticCacheResponse,
    SemanticCacheSettings,
    TestCacheRequest,
    TestCacheResponse,
    UpdateCacheConfigRequest,
    UpdateCacheConfigResponse,
    UpdateSemanticCacheRequest,
    UpdateSemanticCacheResponse,
)

_SERVICE = "switchyard.admin.v1.CacheService"


class CacheAdmin:
    """Methods are named "package.Service/Method", parts of the server like "llm.exact"."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def stats(self) -> GetCacheStatsResponse:
        """Hits, misses, size and settings, over all processes."""
        return await self._connection.call(_SERVICE, GetCacheStatsRequest(), GetCacheStatsResponse)

    async def clear(self, *, method: str = "", tenant: str = "") -> int:
        """Drop stored answers; how many this server process held. Empty: of all."""
        request = ClearCacheRequest(method=method, tenant=tenant)
        response = await self._connection.call(_SERVICE, request, ClearCacheResponse)
        return response.dropped

    async def update_config(self, config: CacheConfig) -> CacheConfig:
        """The settings then in force for the method; what is None stays as it is."""
        request = UpdateCacheConfigRequest(config=config)
        response = await self._connection.call(_SERVICE, request, UpdateCacheConfigResponse)
        return response.config or CacheConfig()

    async def test(self) -> list[CachePart]:
        """How memory and, where there is one, Redis did at one write, read and delete."""
        response = await self._connection.call(_SERVICE, TestCacheRequest(), TestCacheResponse)
        return response.parts

    async def semantic(self, tenant: str = "") -> GetSemanticCacheResponse:
        """How the semantic cache is set, and how a tenant's gates stand; empty: the caller's."""
        request = GetSemanticCacheRequest(tenant=tenant)
        return await self._connection.call(_SERVICE, request, GetSemanticCacheResponse)

    async def update_semantic(self, settings: SemanticCacheSettings) -> SemanticCacheSettings:
        """The settings then in force; what is 0 or None stays as it is."""
        request = UpdateSemanticCacheRequest(settings=settings)
        response = await self._connection.call(_SERVICE, request, UpdateSemanticCacheResponse)
        return response.settings or SemanticCacheSettings()
