"""Serving: bind, become ready, drain on SIGTERM, stop."""

import asyncio
import os
import resource
import signal
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import ParamSpec, TypeVar

import grpc

from interceptors.drain import DrainGate
from server.health import Health
from server.settings import Address

REFUSAL_S = 0.3
LAST_STATUS_S = 5.0
MOST_CONNECTIONS = 10_000
UNWIND_S = 10.0  # beyond the grace: for last statuses, commits, and the embedded PostgreSQL

P = ParamSpec("P")
T = TypeVar("T")


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

    Each is an open file, also one that never calls; one address that opens enough of them leaves
    the others none until they are idle for too long. Half of what the process may have open stays
    for the database and the logs, and beyond 10,000 memory would become the limit.
    """
    most_files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most_files == resource.RLIM_INFINITY:
        return MOST_CONNECTIONS
    return min(MOST_CONNECTIONS, most_files // 2)


@asynccontextmanager
async def stop_signals(
    at_first: Callable[[], None] = lambda: None,
) -> AsyncIterator[asyncio.Queue[None]]:
    """A queue that gets an item at every SIGTERM and SIGINT while the block runs."""
    loop = asyncio.get_running_loop()
    received: asyncio.Queue[None] = asyncio.Queue()
    pending = [at_first]

    def receive() -> None:
        received.put_nowait(None)
        if pending:
            pending.pop()()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, receive)
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


class Unwinding(AsyncExitStack):
    """Knows what it waits for, so that a server that does not end can say it."""

    waits_for = "running calls"

    def push_async_callback(
        self, callback: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs
    ) -> Callable[P, Awaitable[T]]:
        """Await the callback when the block ends."""

        async def end() -> None:
            self.waits_for = callback.__qualname__
            await callback(*args, **kwargs)

        super().push_async_callback(end)
        return callback


def end_within(
    longest_s: float, waits_for: Callable[[], str], last_act: Callable[[], None]
) -> None:
    """End the process when it has not ended by then, with status 1 and a line that says why; a
    database that hangs would hold it up for minutes.

    A thread keeps the time: neither a loop that stands still nor work in threads may outlast it.
    """

    def give_up() -> None:
        try:
            text = f"switchyard-server: gave up after {longest_s:g} s: {waits_for()}"
            print(f"{text} did not end", file=sys.stderr, flush=True)  # noqa: T201  # to a person
            last_act()
        finally:
            os._exit(1)

    timer = threading.Timer(longest_s, give_up)
    timer.daemon = True  # who ends in time does not wait for it
    timer.start()
