"""Requests into a call that takes a stream of them."""

import asyncio
import contextlib
from collections.abc import AsyncIterable
from typing import TypeAlias, TypeVar

import grpc
from betterproto2 import Message
from grpc.aio import AioRpcError

Request = TypeVar("Request", bound=Message)
Response = TypeVar("Response", bound=Message)
StreamingCall: TypeAlias = (
    "grpc.aio.StreamStreamCall[Request, Response] | grpc.aio.StreamUnaryCall[Request, Response]"
)


async def feed(call: "StreamingCall[Request, Response]", requests: AsyncIterable[Request]) -> None:
    """Write every request, each when the transport takes it. What `requests` raises ends the call
    and is raised.
    """
    try:
        async for request in requests:
            await call.write(request)
        await call.done_writing()
    except (AioRpcError, asyncio.InvalidStateError):
        return  # the call has ended; its reader says how
    except BaseException:
        call.cancel()
        raise


def raise_of(feeder: "asyncio.Task[None]") -> None:
    """What ended the feeding, where it was the requests: that error counts, not the call's end."""
    if feeder.done() and not feeder.cancelled():
        feeder.result()


async def end(feeder: "asyncio.Task[None]") -> None:
    """Stop the feeding, and wait until it has stopped."""
    feeder.cancel()
    with contextlib.suppress(asyncio.CancelledError, Exception):
        await feeder
