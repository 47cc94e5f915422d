"""A tiny service behind a chain, to see the interceptors on real sockets."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import grpc
from google.protobuf.message import Message
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status
from switchyard.triage.v1 import ticket_pb2

from interceptors.call import Context
from interceptors.chain import Chain, Interceptor

SERVICE = "test.Echo"


class Boom(Exception):
    """What the servicer raises when it is told to."""


async def _echo(request: Message, _context: Context) -> Any:
    if isinstance(request, ticket_pb2.Ticket) and request.id == "boom":
        raise Boom("secret text")
    return request


async def _echo_stream(
    requests: AsyncIterator[Any], _context: Context
) -> AsyncGenerator[Any, None]:
    async for item in requests:
        if isinstance(item, Exception):
            yield ticket_pb2.Ticket(id=type(item).__name__)
        else:
            yield item


async def _count(request: ticket_pb2.Ticket, _context: Context) -> AsyncGenerator[Any, None]:
    for i in range(3):
        yield ticket_pb2.Ticket(id=str(i))
    if request.id == "boom":
        raise Boom("secret text")


@asynccontextmanager
async def echo_channel(members: Sequence[Interceptor]) -> AsyncIterator[grpc.aio.Channel]:
    """A channel to a server with these interceptors."""
    parse, serialize = ticket_pb2.Ticket.FromString, ticket_pb2.Ticket.SerializeToString
    handlers = {
        "Echo": grpc.unary_unary_rpc_method_handler(_echo, parse, serialize),
        "EchoStream": grpc.stream_stream_rpc_method_handler(_echo_stream, parse, serialize),
        "Count": grpc.unary_stream_rpc_method_handler(_count, parse, serialize),
    }
    server = grpc.aio.server(interceptors=[Chain(members)])
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield channel
    finally:
        await server.stop(None)


async def call(channel: grpc.aio.Channel, method: str, request: bytes) -> bytes:
    """Call a unary method with raw bytes."""
    multicallable: Any = channel.unary_unary(f"/{SERVICE}/{method}")
    answer: bytes = await multicallable(request, timeout=60)
    return answer


async def stream(channel: grpc.aio.Channel, method: str, items: Sequence[bytes]) -> list[bytes]:
    """Call a method with streams on both sides."""
    multicallable: Any = channel.stream_stream(f"/{SERVICE}/{method}")
    return [item async for item in multicallable(iter(items), timeout=60)]


async def count(channel: grpc.aio.Channel, request: bytes) -> list[bytes]:
    """Call the method that answers with a stream."""
    multicallable: Any = channel.unary_stream(f"/{SERVICE}/Count")
    return [item async for item in multicallable(request, timeout=60)]


def status_of_call(error: grpc.aio.AioRpcError) -> Status:
    """The google.rpc.Status of a failed call."""
    status = rpc_status.from_call(error)  # type: ignore[arg-type]  # it takes an AioRpcError too
    assert status is not None
    return status
