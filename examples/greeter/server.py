"""A greeter, and the chain before it."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import grpc
from google.protobuf.duration_pb2 import Duration
from google.protobuf.wrappers_pb2 import StringValue
from prometheus_client import CollectorRegistry
from switchyard.options.v1 import options_pb2 as options

from interceptors.access_log import AccessLog
from interceptors.breaker.interceptor import CircuitBreakers
from interceptors.breaker.registry import BreakerRegistry
from interceptors.breaker.settings import BreakerSettings
from interceptors.cache.answer_cache import AnswerCache
from interceptors.cache.interceptor import ResponseCache
from interceptors.cache.memory import Memory
from interceptors.call import UNLIMITED_TIER, Caller
from interceptors.chain import OTHER, Chain
from interceptors.codec import Codec
from interceptors.concurrency.gradient import GradientLimit
from interceptors.concurrency.interceptor import ConcurrencyLimit
from interceptors.concurrency.limiter import ConcurrencyLimiter
from interceptors.deadline import Deadline
from interceptors.error_status import ErrorStatus
from interceptors.errors import Unauthenticated
from interceptors.identity import Identity
from interceptors.limits.book import LimitBook
from interceptors.limits.interceptor import RateLimit
from interceptors.limits.limiter import Limiter
from interceptors.limits.tiers import TIERS, Limits
from interceptors.metrics import CallCollector, CallTimings
from interceptors.permission import Permission
from interceptors.sizes import CallSizes
from interceptors.telemetry import Telemetry
from interceptors.timings import Timings
from interceptors.validation import Validation

GREET = "example.Greeter/Greet"
MAY_GREET = frozenset({"greeting.make"})
CALLERS = {
    "Bearer guest": Caller("inn", "guest", MAY_GREET, "guests"),
    "Bearer host": Caller("inn", "host", MAY_GREET, UNLIMITED_TIER),
}
SLEEP_S = {"Slow": 0.1, "Endless": 60.0}


async def greet(request: StringValue, _call: object) -> StringValue:
    """A greeting. Slow takes a while, Endless for ever, and Troll breaks the house."""
    if request.value == "Troll":
        raise RuntimeError("the house is broken")
    await asyncio.sleep(SLEEP_S.get(request.value.split()[0], 0.0))
    return StringValue(value=f"Hello, {request.value}!")


def policies() -> Mapping[str, options.MethodPolicy]:
    """What a contract states with `option (switchyard.options.v1.policy)`, and
    `interceptors.policy.read_policies` reads from it.
    """
    return {
        GREET: options.MethodPolicy(
            permission="greeting.make",
            cost_units=1,
            cache=options.CachePolicy(ttl=Duration(seconds=60), scope=options.CACHE_SCOPE_TENANT),
            default_deadline=Duration(nanos=300_000_000),
            max_deadline=Duration(nanos=300_000_000),
            urgency=options.URGENCY_INTERACTIVE,
        )
    }


def make_telemetry(registry: CollectorRegistry, lines: list[Mapping[str, object]]) -> Telemetry:
    """Metrics go to `registry`, log lines to `lines`."""
    timings = Timings()
    sizes = CallSizes()
    telemetry = Telemetry([CallTimings(timings), sizes, AccessLog(lines.append)])
    registry.register(CallCollector(telemetry.started, timings, {}, sizes))
    return telemetry


def make_chain(telemetry: Telemetry) -> Chain:
    """The interceptors, outermost first."""
    by_method = policies()
    permission = Permission(by_method, {OTHER: ""})  # that a method is unknown, all may hear
    limits = LimitBook({**TIERS, "guests": Limits(second=4)})
    places = GradientLimit(least=4, most=4, initial=4, clock=time.monotonic)
    breakers = BreakerRegistry(BreakerSettings(consecutive_failures=3, open_s=0.5), time.monotonic)
    return Chain(
        [
            telemetry,
            ErrorStatus(),
            Identity(CALLERS.get, refuse_stranger, permission.is_open),
            permission,
            Deadline(by_method),
            RateLimit(by_method, Limiter(limits)),
            ResponseCache(AnswerCache(Memory()), by_method, lambda _tenant: "", version="1"),
            ConcurrencyLimit(by_method, ConcurrencyLimiter(places, 1, 1, longest_wait_s=0.2)),
            CircuitBreakers(breakers, lambda error: isinstance(error, RuntimeError)),
            Codec(),
            Validation(),
        ]
    )


async def refuse_stranger(_headers: Sequence[str], _address: str) -> Caller:
    """Nobody is let in whose header is not known."""
    raise Unauthenticated("INVALID_CREDENTIALS", "Say who you are: guest or host.")


@asynccontextmanager
async def served(chain: Chain) -> AsyncIterator[str]:
    """The address of the greeter behind `chain`."""
    server = grpc.aio.server(interceptors=[chain])
    handler: Any = grpc.unary_unary_rpc_method_handler(
        greet, StringValue.FromString, StringValue.SerializeToString
    )
    service, method = GREET.split("/")
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(service, {method: handler}),)
    )
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(None)
