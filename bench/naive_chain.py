"""The chain as it is usually written: every concern does all its work anew at every call.

Interceptors wrap the handler again at each call, tokens are decoded with PyJWT, limits are checked
window by window with the `limits` package, answers are kept in aiocache, metrics look their labels
up, and structlog writes the line.
"""

import hashlib
import time
from collections.abc import Awaitable, Callable
from typing import Any, BinaryIO

import grpc
import jwt
import orjson
import structlog
from aiocache import SimpleMemoryCache  # type: ignore[import-untyped]  # published without types
from limits import parse_many
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from prometheus_client import CollectorRegistry, Counter, Histogram

SECRET = "a secret of the benchmark, 32 bytes"  # noqa: S105  # guards nothing
HANDLERS: dict[str, Any] = {
    "unary_unary": grpc.unary_unary_rpc_method_handler,
    "stream_stream": grpc.stream_stream_rpc_method_handler,
}
Wrap = Callable[[Any, grpc.HandlerCallDetails], Any]


def token() -> str:
    """What a caller of the naive chain calls with."""
    now = int(time.time())
    claims = {"sub": "bench", "tenant": "bench", "iat": now, "exp": now + 86400}
    return jwt.encode(claims, SECRET, algorithm="HS256")


def interceptors(log_stream: BinaryIO) -> list[grpc.aio.ServerInterceptor]:
    """The naive chain, outermost first."""
    registry = CollectorRegistry()
    calls = Counter("calls", "Calls.", ["method", "code"], registry=registry)
    seconds = Histogram("seconds", "Time of calls.", ["method"], registry=registry)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.JSONRenderer(serializer=lambda line, **_: orjson.dumps(line)),
        ],
        logger_factory=structlog.BytesLoggerFactory(log_stream),
    )
    limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
    windows = parse_many("1000000/second;100000000/minute;1000000000/hour;10000000000/day")
    cache: Any = SimpleMemoryCache(ttl=3600)

    async def observed(call: Any, details: grpc.HandlerCallDetails) -> Any:
        start = time.perf_counter()
        answer = await call()
        taken = time.perf_counter() - start
        calls.labels(method=details.method, code="OK").inc()
        seconds.labels(method=details.method).observe(taken)
        structlog.get_logger().info("call", method=details.method, duration=taken)
        return answer

    async def identified(call: Any, details: grpc.HandlerCallDetails) -> Any:
        metadata = dict(details.invocation_metadata or ())
        header = str(metadata["authorization"])
        jwt.decode(header.removeprefix("Bearer "), SECRET, algorithms=["HS256"])
        return await call()

    async def limited(call: Any, _details: grpc.HandlerCallDetails) -> Any:
        for window in windows:
            if not await limiter.hit(window, "bench"):
                raise RuntimeError("the benchmark's limits are never reached")
        return await call()

    async def cached(call: Any, details: grpc.HandlerCallDetails, request: bytes) -> Any:
        key = details.method + hashlib.sha256(request).hexdigest()
        found = await cache.get(key)
        if found is None:
            found = await call()
            await cache.set(key, found)
        return found

    return [_Naive(observed), _Naive(identified), _Naive(limited), _NaiveCache(cached)]


class _Naive(grpc.aio.ServerInterceptor):
    """Wraps the handler at every call."""

    def __init__(self, around: Callable[..., Awaitable[Any]]) -> None:
        self._around = around

    async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        handler = await continuation(handler_call_details)
        around = self._around
        if handler.response_streaming:

            async def stream(requests: Any, context: Any) -> Any:
                await around(_nothing, handler_call_details)
                async for response in handler.stream_stream(requests, context):
                    yield response

            return grpc.stream_stream_rpc_method_handler(
                stream, handler.request_deserializer, handler.response_serializer
            )

        async def unary(request: Any, context: Any) -> Any:
            return await self._answer(handler, request, context, handler_call_details)

        return grpc.unary_unary_rpc_method_handler(
            unary, handler.request_deserializer, handler.response_serializer
        )

    async def _answer(self, handler: Any, request: Any, context: Any, details: Any) -> Any:
        return await self._around(lambda: handler.unary_unary(request, context), details)


class _NaiveCache(_Naive):
    """The same, for a concern that needs the request."""

    async def _answer(self, handler: Any, request: Any, context: Any, details: Any) -> Any:
        message = request.SerializeToString()
        return await self._around(lambda: handler.unary_unary(request, context), details, message)


async def _nothing() -> None:
    """What a stream's concerns are wrapped round."""
