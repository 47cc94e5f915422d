"""Rows for an event loop."""

import asyncio
import threading
from collections.abc import Iterator

import pytest
from switchyard_client import Ticket
from switchyard_client.commands.rows import file_rows, piped_rows
from switchyard_client.records import UnreadableInput
from switchyard_client.tickets import BadRow, Row

PATIENCE_S = 60.0
ROWS: list[Row | BadRow] = [Row(n, Ticket(id=str(n), body="text")) for n in range(1, 1_001)]


async def test_all_rows_of_a_file_come_in_order() -> None:
    assert [row async for row in file_rows(iter(ROWS))] == ROWS


async def test_all_rows_of_a_pipe_come_in_order() -> None:
    assert [row async for row in piped_rows(iter(ROWS))] == ROWS


async def test_a_pipe_that_is_silent_does_not_hold_up_the_loop() -> None:
    release = threading.Event()

    def slow() -> Iterator[Row | BadRow]:
        yield ROWS[0]
        release.wait(PATIENCE_S)
        yield ROWS[1]

    rows = piped_rows(slow())
    assert await anext(rows) == ROWS[0]
    second = asyncio.ensure_future(anext(rows))
    await asyncio.sleep(0)
    assert not second.done()
    release.set()
    assert await second == ROWS[1]


async def test_a_pipe_is_read_ahead_only_so_far() -> None:
    taken = 0

    def endless() -> Iterator[Row | BadRow]:
        nonlocal taken
        for taken in range(1, 100_000):  # noqa: B007  # counted for the test
            yield ROWS[0]

    rows = piped_rows(endless())
    for _ in range(10):
        await anext(rows)
    assert taken < 1_000


async def test_what_the_reading_raises_comes_after_the_rows() -> None:
    def broken() -> Iterator[Row | BadRow]:
        yield ROWS[0]
        raise UnreadableInput("no more")

    rows = piped_rows(broken())
    assert await anext(rows) == ROWS[0]
    with pytest.raises(UnreadableInput, match="no more"):
        await anext(rows)
