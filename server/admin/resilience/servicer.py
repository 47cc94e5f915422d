"""switchyard.admin.v1.ResilienceService: circuit breakers and performance."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import grpc
from switchyard.admin.v1 import resilience_service_pb2 as pb
from switchyard.admin.v1 import resilience_service_pb2_grpc

from interceptors.breaker.breaker import CircuitBreaker
from interceptors.breaker.registry import BreakerRegistry
from interceptors.breaker.settings import BreakerSettings, Mode, State
from interceptors.recent_errors import RecentError
from server.admin.durations import read_seconds, write_seconds, write_time
from server.admin.errors import BreakerNotFound, InvalidOrder
from server.admin.figures import ProcessFigures
from server.admin.orders import Orders
from server.admin.resilience.control import MODE, RESET, SETTING, settings_value
from server.admin.resilience.performance import Performance, newest_errors, sum_timings
from server.caller import caller_of

Context = grpc.aio.ServicerContext[Any, Any]

STATES: dict[State, Any] = {
    State.CLOSED: pb.CIRCUIT_BREAKER_STATE_CLOSED,
    State.OPEN: pb.CIRCUIT_BREAKER_STATE_OPEN,
    State.HALF_OPEN: pb.CIRCUIT_BREAKER_STATE_HALF_OPEN,
}
MODES: dict[Mode, Any] = {
    Mode.AUTOMATIC: pb.CIRCUIT_BREAKER_MODE_AUTOMATIC,
    Mode.FORCED_OPEN: pb.CIRCUIT_BREAKER_MODE_FORCED_OPEN,
    Mode.DISABLED: pb.CIRCUIT_BREAKER_MODE_DISABLED,
    Mode.METRICS_ONLY: pb.CIRCUIT_BREAKER_MODE_METRICS_ONLY,
}
MODES_BY_NUMBER = {number: mode for mode, number in MODES.items()}

# Field of the message -> field of the settings; durations are read and written as seconds.
NUMBERS = {
    "consecutive_failures": "consecutive_failures",
    "failure_rate": "failure_rate",
    "slow_call_rate": "slow_call_rate",
    "window_calls": "window_calls",
    "minimum_calls": "minimum_calls",
    "half_open_calls": "half_open_calls",
    "successes_to_close": "successes_to_close",
}
DURATIONS = {"slow_call": "slow_call_s", "window": "window_s", "open": "open_s"}


class ResilienceServicer(resilience_service_pb2_grpc.ResilienceServiceServicer):
    """The wire side of breakers and performance. `since_1970` turns the breakers' time into
    Unix time.
    """

    def __init__(
        self,
        registry: BreakerRegistry,
        orders: Orders,
        figures: ProcessFigures,
        since_1970: Callable[[float], float],
        *,
        is_measuring: bool,
    ) -> None:
        self._registry = registry
        self._orders = orders
        self._figures = figures
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
        changed = replace(breaker.settings, **_read_changes(request.settings))
        if changed.minimum_calls > changed.window_calls:
            rule = f"must be at most window_calls, which is {changed.window_calls}"
            raise InvalidOrder("settings.minimum_calls", rule)
        value, actor = settings_value(changed), caller_of(context).subject
        await self._orders.set(SETTING, breaker.name, value, actor)
        return pb.UpdateCircuitBreakerResponse(circuit_breaker=self._write(breaker))

    async def SetCircuitBreakerMode(
        self, request: pb.SetCircuitBreakerModeRequest, context: Context
    ) -> pb.SetCircuitBreakerModeResponse:
        """Order a breaker's mode."""
        breaker = self._find(request.breaker)
        mode = {"mode": MODES_BY_NUMBER[request.mode].value}
        await self._orders.set(MODE, breaker.name, mode, caller_of(context).subject)
        return pb.SetCircuitBreakerModeResponse(circuit_breaker=self._write(breaker))

    async def GetPerformance(
        self, _request: pb.GetPerformanceRequest, _context: Context
    ) -> pb.GetPerformanceResponse:
        """Times and errors of all processes."""
        processes = await self._figures.of_all()
        return pb.GetPerformanceResponse(
            performance=map(_write_performance, sum_timings(p["timings"] for p in processes)),
            recent_errors=map(_write_error, newest_errors(p["errors"] for p in processes)),
            measuring=self._is_measuring,
        )

    def _find(self, name: str) -> CircuitBreaker:
        breaker = self._registry.find(name)
        if breaker is None:
            raise BreakerNotFound(name)
        return breaker

    def _write(self, breaker: CircuitBreaker) -> pb.CircuitBreaker:
        rates = breaker.rates()
        message = pb.CircuitBreaker(
            breaker=breaker.name,
            state=STATES[breaker.state],
            mode=MODES[breaker.mode],
            settings=_write_settings(breaker.settings),
            calls=rates.calls,
            failure_rate=rates.failure_rate,
            slow_call_rate=rates.slow_call_rate,
            refused=breaker.tally.not_permitted,
        )
        if breaker.changed_s is not None:
            message.change_time.CopyFrom(write_time(self._since_1970(breaker.changed_s)))
        return message


def _read_changes(message: pb.CircuitBreakerSettings) -> dict[str, Any]:
    """What a message asks to change: a number that is 0 and a duration that is absent stay."""
    changes = {ours: getattr(message, theirs) for theirs, ours in NUMBERS.items()}
    changes = {name: value for name, value in changes.items() if value}
    for theirs, ours in DURATIONS.items():
        if message.HasField(theirs):
            changes[ours] = read_seconds(getattr(message, theirs))
    return changes


def _write_settings(settings: BreakerSettings) -> pb.CircuitBreakerSettings:
    message = pb.CircuitBreakerSettings()
    for theirs, ours in NUMBERS.items():
        setattr(message, theirs, getattr(settings, ours))
    for theirs, ours in DURATIONS.items():
        seconds = getattr(settings, ours)
        if seconds != math.inf:
            getattr(message, theirs).CopyFrom(write_seconds(seconds))
    return message


def _write_performance(found: Performance) -> pb.Performance:
    timing = found.timing
    return pb.Performance(
        kind=found.kind,
        subject=found.subject,
        calls=timing.count,
        errors=found.errors,
        total=write_seconds(timing.total_s),
        minimum=write_seconds(timing.minimum_s),
        maximum=write_seconds(timing.maximum_s),
        p50=write_seconds(timing.percentile_s(50)),
        p95=write_seconds(timing.percentile_s(95)),
        p99=write_seconds(timing.percentile_s(99)),
    )


def _write_error(error: RecentError) -> pb.RecentError:
    return pb.RecentError(
        time=write_time(error.time_s),
        method=error.method,
        code=error.code,
        reason=error.reason,
        tenant=error.tenant,
        call_id=error.call_id,
        duration=write_seconds(error.duration_s),
    )
