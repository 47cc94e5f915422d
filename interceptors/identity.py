"""Finds out who calls, from the metadata `authorization: Bearer CREDENTIALS`.

Credentials that were verified before cost one look-up; all others go the long way, which may wait.
Who holds a stream is asked for again with each of its items, at its end, and every second without
one: it may be open for longer than its credentials hold.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from typing import Any

from interceptors.call import Call, Caller
from interceptors.chain import Method, StreamHandler, UnaryHandler
from interceptors.errors import Unauthenticated
from interceptors.interruption import WRITE_GRACE_S, Interruption

HEADER = "authorization"
MOST_HEADER_CHARACTERS = 8192
LOOK_EVERY_S = 1.0  # at who holds a stream on which nothing goes in or out

# The caller of a header that was verified before; None: it was not, or no longer holds.
Known = Callable[[str], Caller | None]
# The caller of all the `authorization` headers of a call, and its address. Raises Unauthenticated.
Authenticate = Callable[[Sequence[str], str], Awaitable[Caller]]


class Identity:
    """Sets `call.caller`. Methods for which `is_open` holds ask for nothing.

    A stream ends with what `authenticate` raises, before the next item goes in or out. Where it
    gives another caller, as with another tier, the next item is that one's. A stream that nobody
    reads is cut off `write_grace_s` after it was refused.
    """

    def __init__(
        self,
        known: Known,
        authenticate: Authenticate,
        is_open: Callable[[str], bool],
        look_every_s: float = LOOK_EVERY_S,
        write_grace_s: float = WRITE_GRACE_S,
    ) -> None:
        self._known = known
        self._authenticate = authenticate
        self._is_open = is_open
        self._look_every_s = look_every_s
        self._write_grace_s = write_grace_s

    def wrap_unary(self, method: Method, handler: UnaryHandler) -> UnaryHandler:
        """Identifies the caller before `handler` runs; of a request that is a stream also with each
        item, at its end, and before the answer.
        """
        if self._is_open(method.name):
            return handler
        known, identify = self._known, self._identify

        async def answer_stranger(request: Any, call: Call) -> Any:
            await identify(call)
            return await handler(request, call)

        def answer(request: Any, call: Call) -> Awaitable[Any]:
            caller = known(_lone_header(call))
            if caller is None:
                return answer_stranger(request, call)
            call.caller = caller
            return handler(request, call)

        async def answer_items(items: AsyncIterator[Any], call: Call) -> Any:
            await identify(call)
            with self._watched(call):
                response = await handler(self._held(items, call), call)
                await identify(call)
            return response

        return answer_items if method.request_streaming else answer

    def wrap_stream(self, method: Method, handler: StreamHandler) -> StreamHandler:
        """Identifies the caller before `handler` runs, and with each item that goes in or out."""
        if self._is_open(method.name):
            return handler
        known, identify, takes_items = self._known, self._identify, method.request_streaming

        async def answer(request: Any, call: Call) -> AsyncGenerator[Any, None]:
            await identify(call)
            header = _lone_header(call)
            asked = self._held(request, call) if takes_items else request
            with self._watched(call) as watch:
                async with aclosing(handler(asked, call)) as responses:
                    async for response in responses:
                        if known(header) is not call.caller:
                            await identify(call)
                        watch.pause()
                        yield response
                        watch.resume()

        return answer

    async def _held(self, items: AsyncIterator[Any], call: Call) -> AsyncIterator[Any]:
        """The items, for as long as the caller may send them."""
        known, header = self._known, _lone_header(call)
        async for item in items:
            if known(header) is not call.caller:
                await self._identify(call)
            yield item
        await self._identify(call)

    @contextmanager
    def _watched(self, call: Call) -> Iterator[Interruption]:
        """Ends a stream also where nothing goes in or out of it."""
        with Interruption(self._write_grace_s) as interruption:
            watch = asyncio.create_task(self._watch(call, interruption))
            try:
                yield interruption
            finally:
                watch.cancel()

    async def _watch(self, call: Call, interruption: Interruption) -> None:
        header = _lone_header(call)
        while True:
            await asyncio.sleep(self._look_every_s)
            try:
                if self._known(header) is not call.caller:
                    await self._identify(call)
            except Exception as error:
                interruption.end_with(error)
                return

    async def _identify(self, call: Call) -> None:
        caller = self._known(_lone_header(call))
        call.caller = caller or await self._authenticate(_headers(call), call.address)


def bearer(headers: Sequence[str]) -> str:
    """The credentials in the headers of a call. Raises Unauthenticated unless there is one header,
    of the right form and size.
    """
    if len(headers) != 1:
        raise _malformed(f"Send one `{HEADER}` header, not several.")
    if len(headers[0]) > MOST_HEADER_CHARACTERS:
        raise _malformed(f"An `{HEADER}` header has at most {MOST_HEADER_CHARACTERS} characters.")
    scheme, _, credentials = headers[0].partition(" ")
    if scheme.lower() != "bearer" or not credentials:
        raise _malformed(f"The `{HEADER}` header must be `Bearer` and a key or token.")
    return credentials


def _lone_header(call: Call) -> str:
    """The header to look up; empty where there is none, or metadata was sent twice: it must not
    pass as one.
    """
    header = call.metadata.get(HEADER)
    is_alone = len(call.metadata) == len(call.pairs)
    return header if is_alone and isinstance(header, str) else ""


def _headers(call: Call) -> list[str]:
    return [str(value) for key, value in call.pairs if key == HEADER]


def _malformed(message: str) -> Unauthenticated:
    return Unauthenticated("INVALID_CREDENTIALS", message)
