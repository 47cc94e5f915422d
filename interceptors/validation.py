"""Holds requests against the field rules that stand in the contract."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from typing import Any

import protovalidate
from google.protobuf.message import Message

from interceptors.call import Call
from interceptors.chain import Method, StreamHandler, UnaryHandler
from interceptors.errors import InvalidRequest, Violation

MOST_EXPLAINED_BYTES = 16 * 1024  # of a message whose faults are all told


class Validation:
    """Refuses a request that breaks a rule; a bad item of a stream arrives as the exception."""

    def __init__(self) -> None:
        self._validator = protovalidate.Validator()

    def wrap_unary(self, method: Method, handler: UnaryHandler) -> UnaryHandler:
        """Checks before `handler` runs."""
        check = self._checker(method)

        def answer(request: Any, call: Call) -> Awaitable[Any]:
            return handler(check(request), call)

        return answer

    def wrap_stream(self, method: Method, handler: StreamHandler) -> StreamHandler:
        """Checks before `handler` runs, or each item as it is read."""
        check = self._checker(method)

        def answer(request: Any, call: Call) -> AsyncGenerator[Any, None]:
            return handler(check(request), call)

        return answer

    def _checker(self, method: Method) -> Callable[[Any], Any]:
        keeps_rules = self._keeps_rules

        def check_one(message: Message) -> Message:
            if not keeps_rules(message):
                raise InvalidRequest(self.violations(message), message)
            return message

        async def check_each(items: AsyncIterator[Any]) -> AsyncIterator[Any]:
            async for item in items:
                if isinstance(item, Exception) or keeps_rules(item):
                    yield item
                else:
                    yield InvalidRequest(self.violations(item), item)

        return check_each if method.request_streaming else check_one

    def _keeps_rules(self, message: Message) -> bool:
        try:
            self._validator.validate(message, fail_fast=True)
        except protovalidate.ValidationError:
            return False
        return True

    def violations(self, message: Message) -> list[Violation]:
        """Every field at fault, of a large message the first; empty when it keeps the rules."""
        found = self._validator.collect_violations(message, fail_fast=True)
        # 30 microseconds a fault: a large message can have enough of them to stop all other calls.
        if found and message.ByteSize() <= MOST_EXPLAINED_BYTES:
            found = self._validator.collect_violations(message)
        return [
            Violation(_path(one.proto.field), one.proto.rule_id, one.proto.message) for one in found
        ]


def _path(field: Any) -> str:
    """A field path as people write it: ticket.attributes["plan"], categories[2].name.

    Of a rule that concerns several fields of the request together: request.
    """
    if field is None:
        return "request"
    path = ""
    for element in field.elements:
        path += f".{element.field_name}" if path else element.field_name
        subscript = element.subscript
        if subscript is None:
            continue
        key = subscript.value
        path += f'["{key[:64]}"]' if subscript.field == "string_key" else f"[{key}]"
    return path
