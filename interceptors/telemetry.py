"""Watches every call from outside and tells its listeners how it went."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Protocol

import grpc

from interceptors.chain import Context, Method, StreamHandler, UnaryHandler

CODE_NAMES: dict[int, str] = {code.value[0]: code.name for code in grpc.StatusCode}


@dataclass(frozen=True, slots=True)
class CallEnd:
    """How one call went."""

    method: str  # "package.Service/Method", or "other"
    code: str  # name of a gRPC status code
    duration_s: float
    context: Context


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

        async def answer(request: Any, context: Context) -> Any:
            start = self._start(name)
            try:
                response = await handler(request, context)
            except BaseException as error:
                self._end(name, _code_of(error, context), start, context)
                raise
            self._end(name, "OK", start, context)
            return response

        return answer

    def wrap_stream(self, method: Method, handler: StreamHandler) -> StreamHandler:
        """Times `handler` from its first step to the end of its stream."""
        name = method.name

        async def answer(request: Any, context: Context) -> AsyncGenerator[Any, None]:
            start = self._start(name)
            try:
                async with aclosing(handler(request, context)) as responses:
                    async for response in responses:
                        yield response
                if method.request_streaming:
                    # A caller that leaves while it is read from looks like one that has sent
                    # everything: its cancellation arrives one turn of the loop later.
                    await asyncio.sleep(0)
            except BaseException as error:
                self._end(name, _code_of(error, context), start, context)
                raise
            self._end(name, "OK", start, context)

        return answer

    def _start(self, method: str) -> float:
        for listener in self._listeners:
            listener.started(method)
        return self._clock()

    def _end(self, method: str, code: str, start: float, context: Context) -> None:
        end = CallEnd(method, code, self._clock() - start, context)
        for listener in self._listeners:
            listener.ended(end)


def _code_of(error: BaseException, context: Context) -> str:
    if isinstance(error, grpc.aio.AbortError):
        code = context.code()
        return CODE_NAMES.get(code if isinstance(code, int) else code.value[0], "UNKNOWN")
    if isinstance(error, (asyncio.CancelledError, GeneratorExit)):
        left = context.time_remaining()
        return "DEADLINE_EXCEEDED" if left is not None and left <= 0 else "CANCELLED"
    return "UNKNOWN"
