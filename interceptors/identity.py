"""Finds out who calls, from the metadata `authorization: Bearer CREDENTIALS`.

Credentials that were verified before cost one look-up; all others go the long way, which may wait.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Any

from interceptors.call import Call, Caller
from interceptors.chain import Method, StreamHandler, UnaryHandler
from interceptors.errors import Unauthenticated

HEADER = "authorization"
MOST_HEADER_CHARACTERS = 8192

# The caller of a header that was verified before; None: it was not, or no longer holds.
Known = Callable[[str], Caller | None]
# The caller of all the `authorization` headers of a call, and its address. Raises Unauthenticated.
Authenticate = Callable[[Sequence[str], str], Awaitable[Caller]]


class Identity:
    """Sets `call.caller`. Methods for which `is_open` holds ask for nothing."""

    def __init__(
        self, known: Known, authenticate: Authenticate, is_open: Callable[[str], bool]
    ) -> None:
        self._known = known
        self._authenticate = authenticate
        self._is_open = is_open

    def wrap_unary(self, method: Method, handler: UnaryHandler) -> UnaryHandler:
        """Identifies the caller before `handler` runs."""
        if self._is_open(method.name):
            return handler
        recall, authenticate = self._recall, self._authenticate

        async def answer_stranger(request: Any, call: Call) -> Any:
            call.caller = await authenticate(_headers(call), call.address)
            return await handler(request, call)

        def answer(request: Any, call: Call) -> Awaitable[Any]:
            caller = recall(call)
            if caller is None:
                return answer_stranger(request, call)
            call.caller = caller
            return handler(request, call)

        return answer

    def wrap_stream(self, method: Method, handler: StreamHandler) -> StreamHandler:
        """Identifies the caller before `handler` runs."""
        if self._is_open(method.name):
            return handler
        recall, authenticate = self._recall, self._authenticate

        async def answer_stranger(request: Any, call: Call) -> AsyncGenerator[Any, None]:
            call.caller = await authenticate(_headers(call), call.address)
            async with aclosing(handler(request, call)) as responses:
                async for response in responses:
                    yield response

        def answer(request: Any, call: Call) -> AsyncGenerator[Any, None]:
            caller = recall(call)
            if caller is None:
                return answer_stranger(request, call)
            call.caller = caller
            return handler(request, call)

        return answer

    def _recall(self, call: Call) -> Caller | None:
        """The caller, where it was verified before; a header sent twice must not pass as one."""
        header = call.metadata.get(HEADER)
        is_alone = len(call.metadata) == len(call.pairs)
        return self._known(header) if is_alone and isinstance(header, str) else None


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


def _headers(call: Call) -> list[str]:
    return [str(value) for key, value in call.pairs if key == HEADER]


def _malformed(message: str) -> Unauthenticated:
    return Unauthenticated("INVALID_CREDENTIALS", message)
