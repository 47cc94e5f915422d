"""Streams of items: a bounded number is worked on at once, each by itself or many together."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class ServerDraining(Exception):
    """The server stops; what it did not read, another one must."""


async def answer_each(
    items: AsyncIterator[Item],
    answer: Callable[[int, Item], Awaitable[Result]],
    slots: int,
    draining: asyncio.Event,
) -> AsyncGenerator[Result, None]:
    """The answers, as they come. `answer` gets an item's position and must not raise.

    An item holds its slot until its answer has been taken: who reads slowly is
    read from slowly. Raises ServerDraining, after the answers to what was read,
    when the server stops before the items end.
    """
    free = asyncio.Semaphore(slots)
    done: asyncio.Queue[Result | None] = asyncio.Queue()  # bounded by the slots
    running: set[asyncio.Task[None]] = set()

    async def work(position: int, item: Item) -> None:
        done.put_nowait(await answer(position, item))

    async def read() -> None:
        position = 0
        async for item in items:
            await free.acquire()
            task = asyncio.create_task(work(position, item))
            running.add(task)
            task.add_done_callback(running.discard)
            position += 1

    async def read_until_drained() -> None:
        try:
            if not await _finishes_first(read(), draining.wait()):
                raise ServerDraining
        finally:
            while running:
                await asyncio.wait(running)
            done.put_nowait(None)

    reader = asyncio.create_task(read_until_drained())
    try:
        while (result := await done.get()) is not None:
            yield result
            free.release()
        await reader
    finally:
        reader.cancel()
        for task in running:
            task.cancel()


async def in_batches(
    items: AsyncIterator[Item], most: int, longest_s: float, draining: asyncio.Event
) -> AsyncGenerator[list[Item], None]:
    """The items in order: so many at a time, or as many as have come so long after the first.

    While one batch is worked on, at most as many items are read ahead. Raises ServerDraining, after
    what was read, when the server stops before the items end.
    """
    free = asyncio.Semaphore(most)
    waiting: asyncio.Queue[Item | None] = asyncio.Queue()  # bounded by `free`

    async def read() -> None:
        async for item in items:
            await free.acquire()
            waiting.put_nowait(item)

    async def read_until_drained() -> None:
        try:
            if not await _finishes_first(read(), draining.wait()):
                raise ServerDraining
        finally:
            waiting.put_nowait(None)

    reader = asyncio.create_task(read_until_drained())
    try:
        while batch := await _next_batch(waiting, most, longest_s):
            for _ in batch:
                free.release()
            yield batch
        await reader
    finally:
        reader.cancel()


async def _next_batch(
    waiting: asyncio.Queue[Item | None], most: int, longest_s: float
) -> list[Item]:
    """What has come; nothing where it has ended."""
    item = await waiting.get()
    batch: list[Item] = []
    with suppress(TimeoutError):
        async with asyncio.timeout(longest_s):
            while item is not None:
                batch.append(item)
                if len(batch) == most:
                    return batch
                item = await waiting.get()
    if item is None and batch:
        waiting.put_nowait(None)  # the end is for the next time
    return batch


async def _finishes_first(work: Awaitable[None], other: Awaitable[object]) -> bool:
    """Whether `work` ends before `other`; the slower one is cancelled."""
    tasks = [asyncio.ensure_future(work), asyncio.ensure_future(other)]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if tasks[0].done():
            tasks[0].result()
        return tasks[0].done()
    finally:
        for task in tasks:
            task.cancel()
