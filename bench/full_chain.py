"""Our chain, whole, round a service that is not ours: what it costs is measured with an echo."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from google.protobuf.duration_pb2 import Duration
from prometheus_client import CollectorRegistry
from switchyard.options.v1 import options_pb2

from interceptors.access_log import AccessLog
from interceptors.breaker.interceptor import CircuitBreakers
from interceptors.breaker.registry import BreakerRegistry
from interceptors.breaker.settings import BreakerSettings
from interceptors.cache.answer_cache import AnswerCache
from interceptors.cache.interceptor import ResponseCache
from interceptors.cache.memory import Memory
from interceptors.call import Caller
from interceptors.chain import Interceptor
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
from interceptors.recent_errors import RecentErrors
from interceptors.sizes import CallSizes
from interceptors.telemetry import Telemetry
from interceptors.timings import Timings
from interceptors.validation import Validation
from server.errors import status_of
from server.logs import JsonLog

KEY = "Bearer sy_0123456789abcdef_" + "0123456789abcdef" * 4
UNARY, STREAM = "bench.Echo/Echo", "bench.Echo/Stream"
# Four windows that are charged at every call and never full.
PLENTY = Limits(10**6, 10**8, 10**9, 10**10)
CALLER = Caller("bench", "apiKeys/0123456789abcdef", frozenset({"bench.echo"}), "plenty")


def open_log() -> BinaryIO:
    """A log that costs as much as one on a file until it is written, and then next to nothing."""
    return Path("/dev/null").open("wb")


def policies() -> Mapping[str, options_pb2.MethodPolicy]:
    """The policies of the echo service, as its contract would state them."""
    unary = options_pb2.MethodPolicy(
        permission="bench.echo",
        cost_units=1,
        cache=options_pb2.CachePolicy(
            ttl=Duration(seconds=3600), scope=options_pb2.CACHE_SCOPE_TENANT
        ),
        default_deadline=Duration(seconds=30),
        max_deadline=Duration(seconds=120),
        urgency=options_pb2.URGENCY_INTERACTIVE,
    )
    stream = options_pb2.MethodPolicy(
        permission="bench.echo", cost_units=1, urgency=options_pb2.URGENCY_BATCH
    )
    return {UNARY: unary, STREAM: stream}


def members(log_stream: BinaryIO) -> Sequence[tuple[str, Callable[[], Interceptor]]]:
    """Name and maker of every member, outermost first. Calls are logged to `log_stream`."""
    known, all_policies, timings = {KEY: CALLER}, policies(), Timings()
    permission = Permission(all_policies, {})
    limits = LimitBook({**TIERS, CALLER.tier: PLENTY})

    async def refuse(_headers: Sequence[str], _address: str) -> Caller:
        raise Unauthenticated("INVALID_CREDENTIALS", "The benchmark knows one key.")

    def listeners() -> Telemetry:
        log = AccessLog(JsonLog(log_stream).write)
        sizes = CallSizes()
        telemetry = Telemetry([CallTimings(timings), sizes, log, RecentErrors()])
        CollectorRegistry().register(CallCollector(telemetry.started, timings, {}, sizes))
        return telemetry

    def breakers() -> CircuitBreakers:
        registry = BreakerRegistry(BreakerSettings(), time.monotonic)
        return CircuitBreakers(registry, lambda _error: True, lambda _method: False)

    def concurrency() -> ConcurrencyLimit:
        limit = GradientLimit(32, 1024, 256, time.monotonic)
        return ConcurrencyLimit(all_policies, ConcurrencyLimiter(limit, 1000, 1000, 0.5))

    def cache() -> ResponseCache:
        return ResponseCache(AnswerCache(Memory()), all_policies, lambda _tenant: "1", "1")

    return (
        ("metrics_and_log", listeners),
        ("error_status", lambda: ErrorStatus(lambda _call, error: status_of(error))),
        ("identity", lambda: Identity(known.get, refuse, permission.is_open)),
        ("permission", lambda: permission),
        ("deadline", lambda: Deadline(all_policies)),
        ("rate_limit", lambda: RateLimit(all_policies, Limiter(limits))),
        ("cache_miss", cache),
        ("concurrency", concurrency),
        ("breaker", breakers),
        ("codec", lambda: Codec(lambda _method: False)),
        ("validation", Validation),
    )
