"""A stream read in batches: by number or by time, and no further ahead than a batch."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from server.streams import ServerDraining, in_batches

LONG_S = 60.0


async def numbers(end: int, taken: list[int] | None = None) -> AsyncIterator[int]:
    for number in range(end):
        if taken is not None:
            taken.append(number)
        yield number


async def numbers_then_wait(end: int) -> AsyncIterator[int]:
    async for number in numbers(end):
        yield number
    await asyncio.Event().wait()


async def broken(end: int) -> AsyncIterator[int]:
    async for number in numbers(end):
        yield number
    raise ConnectionError


async def sizes(items: AsyncIterator[int], most: int, longest_s: float = LONG_S) -> list[int]:
    return [len(batch) async for batch in in_batches(items, most, longest_s, asyncio.Event())]


async def settle() -> None:
    """Let every task run until it waits."""
    for _ in range(100):
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("count", "expected"), [(0, []), (1, [1]), (9, [9]), (10, [10]), (25, [10, 10, 5])]
)
async def test_every_item_is_in_one_batch(count: int, expected: list[int]) -> None:
    assert await sizes(numbers(count), most=10) == expected


async def test_items_keep_their_order() -> None:
    batches = in_batches(numbers(25), 10, LONG_S, asyncio.Event())
    assert [item async for batch in batches for item in batch] == list(range(25))


async def test_who_sends_slowly_is_not_waited_for() -> None:
    batches = in_batches(numbers_then_wait(3), 10, 0.01, asyncio.Event())
    assert await anext(batches) == [0, 1, 2]
    await batches.aclose()


async def test_while_one_batch_is_worked_on_one_more_is_read() -> None:
    taken: list[int] = []
    batches = in_batches(numbers(100, taken), 10, LONG_S, asyncio.Event())
    await anext(batches)
    await settle()
    assert len(taken) <= 21
    await batches.aclose()


async def test_what_was_read_is_worked_on_before_a_drain_ends_it() -> None:
    draining = asyncio.Event()
    batches = in_batches(numbers_then_wait(3), 10, LONG_S, draining)
    first = asyncio.ensure_future(anext(batches))
    await settle()
    draining.set()
    assert await first == [0, 1, 2]
    with pytest.raises(ServerDraining):
        await anext(batches)


async def test_a_stream_that_breaks_is_told_after_what_came_of_it() -> None:
    batches = in_batches(broken(3), 10, LONG_S, asyncio.Event())
    assert await anext(batches) == [0, 1, 2]
    with pytest.raises(ConnectionError):
        await anext(batches)
