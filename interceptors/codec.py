"""Parses requests and serialises responses inside the chain.

Bytes that do not parse are the caller's error, not the server's, and so are more
of them than the method takes. A method whose items stand alone gets the exception
in the bad item's place, and decides itself what one bad item means; any other
stream ends with it.
"""

import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing
from types import MappingProxyType
from typing import Any

from google.protobuf.message import DecodeError
from switchyard.options.v1.options_pb2 import MethodPolicy

from interceptors.call import Call
from interceptors.chain import Method, StreamHandler, UnaryHandler
from interceptors.errors import MalformedMessage, RequestTooLarge

_NO_POLICIES: Mapping[str, MethodPolicy] = MappingProxyType({})


class Codec:
    """Everything outside it sees bytes, everything inside it sees messages.

    `items_stand_alone` tells, by a method's name, whether its stream outlives a bad item. Requests
    that are larger than their method's policy allows, or than `most_bytes` where it says nothing,
    are refused before they are parsed.
    """

    def __init__(
        self,
        items_stand_alone: Callable[[str], bool] = lambda _method: False,
        policies: Mapping[str, MethodPolicy] = _NO_POLICIES,
        most_bytes: int = sys.maxsize,
    ) -> None:
        self._items_stand_alone = items_stand_alone
        self._policies = policies
        self._most_bytes_elsewhere = most_bytes

    def wrap_unary(self, method: Method, handler: UnaryHandler) -> UnaryHandler:
        """Parses what goes in, serialises what comes out."""
        read, serialize = self._reader(method), method.serialize

        async def answer(request: Any, call: Call) -> Any:
            return serialize(await handler(read(request), call))

        return answer

    def wrap_stream(self, method: Method, handler: StreamHandler) -> StreamHandler:
        """Parses what goes in, serialises each message that comes out."""
        read, serialize = self._reader(method), method.serialize

        async def answer(request: Any, call: Call) -> AsyncGenerator[Any, None]:
            async with aclosing(handler(read(request), call)) as responses:
                async for response in responses:
                    yield serialize(response)

        return answer

    def _reader(self, method: Method) -> Callable[[Any], Any]:
        parse, most_bytes = method.parse, self._most_bytes(method)
        stand_alone = self._items_stand_alone(method.name)

        def parse_one(data: bytes) -> Any:
            if len(data) > most_bytes:
                raise RequestTooLarge(len(data), most_bytes)
            try:
                return parse(data)
            except DecodeError as error:
                raise MalformedMessage from error

        async def parse_each(items: AsyncIterator[bytes]) -> AsyncIterator[Any]:
            async for data in items:
                try:
                    item = parse_one(data)
                except (MalformedMessage, RequestTooLarge) as refusal:
                    if not stand_alone:
                        raise
                    item = refusal.with_traceback(None)  # its frames would keep the bytes
                yield item

        return parse_each if method.request_streaming else parse_one

    def _most_bytes(self, method: Method) -> int:
        policy = self._policies.get(method.name)
        return (policy and policy.max_request_bytes) or self._most_bytes_elsewhere
