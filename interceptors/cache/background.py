"""Works that nobody waits for: bounded in number, one for each key, ended with the process."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


class Background:
    """At most `most_at_once` tasks. Their works handle their own errors."""

    def __init__(self, most_at_once: int) -> None:
        self._most_at_once = most_at_once
        self._tasks: dict[bytes, asyncio.Task[None]] = {}

    def start(self, key: bytes, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Begin a work, unless one for `key` is running or too many are."""
        if key in self._tasks or len(self._tasks) >= self._most_at_once:
            return
        task = self._tasks[key] = asyncio.create_task(work())
        task.add_done_callback(lambda _task: self._tasks.pop(key))

    async def close(self) -> None:
        """Cancel them all and wait until they have ended."""
        tasks = tuple(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
