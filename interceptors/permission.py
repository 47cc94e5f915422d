"""Lets a call through when its caller has the permission that the method's policy names."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Any

from switchyard.options.v1 import options_pb2

from interceptors.call import EVERY_PERMISSION, Call
from interceptors.chain import Method, StreamHandler, UnaryHandler
from interceptors.errors import PermissionDenied


class Permission:
    """Holds callers against the policies. `others` gives the permission of methods without a
    policy; a method that stands in neither is refused to everybody.
    """

    def __init__(
        self, policies: Mapping[str, options_pb2.MethodPolicy], others: Mapping[str, str]
    ) -> None:
        self._permissions = {**others, **{name: p.permission for name, p in policies.items()}}

    def is_open(self, method: str) -> bool:
        """Whether everybody may call the method, also without credentials."""
        return self._permissions.get(method) == ""

    def wrap_unary(self, method: Method, handler: UnaryHandler) -> UnaryHandler:
        """Checks before `handler` runs."""
        if self.is_open(method.name):
            return handler
        check = self._checker(method.name)

        def answer(request: Any, call: Call) -> Awaitable[Any]:
            check(call)
            return handler(request, call)

        return answer

    def wrap_stream(self, method: Method, handler: StreamHandler) -> StreamHandler:
        """Checks before `handler` runs."""
        if self.is_open(method.name):
            return handler
        check = self._checker(method.name)

        def answer(request: Any, call: Call) -> AsyncGenerator[Any, None]:
            check(call)
            return handler(request, call)

        return answer

    def _checker(self, method: str) -> Callable[[Call], None]:
        permission = self._permissions.get(method)

        def check(call: Call) -> None:
            held = call.caller.permissions
            if permission is None or (permission not in held and EVERY_PERMISSION not in held):
                raise PermissionDenied(permission or method)

        return check
