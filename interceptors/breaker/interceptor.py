"""A circuit breaker before every method of the server."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
from typing import Any

from interceptors.breaker.registry import BreakerRegistry
from interceptors.call import Call
from interceptors.chain import Method, StreamHandler, UnaryHandler
from interceptors.deadline import is_out_of_time
from interceptors.errors import DeadlineExceeded, InterceptorError


class CircuitBreakers:
    """Refuses the calls of a method that failed too often just now.

    `counts` says which exceptions are the server's own failures. It is not asked about what
    other members refuse, nor about callers that leave or give up; a call that takes longer
    than its contract allows it sees as DeadlineExceeded. A stream is one call, from its first
    step to its end. Methods for which `is_exempt` holds have no breaker. Those of `methods` have
    theirs from the start, for operators to find; others get it with their first call.
    """

    def __init__(
        self,
        registry: BreakerRegistry,
        counts: Callable[[Exception], bool],
        is_exempt: Callable[[str], bool] = lambda _method: False,
        methods: Iterable[str] = (),
    ) -> None:
        self._registry = registry
        self._counts = counts
        self._is_exempt = is_exempt
        for method in methods:
            if not is_exempt(method):
                registry.get(method, self._is_failure)

    def wrap_unary(self, method: Method, handler: UnaryHandler) -> UnaryHandler:
        """Asks the method's breaker, and tells it how the call went."""
        if self._is_exempt(method.name):
            return handler
        breaker = self._registry.get(method.name, self._is_failure)
        admit, succeeded, failed = breaker.admit, breaker.succeeded, breaker.failed

        async def answer(request: Any, call: Call) -> Any:
            permit = admit()
            try:
                response = await handler(request, call)
            except BaseException as error:
                failed(permit, _cause(error, call))
                raise
            succeeded(permit)
            return response

        return answer

    def wrap_stream(self, method: Method, handler: StreamHandler) -> StreamHandler:
        """Asks the method's breaker, and tells it how the whole stream went."""
        if self._is_exempt(method.name):
            return handler
        breaker = self._registry.get(method.name, self._is_failure)

        async def answer(request: Any, call: Call) -> AsyncGenerator[Any, None]:
            permit = breaker.admit()
            try:
                async with aclosing(handler(request, call)) as responses:
                    async for response in responses:
                        yield response
            except BaseException as error:
                breaker.failed(permit, _cause(error, call))
                raise
            breaker.succeeded(permit)

        return answer

    def _is_failure(self, error: Exception) -> bool:
        if isinstance(error, InterceptorError) and not isinstance(error, DeadlineExceeded):
            return False  # A refusal says nothing of what it kept the call from.
        return self._counts(error)


def _cause(error: BaseException, call: Call) -> BaseException:
    """What ended the call: one that ran out of time reaches its inside as a cancellation."""
    if isinstance(error, asyncio.CancelledError) and is_out_of_time(call):
        return DeadlineExceeded(0.0)
    return error
