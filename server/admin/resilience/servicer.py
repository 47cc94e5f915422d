"""switchyard.admin.v1.ResilienceService: breakers, performance, providers and dead letters."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import grpc
from switchyard.admin.v1 import resilience_service_pb2 as pb
from switchyard.admin.v1 import resilience_service_pb2_grpc

from interceptors.breaker.breaker import CircuitBreaker
from interceptors.breaker.registry import BreakerRegistry
from server.admin.errors import BreakerNotFound, InvalidOrder, ProviderNotFound
from server.admin.figures import ProcessFigures
from server.admin.orders import Orders
from server.admin.resilience import wire
from server.admin.resilience.control import DRILL, MODE, RESET, SETTING, settings_value
from server.admin.resilience.letters import LetterDesk
from server.admin.resilience.performance import newest_errors, sum_timings
from server.admin.store import Value
from server.caller import caller_of
from server.engines.llm.member import Member

Context = grpc.aio.ServicerContext[Any, Any]


class ResilienceServicer(resilience_service_pb2_grpc.ResilienceServiceServicer):
    """The wire side of what fails. `since_1970` turns the breakers' time into Unix time."""

    def __init__(
        self,
        registry: BreakerRegistry,
        orders: Orders,
        figures: ProcessFigures,
        providers: Sequence[Member],
        letters: LetterDesk,
        since_1970: Callable[[float], float],
        *,
        is_measuring: bool,
    ) -> None:
        self._registry = registry
        self._orders = orders
        self._figures = figures
        self._providers = providers
        self._letters = letters
        self._since_1970 = since_1970
        self._is_measuring = is_measuring

    async def ListCircuitBreakers(
        self, _request: pb.ListCircuitBreakersRequest, _context: Context
    ) -> pb.ListCircuitBreakersResponse:
        """Every breaker by name."""
        breakers = [self._write(breaker) for breaker in self._registry.breakers()]
        return pb.ListCircuitBreakersResponse(circuit_breakers=breakers)

    async def ResetCircuitBreaker(
        self, request: pb.ResetCircuitBreakerRequest, context: Context
    ) -> pb.ResetCircuitBreakerResponse:
        """Close a breaker."""
        breaker = self._find(request.breaker)
        await self._orders.order(RESET, breaker.name, {}, caller_of(context).subject)
        return pb.ResetCircuitBreakerResponse(circuit_breaker=self._write(breaker))

    async def UpdateCircuitBreaker(
        self, request: pb.UpdateCircuitBreakerRequest, context: Context
    ) -> pb.UpdateCircuitBreakerResponse:
        """Change a breaker's settings."""
        breaker = self._find(request.breaker)

        def changed() -> Value:
            settings = replace(breaker.settings, **wire.read_changes(request.settings))
            if settings.minimum_calls > settings.window_calls:
                rule = f"must be at most window_calls, which is {settings.window_calls}"
                raise InvalidOrder("settings.minimum_calls", rule)
            return settings_value(settings)

        await self._orders.change(SETTING, breaker.name, changed, caller_of(context).subject)
        return pb.UpdateCircuitBreakerResponse(circuit_breaker=self._write(breaker))

    async def SetCircuitBreakerMode(
        self, request: pb.SetCircuitBreakerModeRequest, context: Context
    ) -> pb.SetCircuitBreakerModeResponse:
        """Order a breaker's mode."""
        breaker = self._find(request.breaker)
        mode = {"mode": wire.MODES_BY_NUMBER[request.mode].value}
        await self._orders.set(MODE, breaker.name, mode, caller_of(context).subject)
        return pb.SetCircuitBreakerModeResponse(circuit_breaker=self._write(breaker))

    async def GetPerformance(
        self, _request: pb.GetPerformanceRequest, _context: Context
    ) -> pb.GetPerformanceResponse:
        """Times and errors of all processes."""
        processes = await self._figures.of_all()
        return pb.GetPerformanceResponse(
            performance=map(wire.write_performance, sum_timings(p["timings"] for p in processes)),
            recent_errors=map(wire.write_error, newest_errors(p["errors"] for p in processes)),
            measuring=self._is_measuring,
        )

    async def ListProviders(
        self, _request: pb.ListProvidersRequest, _context: Context
    ) -> pb.ListProvidersResponse:
        """Every provider of language models."""
        return pb.ListProvidersResponse(providers=map(wire.write_provider, self._providers))

    async def SetProviderDrill(
        self, request: pb.SetProviderDrillRequest, context: Context
    ) -> pb.SetProviderDrillResponse:
        """Make a provider fail, or let it work again."""
        name, actor = request.provider, caller_of(context).subject
        member = next((one for one in self._providers if one.provider.name == name), None)
        if member is None:
            raise ProviderNotFound(name)
        value = {"is_drilled": True} if request.drilled else None
        await self._orders.set(DRILL, name, value, actor)
        return pb.SetProviderDrillResponse(provider=wire.write_provider(member))

    async def ListDeadLetters(
        self, request: pb.ListDeadLettersRequest, context: Context
    ) -> pb.ListDeadLettersResponse:
        """A page of dead letters, the newest first."""
        return await self._letters.page(request, caller_of(context))

    async def GetDeadLetterStats(
        self, request: pb.GetDeadLetterStatsRequest, context: Context
    ) -> pb.GetDeadLetterStatsResponse:
        """How many dead letters there are."""
        return await self._letters.count(request, caller_of(context))

    async def ReplayDeadLetters(
        self, request: pb.ReplayDeadLettersRequest, context: Context
    ) -> AsyncGenerator[pb.ReplayDeadLettersResponse, None]:
        """What comes of each letter, as it is replayed."""
        async with aclosing(self._letters.replay(request, caller_of(context))) as replays:
            async for replayed in replays:
                yield replayed

    async def PurgeDeadLetters(
        self, request: pb.PurgeDeadLettersRequest, context: Context
    ) -> pb.PurgeDeadLettersResponse:
        """Forget what the tickets of letters said."""
        return await self._letters.purge(request, caller_of(context))

    def _find(self, name: str) -> CircuitBreaker:
        breaker = self._registry.find(name)
        if breaker is None:
            raise BreakerNotFound(name)
        return breaker

    def _write(self, breaker: CircuitBreaker) -> pb.CircuitBreaker:
        return wire.write_breaker(breaker, self._since_1970)
