"""A server whose handlers a test writes, and stand-ins for what gRPC knows of a call."""

import inspect
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import grpc
from google.rpc.status_pb2 import Status

from interceptors.call import Call
from interceptors.chain import Chain, Interceptor, Method
from interceptors.error_status import ErrorStatus
from interceptors.errors import InterceptorError, interceptor_status, status

SERVICE = "test.Own"
UNARY = Method(f"{SERVICE}/Unary", False, False, bytes, bytes)
STREAM = Method(f"{SERVICE}/Stream", False, True, bytes, bytes)


class Transport:
    """A call that brings this much time, from this peer."""

    def __init__(self, left_s: float | None = None, peer: str = "ipv4:192.0.2.1:1000") -> None:
        self.left_s = left_s
        self._peer = peer
        self.trailing_metadata: Any = ()

    def time_remaining(self) -> float | None:
        """Seconds; None: for ever."""
        return self.left_s

    def peer(self) -> str:
        """As gRPC writes it."""
        return self._peer

    def invocation_metadata(self) -> Any:
        """Nothing was sent beside the request."""
        return ()

    def set_trailing_metadata(self, metadata: Any) -> None:
        """Kept, to be looked at."""
        self.trailing_metadata = metadata


def call_from(transport: Transport) -> Call:
    """A call that has come this way."""
    return Call(UNARY.name, transport)  # type: ignore[arg-type]  # what the chain asks of it


def _status(_call: Call, error: Exception) -> Status:
    if isinstance(error, InterceptorError):
        return interceptor_status(error)
    return status(grpc.StatusCode.INTERNAL, "INTERNAL", type(error).__name__)


@asynccontextmanager
async def handler_server(members: Sequence[Interceptor], **handlers: Any) -> AsyncIterator[str]:
    """The address of a server with these handlers, by method, of raw bytes."""
    server = grpc.aio.server(interceptors=[Chain([ErrorStatus(_status), *members])])
    methods = {name: _handler(function) for name, function in handlers.items()}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, methods),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(None)


def _handler(function: Any) -> Any:
    if inspect.isasyncgenfunction(function):
        return grpc.unary_stream_rpc_method_handler(function)
    return grpc.unary_unary_rpc_method_handler(function)


@asynccontextmanager
async def connection(address: str) -> AsyncIterator[grpc.aio.Channel]:
    """A connection of its own, which no other channel shares."""
    own = (("grpc.use_local_subchannel_pool", 1), ("grpc.max_receive_message_length", -1))
    async with grpc.aio.insecure_channel(address, options=own) as channel:
        yield channel


async def ask(channel: grpc.aio.Channel, timeout_s: float | None = None) -> bytes:
    """Call the unary method."""
    unary: Any = channel.unary_unary(f"/{UNARY.name}")
    answer: bytes = await unary(b"", timeout=timeout_s)
    return answer


async def read(channel: grpc.aio.Channel, into: list[bytes]) -> None:
    """Call the method that answers with a stream, and read it to its end."""
    stream: Any = channel.unary_stream(f"/{STREAM.name}")
    async for item in stream(b""):
        into.append(item)
