"""Serving: bind, become ready, drain on SIGTERM, stop."""

import asyncio
import resource
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc

from interceptors.drain import DrainGate
from server.health import Health
from server.settings import Address

REFUSAL_S = 0.3
LAST_STATUS_S = 5.0
MOST_CONNECTIONS = 10_000


class PortTaken(Exception):
    """Something else listens on the address."""

    def __init__(self, what: str, address: Address, setting: str) -> None:
        super().__init__(
            f"cannot listen on {address} for {what}: it is taken, or may not be used; "
            f"stop the other program, or choose another address with {setting}"
        )


def bind(
    server: grpc.aio.Server, address: Address, credentials: grpc.ServerCredentials | None = None
) -> Address:
    """Listen, in plain text where there are no credentials; the address with the port that was
    really bound.
    """
    try:
        if credentials is None:
            port = server.add_insecure_port(str(address))
        else:
            port = server.add_secure_port(str(address), credentials)
    except RuntimeError as error:
        raise PortTaken("gRPC", address, "--listen") from error
    return Address(address.host, port)


def most_connections() -> int:
    """How many connections the server may hold, of all addresses together.

    Each is an open file, also one that never calls. Half of what the process may have open stays
    for the database and the logs, and beyond 10,000 memory would become the limit.
    """
    most_files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most_files == resource.RLIM_INFINITY:
        return MOST_CONNECTIONS
    return min(MOST_CONNECTIONS, most_files // 2)


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
    gate: DrainGate,
    grace_s: float,
    hurry: asyncio.Queue[None],
) -> None:
    """NOT_SERVING first; then running calls finish within the grace, or until a second signal.

    New calls are refused with a status, and only then does the server stop: a call that waits
    inside gRPC when the server stops is cancelled without a word.
    """
    health.start_draining()
    gate.close()
    idle, hurried = (
        asyncio.ensure_future(gate.wait_until_idle()),
        asyncio.ensure_future(hurry.get()),
    )
    await asyncio.wait([idle, hurried], timeout=grace_s, return_when=asyncio.FIRST_COMPLETED)
    is_idle = idle.done()
    if is_idle:
        await asyncio.sleep(min(REFUSAL_S, grace_s))  # for calls that are on their way
    idle.cancel()
    hurried.cancel()
    # Ends as soon as the last status has left, which on a busy machine takes its time.
    await server.stop(min(LAST_STATUS_S, grace_s) if is_idle else None)
