"""Asks the concurrency limiter for a place before every call."""

import math
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import aclosing, contextmanager
from typing import Any

from switchyard.options.v1 import options_pb2

from interceptors.call import UNLIMITED_TIER, Call
from interceptors.chain import Method, StreamHandler, UnaryHandler
from interceptors.concurrency.limiter import ConcurrencyLimiter
from interceptors.errors import Overloaded, TooManyStreams
from interceptors.limits.interceptor import limited_name

# Of all streams, one caller may hold this share; the second, where its tier has no limits.
CALLER_SHARE, UNLIMITED_SHARE = 0.1, 0.5
PUSHBACK_KEY = "grpc-retry-pushback-ms"  # gRPC A6: its clients retry after this time


class ConcurrencyLimit:
    """Lets the most urgent calls through first when there is too much work, and sheds the rest.

    Urgency stands in the policy; methods without a policy pass.
    """

    def __init__(
        self,
        policies: Mapping[str, options_pb2.MethodPolicy],
        limiter: ConcurrencyLimiter,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._policies = policies
        self._limiter = limiter
        self._clock = clock

    def wrap_unary(self, method: Method, handler: UnaryHandler) -> UnaryHandler:
        """Waits for a place, or sheds. A request that is a stream counts as a stream."""
        if method.name not in self._policies:
            return handler
        rank = _rank(self._policies[method.name])
        if method.request_streaming:
            return self._wrap_client_stream(rank, handler)
        limiter, clock, kind = self._limiter, self._clock, self._limiter.limit.new_kind()

        async def answer(request: Any, call: Call) -> Any:
            if not limiter.enter(rank):
                await self._wait(rank, call)
            started_s = clock()
            try:
                response = await handler(request, call)
            except BaseException:
                limiter.leave()
                raise
            limiter.leave_after_success(kind, started_s)
            return response

        return answer

    def wrap_stream(self, method: Method, handler: StreamHandler) -> StreamHandler:
        """Sheds, or keeps a stream's place until the stream ends."""
        if method.name not in self._policies:
            return handler
        rank = _rank(self._policies[method.name])

        async def answer(request: Any, call: Call) -> AsyncGenerator[Any, None]:
            with self._place(rank, call):
                async with aclosing(handler(request, call)) as responses:
                    async for response in responses:
                        yield response

        return answer

    def _wrap_client_stream(self, rank: int, handler: UnaryHandler) -> UnaryHandler:
        async def answer(request: Any, call: Call) -> Any:
            with self._place(rank, call):
                return await handler(request, call)

        return answer

    async def _wait(self, rank: int, call: Call) -> None:
        try:
            await self._limiter.wait(rank)
        except Overloaded as refusal:
            _push_back(call, refusal)
            raise

    @contextmanager
    def _place(self, rank: int, call: Call) -> Iterator[None]:
        """A stream's place, until the stream ends."""
        caller = limited_name(call)
        share = UNLIMITED_SHARE if call.caller.tier == UNLIMITED_TIER else CALLER_SHARE
        try:
            self._limiter.enter_stream(rank, caller, share)
        except (Overloaded, TooManyStreams) as refusal:
            _push_back(call, refusal)
            raise
        try:
            yield
        finally:
            self._limiter.leave_stream(caller)


def _push_back(call: Call, refusal: Overloaded | TooManyStreams) -> None:
    call.answer_with((PUSHBACK_KEY, str(math.ceil(refusal.retry_after_s * 1000))))


def _rank(policy: options_pb2.MethodPolicy) -> int:
    """0 gives way first; a policy that states no urgency gives way like batch work."""
    return max(0, policy.urgency - options_pb2.URGENCY_BATCH)
