"""Turns what a handler raises into the status that its caller sees."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

import grpc
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from interceptors.call import Call
from interceptors.chain import Method, StreamHandler, UnaryHandler
from interceptors.errors import RateLimited, reason_of, status_of
from interceptors.limits.windows import REFUSED

# Exceptions that are no answer: the call is over, or its status is already set.
PASSED_ON = (asyncio.CancelledError, GeneratorExit, grpc.aio.AbortError)


def _usual_status(_call: Call, error: Exception) -> Status:
    return status_of(error)


class ErrorStatus:
    """Ends a call that raised with the status that `status_of` gives for call and exception;
    the usual one knows what interceptors refuse, and calls everything else INTERNAL.
    """

    def __init__(self, status_of: Callable[[Call, Exception], Status] = _usual_status) -> None:
        self._status_of = status_of

    def wrap_unary(self, _method: Method, handler: UnaryHandler) -> UnaryHandler:
        """Aborts with a status where `handler` raises."""

        async def answer(request: Any, call: Call) -> Any:
            try:
                return await handler(request, call)
            except PASSED_ON:
                raise
            except Exception as error:
                return await self._abort(error, call)

        return answer

    def wrap_stream(self, _method: Method, handler: StreamHandler) -> StreamHandler:
        """Aborts with a status where `handler` raises, also in mid-stream."""

        async def answer(request: Any, call: Call) -> AsyncGenerator[Any, None]:
            try:
                async with aclosing(handler(request, call)) as responses:
                    async for response in responses:
                        yield response
            except PASSED_ON:
                raise
            except Exception as error:
                await self._abort(error, call)

        return answer

    async def _abort(self, error: Exception, call: Call) -> None:
        status = self._status_of(call, error)
        call.reason = reason_of(status)
        if isinstance(error, RateLimited):
            call.limit = REFUSED
            call.answer_with(*error.fields)
        await call.abort_with_status(rpc_status.to_status(status))
