"""Listens to NOTIFY: what one process changes, the others hear of."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

import psycopg

from server.storage.database import Connection
from server.storage.rounds import Rounds

RECONNECT_S = 1.0
CONNECT_S = 5
ASK_EVERY_S = 0.5
ANSWER_S = 0.5  # a connection that is silent for longer counts as lost

Listener = Callable[[str | None], None]


class Notifications:
    """Calls each channel's listener with the payload, and with None after every (re)connect.

    None means: anything may have changed while nobody listened. So it is also with a payload that
    its listener cannot take: that is logged, and it hears None. `when_lost` is called as soon as
    nobody listens any more, at most about a second after the database has gone or hangs.
    """

    def __init__(
        self,
        url: str,
        listeners: Mapping[str, Listener],
        when_lost: Sequence[Callable[[], None]] = (),
    ) -> None:
        self._url = url
        self._listeners = dict(listeners)
        self._when_lost = tuple(when_lost)
        self._connecting = Rounds("notifications", (psycopg.Error, TimeoutError))
        self._telling = Rounds("notifications", ())
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start to listen, and keep at it until stopped."""
        self._task = asyncio.create_task(self._listen_forever(), name="notifications")

    async def stop(self) -> None:
        """Stop to listen."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _listen_forever(self) -> None:
        while True:
            with self._connecting:
                await self._connect_and_listen()
            await asyncio.sleep(RECONNECT_S)

    async def _connect_and_listen(self) -> None:
        connection = await psycopg.AsyncConnection.connect(
            self._url,
            autocommit=True,
            application_name="switchyard-notifications",
            connect_timeout=CONNECT_S,
        )
        try:
            await self._listen(connection)
        finally:
            for lost in self._when_lost:
                lost()
            await connection.close()

    async def _listen(self, connection: Connection) -> None:
        for channel in self._listeners:
            await _execute(connection, f"LISTEN {channel}")
        for channel in self._listeners:
            self._tell(channel, None)
        while True:
            async for notification in connection.notifies(timeout=ASK_EVERY_S):
                self._tell(notification.channel, notification.payload)
            await _execute(connection, "SELECT 1")

    def _tell(self, channel: str, payload: str | None) -> None:
        with self._telling:
            self._listeners[channel](payload)
            return
        if payload is not None:
            self._tell(channel, None)


async def _execute(connection: Connection, statement: str) -> None:
    """Raises TimeoutError when there is no answer in time, without a wait for the cancellation:
    a database that hangs does not answer that either.
    """
    execution = asyncio.ensure_future(connection.execute(statement.encode()))
    execution.add_done_callback(lambda done: done.cancelled() or done.exception())
    try:
        done, _ = await asyncio.wait([execution], timeout=ANSWER_S)
        if not done:
            raise TimeoutError
        execution.result()
    finally:
        execution.cancel()
