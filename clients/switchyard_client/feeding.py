"""Requests into a call that takes a stream of them."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable
from typing import TypeAlias, TypeVar

import grpc
from betterproto2 import Message
from google.protobuf.message import DecodeError
from grpc.aio import AioRpcError, InternalError

from switchyard_client.call_endings import CallEnding
from switchyard_client.errors import error_of_call
from switchyard_client.wire import encoded

Request = TypeVar("Request", bound=Message)
Response = TypeVar("Response", bound=Message)
StreamingCall: TypeAlias = (
    "grpc.aio.StreamStreamCall[bytes, bytes] | grpc.aio.StreamUnaryCall[bytes, bytes]"
)


async def exchange(
    call: "grpc.aio.StreamStreamCall[bytes, bytes]",
    requests: AsyncIterable[Request],
    parse: Callable[[bytes], Response],
    encode: Callable[[Request], bytes | None] = encoded,
) -> AsyncGenerator[Response, None]:
    """The answers of a call while it is fed. Raises SwitchyardError, and what `requests` raises."""
    ending = CallEnding(call)
    feeder = asyncio.create_task(feed(call, requests, encode))
    try:
        # Not call.read(): it refuses, once a write has failed, what has arrived before.
        async for answer in call:
            yield parse(answer)
    except AioRpcError as error:
        actual = await ending.behind(error)
        if actual.code() is not grpc.StatusCode.OK:
            raise error_of_call(actual) from None
    except DecodeError as error:
        raise error_of_call(error) from None
    except asyncio.CancelledError:
        raise_of(feeder)
        raise
    finally:
        call.cancel()
        await end(feeder)


async def feed(
    call: StreamingCall,
    requests: AsyncIterable[Request],
    encode: Callable[[Request], bytes | None] = encoded,
) -> None:
    """Write every request, each when the transport takes it. What `requests` or `encode` raises
    ends the call and is raised; a request that `encode` makes nothing of is left out.
    """
    try:
        async for request in requests:
            data = encode(request)
            if data is not None and not await _is_taken(call.write(data)):
                return
        await _is_taken(call.done_writing())
    except BaseException:
        call.cancel()
        raise


async def _is_taken(writing: Awaitable[None]) -> bool:
    """Whether the call takes it; one that has ended does not, and its reader says how it ended."""
    try:
        await writing
    except (AioRpcError, InternalError, asyncio.InvalidStateError):
        return False
    return True


def raise_of(feeder: "asyncio.Task[None]") -> None:
    """What ended the feeding, where it was the requests: that error counts, not the call's end."""
    if feeder.done() and not feeder.cancelled():
        feeder.result()


async def end(feeder: "asyncio.Task[None]") -> None:
    """Stop the feeding, and wait until it has stopped."""
    feeder.cancel()
    with contextlib.suppress(asyncio.CancelledError, Exception):
        await feeder
