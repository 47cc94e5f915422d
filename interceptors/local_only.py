"""Keeps methods that show the inside of a server to callers on its own machine."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

from interceptors.call import Call, is_loopback
from interceptors.chain import Method, StreamHandler, UnaryHandler
from interceptors.errors import UnknownMethod


class LocalOnly:
    """To callers from elsewhere, methods for which `is_local` holds do not exist."""

    def __init__(self, is_local: Callable[[str], bool]) -> None:
        self._is_local = is_local

    def wrap_unary(self, method: Method, handler: UnaryHandler) -> UnaryHandler:
        """Checks before `handler` runs."""
        if not self._is_local(method.name):
            return handler

        def answer(request: Any, call: Call) -> Awaitable[Any]:
            _check(call)
            return handler(request, call)

        return answer

    def wrap_stream(self, method: Method, handler: StreamHandler) -> StreamHandler:
        """Checks before `handler` runs."""
        if not self._is_local(method.name):
            return handler

        def answer(request: Any, call: Call) -> AsyncGenerator[Any, None]:
            _check(call)
            return handler(request, call)

        return answer


def _check(call: Call) -> None:
    if not is_loopback(call.address):
        raise UnknownMethod
