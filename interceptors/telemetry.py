"""Watches every call from outside and tells its listeners how it went.

Listeners note a call as it ends, and account for all that they have noted a moment later: code
that was just run is several times as fast as in between calls.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any, NamedTuple, Protocol

import grpc

from interceptors.call import Call, Caller
from interceptors.chain import Method, StreamHandler, UnaryHandler
from interceptors.timings import OK

CODE_NAMES: dict[int, str] = {code.value[0]: code.name for code in grpc.StatusCode}
UNKNOWN = grpc.StatusCode.UNKNOWN.name
SETTLE_S = 0.05  # after the first call that was noted
MOST_NOTED = 10_000  # calls that wait to be accounted for


class EndedCall(NamedTuple):
    """A call that is over, and nothing of its transport: it may be kept for a while."""

    method: str  # "package.Service/Method"
    code: str  # the name of a gRPC status code
    duration_s: float
    ended_s: float  # Unix time
    id: str
    caller: Caller
    address: str  # of an anonymous caller; empty: the caller has a name
    cache: str  # as in Call
    limit: str  # as in Call
    reason: str  # as in Call
    received_bytes: int = 0  # of all messages of the caller
    sent_bytes: int = 0  # of all messages of the answer


# EndedCall(*facts), without the function in Python that it has for that.
_new_ended_call = partial(tuple.__new__, EndedCall)


class CallListener(Protocol):
    """Hears of every call."""

    def ended(self, call: EndedCall, /) -> None:
        """Note a call that is over, however it went. Must be as quick as `list.append`."""

    def settle(self) -> None:
        """Account for the calls that were noted."""


class Telemetry:
    """Times every call. `clock` measures durations; `wall_clock` is Unix time."""

    def __init__(
        self,
        listeners: Sequence[CallListener],
        clock: Callable[[], float] = time.perf_counter,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self.started = Counter[str]()  # calls by method
        self._listeners = tuple(listeners)
        self._note = tuple(listener.ended for listener in listeners)
        self._clock = clock
        self._wall_clock = wall_clock
        self._noted = 0
        self._settling: asyncio.TimerHandle | None = None

    def settle(self) -> None:
        """Let the listeners account for all calls that are over; else they do so a moment later."""
        if self._settling is not None:
            self._settling.cancel()
        self._settling, self._noted = None, 0
        for listener in self._listeners:
            listener.settle()

    def wrap_unary(self, method: Method, handler: UnaryHandler) -> UnaryHandler:
        """Times `handler`."""
        name, clock, started, end = method.name, self._clock, self.started, self._end
        is_streaming = method.request_streaming

        async def answer(request: Any, call: Call) -> Any:
            started[name] += 1
            start_s = clock()
            taken = _Taken(request) if is_streaming else request
            try:
                response = await handler(taken, call)
            except BaseException as error:
                end(call, code_of(error, call), clock() - start_s, len(taken), 0)
                raise
            end(call, OK, clock() - start_s, len(taken), len(response))
            return response

        return answer

    def wrap_stream(self, method: Method, handler: StreamHandler) -> StreamHandler:
        """Times `handler` from its first step to the end of its stream."""
        name, clock, started, end = method.name, self._clock, self.started, self._end
        is_streaming = method.request_streaming

        async def answer(request: Any, call: Call) -> AsyncGenerator[Any, None]:
            started[name] += 1
            start_s, sent_bytes = clock(), 0
            taken = _Taken(request) if is_streaming else request
            try:
                async with aclosing(handler(taken, call)) as responses:
                    async for response in responses:
                        sent_bytes += len(response)
                        yield response
                if method.request_streaming:
                    # A caller that leaves while it is read from looks like one that has sent
                    # everything: its cancellation arrives one turn of the loop later.
                    await asyncio.sleep(0)
            except BaseException as error:
                end(call, code_of(error, call), clock() - start_s, len(taken), sent_bytes)
                raise
            end(call, OK, clock() - start_s, len(taken), sent_bytes)

        return answer

    def _end(
        self, call: Call, code: str, duration_s: float, received_bytes: int, sent_bytes: int
    ) -> None:
        caller = call.caller
        facts = (
            call.method,
            code,
            duration_s,
            self._wall_clock(),
            call.id,
            caller,
            "" if caller.subject else call.address,
            call.cache,
            call.limit,
            call.reason,
            received_bytes,
            sent_bytes,
        )
        ended = _new_ended_call(facts)
        for note in self._note:
            note(ended)
        self._noted += 1
        if self._settling is None:
            self._settling = asyncio.get_running_loop().call_later(SETTLE_S, self.settle)
        elif self._noted >= MOST_NOTED:
            self.settle()


class _Taken:
    """The messages of a caller's stream; its length are the bytes of those that were taken."""

    def __init__(self, messages: AsyncIterator[bytes]) -> None:
        self._messages = messages
        self._bytes = 0

    def __len__(self) -> int:
        return self._bytes

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        message = await anext(self._messages)
        self._bytes += len(message)
        return message


def code_of(error: BaseException, call: Call) -> str:
    """The name of the status code that a call ends with when this was raised."""
    if isinstance(error, grpc.aio.BaseError):  # AbortError, or what could no longer be sent
        code = call.code()
        name = CODE_NAMES.get(code if isinstance(code, int) else code.value[0], UNKNOWN)
        return UNKNOWN if name == OK else name
    if isinstance(error, (asyncio.CancelledError, GeneratorExit)):
        left = call.time_remaining()
        return "DEADLINE_EXCEEDED" if left is not None and left <= 0 else "CANCELLED"
    return UNKNOWN
