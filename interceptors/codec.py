"""Parses requests and serialises responses inside the chain.

Bytes that do not parse are the caller's error, not the server's. A method whose
items stand alone gets the exception in the bad item's place, and decides itself
what one bad item means; any other stream ends with it.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import Any

from google.protobuf.message import DecodeError

from interceptors.call import Call
from interceptors.chain import Method, StreamHandler, UnaryHandler
from interceptors.errors import MalformedMessage


class Codec:
    """Everything outside it sees bytes, everything inside it sees messages.

    `items_stand_alone` tells, by a method's name, whether its stream outlives a bad item.
    """

    def __init__(self, items_stand_alone: Callable[[str], bool] = lambda _method: False) -> None:
        self._items_stand_alone = items_stand_alone

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
        parse = method.parse
        stand_alone = self._items_stand_alone(method.name)

        def parse_one(data: bytes) -> Any:
            try:
                return parse(data)
            except DecodeError as error:
                raise MalformedMessage from error

        async def parse_each(items: AsyncIterator[bytes]) -> AsyncIterator[Any]:
            async for data in items:
                try:
                    item = parse(data)
                except DecodeError as error:
                    item = MalformedMessage()
                    if not stand_alone:
                        raise item from error
                yield item

        return parse_each if method.request_streaming else parse_one
