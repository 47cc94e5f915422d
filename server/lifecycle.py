"""Serving: bind, become ready, drain on SIGTERM, stop."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc

from server.health import Health
from server.settings import Address


class PortTaken(Exception):
    """Something else listens on the address."""

    def __init__(self, what: str, address: Address, setting: str) -> None:
        super().__init__(
            f"cannot listen on {address} for {what}: it is taken, or may not be used; "
            f"stop the other program, or choose another address with {setting}"
        )


def bind(server: grpc.aio.Server, address: Address) -> Address:
    """Listen in plain text; the address with the port that was really bound."""
    try:
        port = server.add_insecure_port(str(address))
    except RuntimeError as error:
        raise PortTaken("gRPC", address, "--listen") from error
    return Address(address.host, port)


@asynccontextmanager
async def stop_signals() -> AsyncIterator[asyncio.Queue[None]]:
    """A queue that gets an item at every SIGTERM and SIGINT while the block runs."""
    loop = asyncio.get_running_loop()
    received: asyncio.Queue[None] = asyncio.Queue()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, received.put_nowait, None)
    try:
        yield received
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


async def drain(
    server: grpc.aio.Server,
    health: Health,
    draining: asyncio.Event,
    grace_s: float,
    hurry: asyncio.Queue[None],
) -> None:
    """NOT_SERVING first; then running calls finish within the grace, or until a second signal."""
    health.start_draining()
    draining.set()
    stopping = asyncio.ensure_future(server.stop(grace_s))
    hurried = asyncio.ensure_future(hurry.get())
    await asyncio.wait([stopping, hurried], return_when=asyncio.FIRST_COMPLETED)
    if hurried.done():
        await server.stop(None)
    hurried.cancel()
    await stopping
