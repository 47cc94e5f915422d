"""Rows for an event loop: from a file directly, from a pipe through a thread of its own."""

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import AsyncIterator, Iterator
from typing import Generic, TypeVar

Item = TypeVar("Item")

_BREATH_ROWS = 256
_AHEAD_ROWS = 256


async def file_rows(rows: Iterator[Item]) -> AsyncIterator[Item]:
    """The rows of a file, which is always ready; lets others run now and then."""
    for count, row in enumerate(rows):
        if count % _BREATH_ROWS == 0:
            await asyncio.sleep(0)
        yield row


async def piped_rows(rows: Iterator[Item]) -> AsyncIterator[Item]:
    """The rows of a source that may keep one waiting; at most 256 are read ahead."""
    reader = _Reader(rows, asyncio.get_running_loop())
    # A daemon: a read that never returns must not hold up the end of the program.
    threading.Thread(target=reader.run, daemon=True).start()
    async for row in reader:
        yield row


class _Reader(Generic[Item]):
    def __init__(self, rows: Iterator[Item], loop: asyncio.AbstractEventLoop) -> None:
        self._rows = rows
        self._loop = loop
        self._ready: deque[Item] = deque()
        self._room = threading.Semaphore(_AHEAD_ROWS)
        self._news = asyncio.Event()
        self._is_at_end = False
        self._error: Exception | None = None

    def run(self) -> None:
        """Read to the end; in the thread."""
        try:
            for row in self._rows:
                self._room.acquire()
                self._ready.append(row)
                self._tell()
        except Exception as error:  # raised again where the rows are taken
            self._error = error
        self._is_at_end = True
        self._tell()

    def _tell(self) -> None:
        if not self._news.is_set():
            with contextlib.suppress(RuntimeError):  # the loop has closed: nobody listens
                self._loop.call_soon_threadsafe(self._news.set)

    async def __aiter__(self) -> AsyncIterator[Item]:
        while True:
            self._news.clear()
            is_at_end = self._is_at_end
            while self._ready:
                yield self._ready.popleft()
                self._room.release()
            if is_at_end:
                break
            if not self._is_at_end and not self._ready:
                await self._news.wait()
        if self._error:
            raise self._error
