"""Puts on record when keys were last used: now and then, and never on a call's path."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from server.storage.rounds import Rounds

WRITE_EVERY_S = 60.0


class LastUse:
    """Writes what `take` gives, in one statement a minute, and once more when it stops."""

    def __init__(
        self,
        take: Callable[[], Mapping[str, float]],
        write: Callable[[Mapping[str, float]], Awaitable[None]],
        every_s: float = WRITE_EVERY_S,
    ) -> None:
        self._take = take
        self._write = write
        self._every_s = every_s
        self._rounds = Rounds("last-use")
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start to write."""
        self._task = asyncio.create_task(self._write_forever(), name="last-use")

    async def stop(self) -> None:
        """Write what is left, then end."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._write_taken()

    async def _write_forever(self) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            await self._write_taken()

    async def _write_taken(self) -> None:
        with self._rounds:  # what cannot be written is lost: the key's next use will be on record
            uses = self._take()
            if uses:
                await self._write(uses)
