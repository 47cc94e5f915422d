"""What stands between callers and services: the chain, and the state that its members keep.

Part of the composition root.
"""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from hashlib import blake2b

import grpc
from google.protobuf import descriptor_pool
from grpc_channelz.v1 import channelz_pb2
from grpc_reflection.v1alpha import reflection
from prometheus_client import CollectorRegistry
from switchyard.options.v1 import options_pb2

from interceptors.access_log import AccessLog
from interceptors.breaker.interceptor import CircuitBreakers
from interceptors.breaker.metrics import BreakerCollector
from interceptors.breaker.registry import BreakerRegistry
from interceptors.breaker.settings import BreakerSettings
from interceptors.cache.answer_cache import AnswerCache
from interceptors.cache.interceptor import ResponseCache
from interceptors.cache.memory import Memory
from interceptors.cache.metrics import CacheCollector
from interceptors.cache.shared import SharedCache
from interceptors.chain import OTHER, Chain, Interceptor
from interceptors.codec import Codec
from interceptors.concurrency.gradient import GradientLimit
from interceptors.concurrency.interceptor import ConcurrencyLimit
from interceptors.concurrency.limiter import ConcurrencyLimiter
from interceptors.concurrency.metrics import ConcurrencyCollector
from interceptors.connections import ConnectionCap
from interceptors.deadline import Deadline
from interceptors.drain import DrainGate
from interceptors.error_status import ErrorStatus
from interceptors.identity import Identity
from interceptors.limits.book import LimitBook
from interceptors.limits.interceptor import RateLimit
from interceptors.limits.limiter import Limiter
from interceptors.limits.metrics import LimitMetrics
from interceptors.limits.shared import SharedWindows, connect
from interceptors.local_only import LocalOnly
from interceptors.metrics import CallCollector, CallTimings
from interceptors.permission import Permission
from interceptors.policy import read_policies
from interceptors.recent_errors import RecentErrors
from interceptors.sizes import CallSizes
from interceptors.telemetry import CallListener, Telemetry
from interceptors.timings import Timings
from interceptors.validation import Validation
from server import __version__
from server.access.entrance import Entrance
from server.composition.faults import AnswerError
from server.errors import status_of
from server.health import SERVICE as HEALTH_SERVICE
from server.logs import JsonLog
from server.settings import Settings
from server.streams import ServerDraining

CHANNELZ_SERVICE = channelz_pb2.DESCRIPTOR.services_by_name["Channelz"].full_name
RESILIENCE = "switchyard.admin.v1.ResilienceService"
INSIDE = (f"{reflection.SERVICE_NAME}/", f"{CHANNELZ_SERVICE}/")  # methods that show the inside
CONNECTION_IDLE_S = 30.0  # that a connection may be without a call; callers connect anew unnoticed
MOST_CONNECTIONS = 100  # of one address
MOST_REQUEST_BYTES = 4 * 1024 * 1024  # also of one item, where a method's policy says nothing
# A server that refuses itself for longer than it takes to come back would be its own outage.
BREAKER = BreakerSettings(open_s=5.0)
SERVER_FAULTS = frozenset(
    code.value[0]
    for code in (
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.DEADLINE_EXCEEDED,
    )
)
# What Prometheus calls the times of the work inside calls.
INSIDE_METRICS = {
    "step": "switchyard_step_duration_seconds",
    "query": "switchyard_query_duration_seconds",
    "part": "switchyard_part_duration_seconds",
}


@dataclass(frozen=True, slots=True)
class Guards:
    """The state of the chain's members, for those who look at it and change it."""

    policies: Mapping[str, options_pb2.MethodPolicy]
    limiter: Limiter
    cache: AnswerCache
    breakers: BreakerRegistry
    timings: Timings
    errors: RecentErrors
    telemetry: Telemetry
    gate: DrainGate


def make_guards(
    settings: Settings,
    services: tuple[str, ...],
    log: JsonLog,
    registry: CollectorRegistry,
    stack: AsyncExitStack,
) -> Guards:
    """The state, with its metrics; what must be closed is closed with `stack`."""
    url, shared_windows, shared_cache = settings.redis_url, None, None
    if url:
        client = connect(url)
        stack.push_async_callback(client.aclose)
        shared_windows = SharedWindows(client, time.monotonic)
        shared_cache = SharedCache(url)
    cache = AnswerCache(Memory(), shared_cache)
    stack.push_async_callback(cache.close)
    timings, errors = Timings(), RecentErrors()
    guards = Guards(
        policies=read_policies(descriptor_pool.Default(), services),
        limiter=Limiter(LimitBook(), shared_windows, is_shadow=settings.rate_limit_shadow),
        cache=cache,
        breakers=BreakerRegistry(BREAKER, time.monotonic),
        timings=timings,
        errors=errors,
        telemetry=_make_telemetry([AccessLog(log.write), errors], settings, timings, registry),
        gate=DrainGate(ServerDraining, _is_health),
    )
    stack.callback(guards.telemetry.settle)
    for collector in (
        LimitMetrics(guards.limiter),
        CacheCollector(cache),
        BreakerCollector(guards.breakers),
    ):
        registry.register(collector)
    return guards


def _make_telemetry(
    listeners: Sequence[CallListener],
    settings: Settings,
    timings: Timings,
    registry: CollectorRegistry,
) -> Telemetry:
    if not settings.measure:
        return Telemetry(listeners)
    sizes = CallSizes()
    telemetry = Telemetry([*listeners, CallTimings(timings), sizes])
    registry.register(CallCollector(telemetry.started, timings, INSIDE_METRICS, sizes))
    return telemetry


def make_chain(
    settings: Settings,
    guards: Guards,
    entrance: Entrance,
    generation_of: Callable[[str], str | None],
    find_generation: Callable[[str], Awaitable[str | None]],
    key: bytes,
    answer_error: AnswerError,
    registry: CollectorRegistry,
) -> Chain:
    """The interceptors, outermost first."""
    policies = guards.policies
    concurrency = ConcurrencyLimiter(
        GradientLimit(32, 1024, 256, time.monotonic),
        most_streams=1000,
        most_waiting=1000,
        longest_wait_s=0.5,
    )
    registry.register(ConcurrencyCollector(concurrency))
    permission = Permission(policies, _other_permissions())
    free = {name: options_pb2.MethodPolicy() for name in _other_permissions() if name != OTHER}
    members: list[Interceptor] = [
        guards.telemetry,
        ErrorStatus(answer_error),
        guards.gate,
        ConnectionCap(MOST_CONNECTIONS, CONNECTION_IDLE_S),
        LocalOnly(lambda method: _shows_inside(method) and not settings.open_diagnostics),
        Identity(
            entrance.remembered.known, entrance.authenticator.authenticate, permission.is_open
        ),
        permission,
        Deadline(policies),
        RateLimit({**free, **policies}, guards.limiter),
        ResponseCache(
            guards.cache,
            policies,
            generation_of,
            # Also of whom the answers are: servers with other keys are of another database.
            version=f"{__version__} {settings.automatic_min_confidence} {_name_of(key)}",
            find_generation=find_generation,
        ),
        ConcurrencyLimit(policies, concurrency),
        CircuitBreakers(guards.breakers, _is_fault, _has_no_breaker, policies),
        Codec(policies.__contains__, policies, MOST_REQUEST_BYTES),
        Validation(),
    ]
    if settings.otlp_endpoint:
        from server.tracing import make_tracing  # noqa: PLC0415  # needs the `tracing` extra

        members.insert(1, make_tracing(settings.otlp_endpoint, __version__))
    return Chain(members)


def _name_of(key: bytes) -> str:
    return blake2b(b"answers", key=key[:64], digest_size=8).hexdigest()


def _other_permissions() -> dict[str, str]:
    """Permissions of the methods that carry no policy; an empty one everybody has."""
    channelz = channelz_pb2.DESCRIPTOR.services_by_name["Channelz"].methods
    return {
        **{f"{HEALTH_SERVICE}/{method}": "" for method in ("Check", "Watch", "List")},
        f"{reflection.SERVICE_NAME}/ServerReflectionInfo": "",
        **{f"{CHANNELZ_SERVICE}/{method.name}": "resilience.read" for method in channelz},
        OTHER: "",  # that there is no such method, everybody may hear
    }


def _shows_inside(method: str) -> bool:
    return method.startswith(INSIDE)


def _is_health(method: str) -> bool:
    return method.startswith(f"{HEALTH_SERVICE}/")


def _has_no_breaker(method: str) -> bool:
    """Whoever repairs the server must reach the switches, and health is asked when it is ill."""
    is_switch = method.startswith(f"{RESILIENCE}/")
    return is_switch or _is_health(method) or _shows_inside(method) or method == OTHER


def _is_fault(error: Exception) -> bool:
    """Whether the server itself has failed: a drain and a status that a servicer chose do not."""
    if isinstance(error, (ServerDraining, grpc.aio.AbortError)):
        return False
    return status_of(error).code in SERVER_FAULTS
