"""Listens to NOTIFY: what one process changes, the others hear of."""

import asyncio
from collections.abc import Callable, Mapping

import psycopg

RECONNECT_S = 1.0

Listener = Callable[[str | None], None]


class Notifications:
    """Calls each channel's listener with the payload, and with None after every (re)connect.

    None means: anything may have changed while nobody listened.
    """

    def __init__(self, url: str, listeners: Mapping[str, Listener]) -> None:
        self._url = url
        self._listeners = dict(listeners)
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
            try:
                await self._listen()
            except psycopg.Error:
                await asyncio.sleep(RECONNECT_S)

    async def _listen(self) -> None:
        async with await psycopg.AsyncConnection.connect(
            self._url, autocommit=True, application_name="switchyard-notifications"
        ) as connection:
            for channel in self._listeners:
                await connection.execute(f"LISTEN {channel}".encode())
            for listener in self._listeners.values():
                listener(None)
            async for notification in connection.notifies():
                self._listeners[notification.channel](notification.payload)
