"""Gives every call the deadline of its method's contract, where its caller's is not shorter.

A caller's own deadline is left to gRPC, which cancels the call when it passes.
"""

import asyncio
import math
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping
from contextlib import aclosing, contextmanager
from typing import Any

from switchyard.options.v1 import options_pb2

from interceptors.call import Call
from interceptors.chain import Method, StreamHandler, UnaryHandler
from interceptors.errors import DeadlineExceeded
from interceptors.interruption import WRITE_GRACE_S, Interruption

# The deadline of a call that took longer than its contract allows. Timers may be early, so
# that what is inside the call must not hold a clock against the time that was set.
PASSED_S = -math.inf


def remaining_s(call: Call, clock: Callable[[], float] = time.monotonic) -> float:
    """What is left of a call's time: 0.0 when it is over, inf when nothing bounds it."""
    if call.deadline_s is None:
        return math.inf
    return max(0.0, call.deadline_s - clock())


def is_out_of_time(call: Call) -> bool:
    """Whether a call is over because it took longer than its contract allows."""
    return call.deadline_s == PASSED_S


class Deadline:
    """Sets `call.deadline_s`, and raises DeadlineExceeded when the contract's time is over.

    A call that brings no deadline gets the default, one that brings a longer one the maximum.
    Methods without a policy pass. A stream that nobody reads is cut off `write_grace_s` later.
    """

    def __init__(
        self,
        policies: Mapping[str, options_pb2.MethodPolicy],
        clock: Callable[[], float] = time.monotonic,
        write_grace_s: float = WRITE_GRACE_S,
    ) -> None:
        self._policies = policies
        self._clock = clock
        self._write_grace_s = write_grace_s

    def wrap_unary(self, method: Method, handler: UnaryHandler) -> UnaryHandler:
        """Cancels `handler` when its time is over."""
        if method.name not in self._policies:
            return handler
        begin = self._beginner(method.name)

        async def answer_within(allowed_s: float, request: Any, call: Call) -> Any:
            with _alarm(call, allowed_s):
                return await handler(request, call)

        def answer(request: Any, call: Call) -> Awaitable[Any]:
            allowed_s = begin(call)
            if allowed_s == math.inf:
                return handler(request, call)
            return answer_within(allowed_s, request, call)

        return answer

    def wrap_stream(self, method: Method, handler: StreamHandler) -> StreamHandler:
        """Cancels the step in which the time runs out, or ends the stream before the next."""
        if method.name not in self._policies:
            return handler
        begin, grace_s = self._beginner(method.name), self._write_grace_s

        def answer(request: Any, call: Call) -> AsyncGenerator[Any, None]:
            allowed_s = begin(call)
            responses = handler(request, call)
            if allowed_s == math.inf:
                return responses
            return _within(allowed_s, responses, call, grace_s)

        return answer

    def _beginner(self, method: str) -> Callable[[Call], float]:
        """Sets a call's deadline; gives the time to enforce here, inf where gRPC does."""
        most_s = _seconds(self._policies[method], "max_deadline")
        default_s = min(_seconds(self._policies[method], "default_deadline"), most_s)
        clock = self._clock

        def begin(call: Call) -> float:
            asked_s: Any = call.transport.time_remaining()  # None, too, whatever its stubs say
            if asked_s is None:
                allowed_s = default_s
            elif asked_s > most_s:
                allowed_s = most_s
            elif asked_s > 0:
                call.deadline_s = clock() + asked_s
                return math.inf
            else:
                raise DeadlineExceeded(0.0)
            if allowed_s < math.inf:
                call.deadline_s = clock() + allowed_s
            return allowed_s

        return begin


@contextmanager
def _alarm(
    call: Call, allowed_s: float, write_grace_s: float = WRITE_GRACE_S
) -> Iterator[Interruption]:
    """Raises DeadlineExceeded after `allowed_s`."""

    def ring() -> None:
        call.deadline_s = PASSED_S
        interruption.end_with(DeadlineExceeded(allowed_s))

    with Interruption(write_grace_s) as interruption:
        timer = asyncio.get_running_loop().call_later(allowed_s, ring)
        try:
            yield interruption
        finally:
            timer.cancel()


async def _within(
    allowed_s: float, responses: AsyncGenerator[Any, None], call: Call, write_grace_s: float
) -> AsyncGenerator[Any, None]:
    with _alarm(call, allowed_s, write_grace_s) as alarm:
        async with aclosing(responses):
            async for response in responses:
                alarm.pause()
                yield response
                alarm.resume()


def _seconds(policy: options_pb2.MethodPolicy, field: str) -> float:
    """A duration of the policy; inf where it is absent."""
    if not policy.HasField(field):
        return math.inf
    duration = getattr(policy, field)
    seconds: float = duration.seconds + duration.nanos / 1e9
    return seconds
