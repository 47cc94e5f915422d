"""Watches every call from outside and tells its listeners how it went."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Any, Protocol

import grpc

from interceptors.call import Call
from interceptors.chain import Method, StreamHandler, UnaryHandler
from interceptors.timings import OK

CODE_NAMES: dict[int, str] = {code.value[0]: code.name for code in grpc.StatusCode}


class CallListener(Protocol):
    """Hears of every call."""

    def started(self, call: Call) -> None:
        """A call has come in."""

    def ended(self, call: Call, code: str, seconds: float) -> None:
        """A call is over, however it went; `code` is the name of a gRPC status code."""


class Telemetry:
    """Times every call. Listeners must be quick: they run on the call's path."""

    def __init__(
        self, listeners: Sequence[CallListener], clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._started = tuple(listener.started for listener in listeners)
        self._ended = tuple(listener.ended for listener in listeners)
        self._clock = clock

    def wrap_unary(self, _method: Method, handler: UnaryHandler) -> UnaryHandler:
        """Times `handler`."""
        clock = self._clock

        async def answer(request: Any, call: Call) -> Any:
            self._start(call)
            start = clock()
            try:
                response = await handler(request, call)
            except BaseException as error:
                self._end(call, code_of(error, call), clock() - start)
                raise
            self._end(call, OK, clock() - start)
            return response

        return answer

    def wrap_stream(self, method: Method, handler: StreamHandler) -> StreamHandler:
        """Times `handler` from its first step to the end of its stream."""
        clock = self._clock

        async def answer(request: Any, call: Call) -> AsyncGenerator[Any, None]:
            self._start(call)
            start = clock()
            try:
                async with aclosing(handler(request, call)) as responses:
                    async for response in responses:
                        yield response
                if method.request_streaming:
                    # A caller that leaves while it is read from looks like one that has sent
                    # everything: its cancellation arrives one turn of the loop later.
                    await asyncio.sleep(0)
            except BaseException as error:
                self._end(call, code_of(error, call), clock() - start)
                raise
            self._end(call, OK, clock() - start)

        return answer

    def _start(self, call: Call) -> None:
        for started in self._started:
            started(call)

    def _end(self, call: Call, code: str, seconds: float) -> None:
        for ended in self._ended:
            ended(call, code, seconds)


def code_of(error: BaseException, call: Call) -> str:
    """The name of the status code that a call ends with when this was raised."""
    if isinstance(error, grpc.aio.AbortError):
        code = call.code()
        return CODE_NAMES.get(code if isinstance(code, int) else code.value[0], "UNKNOWN")
    if isinstance(error, (asyncio.CancelledError, GeneratorExit)):
        left = call.time_remaining()
        return "DEADLINE_EXCEEDED" if left is not None and left <= 0 else "CANCELLED"
    return "UNKNOWN"
