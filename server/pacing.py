"""Work that is asked for more often than it is worth doing."""

import asyncio
from collections.abc import Awaitable, Callable

from server.storage.rounds import Rounds


class Paced:
    """Does some work for whoever it is asked for: at once, then at most every so many seconds,
    however often it is asked for. What fails is tried again.
    """

    def __init__(
        self,
        work: Callable[[str], Awaitable[None]],
        every_s: float,
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._work = work
        self._every_s = every_s
        self._sleep = sleep
        self._rounds = Rounds("pacing")
        self._asked: set[str] = set()  # for whom there is work to do
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def soon(self, whose: str) -> None:
        """Have the work done for somebody, from the beginning, after this."""
        self._asked.add(whose)
        if whose not in self._tasks:
            self._tasks[whose] = asyncio.create_task(self._work_for(whose))

    async def stop(self) -> None:
        """Do nothing more."""
        tasks = tuple(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _work_for(self, whose: str) -> None:
        try:
            while whose in self._asked:
                with self._rounds:
                    await self._work_once(whose)
                await self._sleep(self._every_s)
        finally:
            del self._tasks[whose]

    async def _work_once(self, whose: str) -> None:
        self._asked.discard(whose)
        try:
            await self._work(whose)
        except Exception:
            self._asked.add(whose)
            raise
