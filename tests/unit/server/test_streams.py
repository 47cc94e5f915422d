"""Bounded work on a stream of items."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from server.streams import ServerDraining, answer_each

PATIENCE_S = 60.0


async def endless(taken: list[int]) -> AsyncIterator[int]:
    i = 0
    while True:
        taken.append(i)
        yield i
        i += 1
        await asyncio.sleep(0)


async def double(_position: int, item: int) -> int:
    return item * 2


async def take_all(answers: AsyncIterator[int], got: list[int]) -> None:
    async for answer in answers:
        got.append(answer)


async def settle() -> None:
    """Let every task run until it waits."""
    for _ in range(200):
        await asyncio.sleep(0)


async def test_a_reader_that_stops_stops_the_reading() -> None:
    taken: list[int] = []
    answers = answer_each(endless(taken), double, slots=8, draining=asyncio.Event())
    for _ in range(5):
        await anext(answers)
    await settle()
    assert len(taken) <= 5 + 8 + 1
    await answers.aclose()


async def test_no_more_than_the_slots_are_worked_on_at_once() -> None:
    working, most, gate = 0, 0, asyncio.Event()

    async def work(_position: int, item: int) -> int:
        nonlocal working, most
        working += 1
        most = max(most, working)
        await gate.wait()
        working -= 1
        return item

    answers = answer_each(endless([]), work, slots=8, draining=asyncio.Event())
    first = asyncio.ensure_future(anext(answers))
    await settle()
    assert most == 8
    gate.set()
    await first
    await answers.aclose()


async def test_draining_answers_what_was_read_and_then_says_so() -> None:
    draining, taken = asyncio.Event(), list[int]()
    answers = answer_each(endless(taken), double, slots=4, draining=draining)
    got = [await anext(answers)]
    draining.set()
    with pytest.raises(ServerDraining):
        await take_all(answers, got)
    assert len(got) in (len(taken), len(taken) - 1)  # an item read as the drain began is not begun


async def test_leaving_cancels_what_is_running() -> None:
    cancelled = asyncio.Event()

    async def work(_position: int, item: int) -> int:
        if item == 0:
            return 0
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return item

    answers = answer_each(endless([]), work, slots=4, draining=asyncio.Event())
    await anext(answers)
    await settle()
    await answers.aclose()
    await asyncio.wait_for(cancelled.wait(), PATIENCE_S)


async def test_an_error_of_the_items_is_the_error_of_the_answers() -> None:
    async def items() -> AsyncIterator[int]:
        yield 1
        raise RuntimeError("the stream broke")

    answers = answer_each(items(), double, slots=4, draining=asyncio.Event())
    with pytest.raises(RuntimeError, match="broke"):
        assert [a async for a in answers] == [2]
