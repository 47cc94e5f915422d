"""Watches the file of the signing keys: a token that is remembered is not looked up there."""

import asyncio
from collections.abc import Awaitable, Callable

from server.storage.rounds import Rounds

LOOK_EVERY_S = 1.0


class KeyWatch:
    """Has the keys follow their file, again and again."""

    def __init__(
        self, follow: Callable[[], Awaitable[None]], every_s: float = LOOK_EVERY_S
    ) -> None:
        self._follow = follow
        self._every_s = every_s
        self._rounds = Rounds("key-watch")
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start to watch."""
        self._task = asyncio.create_task(self._watch_forever(), name="key-watch")

    async def stop(self) -> None:
        """Watch no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _watch_forever(self) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            with self._rounds:
                await self._follow()
