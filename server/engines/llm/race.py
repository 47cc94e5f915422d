"""A second call when the first takes long: whichever answers first is taken."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def race(
    first: Coroutine[Any, Any, T],
    after_s: float,
    second: Callable[[], Coroutine[Any, Any, T] | None],
) -> T:
    """The first answer of two calls, the second one begun after `after_s`; the other is cancelled.

    `second` gives None where there is to be none. Raises what `first` raises when both fail.
    """
    tasks = [asyncio.create_task(first)]
    try:
        done, _ = await asyncio.wait(tasks, timeout=after_s)
        other = None if done else second()
        if other is None:
            return await tasks[0]
        tasks.append(asyncio.create_task(other))
        return await _first_success(tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _first_success(tasks: list[asyncio.Task[T]]) -> T:
    running: set[asyncio.Task[T]] = set(tasks)
    while running:
        done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            if task in done and not task.cancelled() and task.exception() is None:
                return task.result()
    return tasks[0].result()
