"""Identical works in progress: the first caller does the work, the others wait for it.

The first caller works in its own task, so that a work nobody else waits for costs no other. When
it leaves before the end, the work is done once more in a task that belongs to all who wait.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any, Generic, TypeVar

from interceptors.errors import DeadlineExceeded

T = TypeVar("T")

# Ends of a work that say something about the first caller alone.
OF_THE_FIRST_CALLER = (asyncio.CancelledError, GeneratorExit, DeadlineExceeded)


class Flight(Generic[T]):
    """One work in progress, and how it ended."""

    __slots__ = ("error", "key", "task", "value", "waiting")

    def __init__(self, key: bytes) -> None:
        self.key = key
        self.task: asyncio.Task[T] | None = None  # of its own, once the first caller has left
        self.waiting: dict[asyncio.Future[None], Callable[[], Coroutine[Any, Any, T]]] = {}
        self.error: BaseException | None = None
        self.value: T


class Flights(Generic[T]):
    """Works in progress by key: never more than there are callers."""

    def __init__(self) -> None:
        self._flights: dict[bytes, Flight[T]] = {}
        self._tasks: set[asyncio.Task[T]] = set()

    def get(self, key: bytes) -> Flight[T] | None:
        """The work in progress for `key`."""
        return self._flights.get(key)

    async def lead(self, key: bytes, work: Awaitable[T]) -> T:
        """Do a work for all who join before it ends. Raises what it raises."""
        flight: Flight[T] = Flight(key)  # a subscript here would cost a microsecond
        self._flights[key] = flight
        try:
            flight.value = await work
        except OF_THE_FIRST_CALLER:
            self._hand_over(flight)
            raise
        except Exception as error:
            flight.error = error
            self._land(flight)
            raise
        if flight.waiting:
            self._land(flight)
        else:
            del self._flights[key]
        return flight.value

    async def join(self, flight: Flight[T], work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Wait for a work in progress. `work` does the same, should the first caller leave."""
        landed = asyncio.get_running_loop().create_future()
        flight.waiting[landed] = work
        try:
            await landed
        finally:
            del flight.waiting[landed]
            if flight.task is not None and not flight.waiting:
                self._forget(flight)  # first: who comes now must not wait for a cancelled work
                flight.task.cancel()
        if flight.error is not None:
            raise flight.error
        return flight.value

    async def close(self) -> None:
        """Cancel the works that have a task of their own."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _hand_over(self, flight: Flight[T]) -> None:
        if not flight.waiting:
            self._forget(flight)
            return
        work = next(iter(flight.waiting.values()))
        flight.task = asyncio.create_task(work())
        self._tasks.add(flight.task)
        # Not in the task itself: one that is cancelled before its first step never runs.
        flight.task.add_done_callback(partial(self._end, flight))

    def _end(self, flight: Flight[T], task: asyncio.Task[T]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            flight.error = asyncio.CancelledError()
        elif (error := task.exception()) is not None:
            flight.error = error
        else:
            flight.value = task.result()
        self._land(flight)

    def _land(self, flight: Flight[T]) -> None:
        self._forget(flight)
        for landed in flight.waiting:
            if not landed.done():
                landed.set_result(None)

    def _forget(self, flight: Flight[T]) -> None:
        if self._flights.get(flight.key) is flight:
            del self._flights[flight.key]
