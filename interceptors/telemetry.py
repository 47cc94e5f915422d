"""Watches every call from outside and tells its listeners how it went."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Protocol

import grpc

from interceptors.call import Call
from interceptors.chain import Method, StreamHandler, UnaryHandler

CODE_NAMES: dict[int, str] = {code.value[0]: code.name for code in grpc.StatusCode}


@dataclass(frozen=True, slots=True)
class CallEnd:
    """How one call went."""

    method: str  # "package.Service/Method", or "other"
    code: str  # name of a gRPC status code
    duration_s: float
    call: Call


class CallListener(Protocol):
    """Hears of every call."""

    def started(self, method: str) -> None:
        """A call has come in."""

    def ended(self, end: CallEnd) -> None:
        """A call is over, however it went."""


class Telemetry:
    """Times every call. Listeners must be quick: they run on the call's path."""

    def __init__(
        self, listeners: Sequence[CallListener], clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._listeners = tuple(listeners)
        self._clock = clock

    def wrap_unary(self, method: Method, handler: UnaryHandler) -> UnaryHandler:
        """Times `handler`."""
        name = method.name

        async def answer(request: Any, call: Call) -> Any:
            start = self._start(name)
            try:
                response = await handler(request, call)
            except BaseException as error:
                self._end(name, _code_of(error, call), start, call)
                raise
            self._end(name, "OK", start, call)
            return response

        return answer

    def wrap_stream(self, method: Method, handler: StreamHandler) -> StreamHandler:
        """Times `handler` from its first step to the end of its stream."""
        name = method.name

        async def answer(request: Any, call: Call) -> AsyncGenerator[Any, None]:
            start = self._start(name)
            try:
                async with aclosing(handler(request, call)) as responses:
                    async for response in responses:
                        yield response
                if method.request_streaming:
                    # A caller that leaves while it is read from looks like one that has sent
                    # everything: its cancellation arrives one turn of the loop later.
                    await asyncio.sleep(0)
            except BaseException as error:
                self._end(name, _code_of(error, call), start, call)
                raise
            self._end(name, "OK", start, call)

        return answer

    def _start(self, method: str) -> float:
        for listener in self._listeners:
            listener.started(method)
        return self._clock()

    def _end(self, method: str, code: str, start: float, call: Call) -> None:
        end = CallEnd(method, code, self._clock() - start, call)
        for listener in self._listeners:
            listener.ended(end)


def _code_of(error: BaseException, call: Call) -> str:
    if isinstance(error, grpc.aio.AbortError):
        code = call.code()
        return CODE_NAMES.get(code if isinstance(code, int) else code.value[0], "UNKNOWN")
    if isinstance(error, (asyncio.CancelledError, GeneratorExit)):
        left = call.time_remaining()
        return "DEADLINE_EXCEEDED" if left is not None and left <= 0 else "CANCELLED"
    return "UNKNOWN"
