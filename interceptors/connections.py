"""Caps the connections from which one address may call.

gRPC's Python server neither tells which connections it holds nor closes one of them, but every
call tells the port that it comes from. So a connection that never calls is not counted here:
such ones end by the server's idle limit alone, and an address that goes on opening them is for
a firewall or a proxy to stop.
"""

import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing, contextmanager
from typing import Any

from interceptors.call import Call, is_loopback, network_of
from interceptors.chain import Method, StreamHandler, UnaryHandler
from interceptors.errors import TooManyConnections

MOST_TRACKED = 100_000


class _Connection:
    """A caller's address and port that called within the idle limit."""

    __slots__ = ("address", "streams", "used_s")

    def __init__(self, address: str) -> None:
        self.address = address
        self.streams = 0  # that run on it now
        self.used_s = 0.0


class ConnectionCap:
    """Refuses calls from an address's connections beyond the first `most`.

    A connection without a call for `idle_s`, the idle limit of the server itself, no longer
    counts. At most `most_tracked` connections are known at a time, of all addresses together;
    beyond it the longest known is forgotten until it calls again.
    """

    def __init__(
        self,
        most: int,
        idle_s: float,
        clock: Callable[[], float] = time.monotonic,
        *,
        exempts_loopback: bool = True,
        most_tracked: int = MOST_TRACKED,
    ) -> None:
        self._most = most
        self._idle_s = idle_s
        self._clock = clock
        self._exempts_loopback = exempts_loopback
        self._most_tracked = most_tracked
        self._connections: dict[str, _Connection] = {}  # by peer, the longest known first
        self._peers: dict[str, set[str]] = {}  # by address

    def wrap_unary(self, method: Method, handler: UnaryHandler) -> UnaryHandler:
        """Refuses, or notes that the call's connection lives; a request that is a stream keeps it
        alive for as long as the call lasts.
        """

        async def answer_items(items: Any, call: Call) -> Any:
            with self._streaming(call):
                return await handler(items, call)

        def answer(request: Any, call: Call) -> Awaitable[Any]:
            self._use(call)
            return handler(request, call)

        return answer_items if method.request_streaming else answer

    def wrap_stream(self, method: Method, handler: StreamHandler) -> StreamHandler:
        """Refuses, or keeps the call's connection alive for as long as the stream lasts."""
        del method  # all alike

        async def answer(request: Any, call: Call) -> AsyncGenerator[Any, None]:
            with self._streaming(call):
                async with aclosing(handler(request, call)) as responses:
                    async for response in responses:
                        yield response

        return answer

    @contextmanager
    def _streaming(self, call: Call) -> Iterator[None]:
        """Refuses, or keeps the call's connection alive meanwhile."""
        connection = self._use(call)
        if connection is not None:
            connection.streams += 1
        try:
            yield
        finally:
            if connection is not None:
                connection.streams -= 1
                connection.used_s = self._clock()

    def _use(self, call: Call) -> _Connection | None:
        """The call's connection, in use now; None: it is exempt."""
        peer = call.transport.peer()
        connection = self._connections.get(peer)
        if connection is None:
            if self._exempts_loopback and is_loopback(call.address):
                return None
            connection = self._admit(peer, network_of(call.address))
        connection.used_s = self._clock()
        return connection

    def _admit(self, peer: str, address: str) -> _Connection:
        peers = self._peers.get(address, set())
        if len(peers) >= self._most:
            self._forget_idle(peers)
        if len(peers) >= self._most:
            raise TooManyConnections(self._most)
        if len(self._connections) >= self._most_tracked:
            self._forget(next(iter(self._connections)))
        connection = self._connections[peer] = _Connection(address)
        self._peers.setdefault(address, set()).add(peer)
        return connection

    def _forget_idle(self, peers: set[str]) -> None:
        oldest_s = self._clock() - self._idle_s
        for peer in tuple(peers):
            connection = self._connections[peer]
            if not connection.streams and connection.used_s <= oldest_s:
                self._forget(peer)

    def _forget(self, peer: str) -> None:
        address = self._connections.pop(peer).address
        peers = self._peers[address]
        peers.discard(peer)
        if not peers:
            del self._peers[address]
