"""Circuit breakers, performance, and providers of language models."""

from switchyard_client.connection import Connection
from switchyard_client.messages.switchyard.admin.v1 import (
    CircuitBreaker,
    CircuitBreakerMode,
    CircuitBreakerSettings,
    GetPerformanceRequest,
    GetPerformanceResponse,
    ListCircuitBreakersRequest,
    ListCircuitBreakersResponse,
    ListProvidersRequest,
    ListProvidersResponse,
    Provider,
    ResetCircuitBreakerRequest,
    ResetCircuitBreakerResponse,
    SetCircuitBreakerModeRequest,
    SetCircuitBreakerModeResponse,
    SetProviderDrillRequest,
    SetProviderDrillResponse,
    UpdateCircuitBreakerRequest,
    UpdateCircuitBreakerResponse,
)

_SERVICE = "switchyard.admin.v1.ResilienceService"


class ResilienceAdmin:
    """Breakers and providers go by the names that are listed. Raises NotFound for others."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def breakers(self) -> list[CircuitBreaker]:
        """Every breaker of the server process that answers, by name."""
        request = ListCircuitBreakersRequest()
        response = await self._connection.call(_SERVICE, request, ListCircuitBreakersResponse)
        return response.circuit_breakers

    async def reset_breaker(self, breaker: str) -> CircuitBreaker:
        """The breaker, closed and without counts."""
        request = ResetCircuitBreakerRequest(breaker=breaker)
        response = await self._connection.call(_SERVICE, request, ResetCircuitBreakerResponse)
        return response.circuit_breaker or CircuitBreaker()

    async def update_breaker(
        self, breaker: str, settings: CircuitBreakerSettings
    ) -> CircuitBreaker:
        """The breaker with its new settings; what is 0 or None in `settings` stays as it is."""
        request = UpdateCircuitBreakerRequest(breaker=breaker, settings=settings)
        response = await self._connection.call(_SERVICE, request, UpdateCircuitBreakerResponse)
        return response.circuit_breaker or CircuitBreaker()

    async def set_breaker_mode(self, breaker: str, mode: CircuitBreakerMode) -> CircuitBreaker:
        """The breaker with its new mode."""
        request = SetCircuitBreakerModeRequest(breaker=breaker, mode=mode)
        response = await self._connection.call(_SERVICE, request, SetCircuitBreakerModeResponse)
        return response.circuit_breaker or CircuitBreaker()

    async def performance(self) -> GetPerformanceResponse:
        """Times of every method, step and query, and the newest errors."""
        request = GetPerformanceRequest()
        return await self._connection.call(_SERVICE, request, GetPerformanceResponse)

    async def providers(self) -> list[Provider]:
        """Every provider as the process that answers knows it; empty: no models are asked."""
        response = await self._connection.call(
            _SERVICE, ListProvidersRequest(), ListProvidersResponse
        )
        return response.providers

    async def drill_provider(self, provider: str, *, drilled: bool) -> Provider:
        """The provider, whose every call fails from now on, or does not any more."""
        request = SetProviderDrillRequest(provider=provider, drilled=drilled)
        response = await self._connection.call(_SERVICE, request, SetProviderDrillResponse)
        return response.provider or Provider()
