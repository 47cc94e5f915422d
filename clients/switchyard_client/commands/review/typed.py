"""Lines that a person types, or that a pipe holds."""

import asyncio
import io
from collections.abc import AsyncIterator, Iterator


def typed_lines() -> Iterator[str]:
    """The lines of standard input."""
    # Not sys.stdin: a thread that waits in it would hold up the end of the program.
    with io.FileIO(0, closefd=False) as file, io.BufferedReader(file) as stream:
        for line in stream:
            yield line.decode(errors="replace").strip()


class Typed:
    """Gives one line after the other; None once there are no more."""

    def __init__(self, lines: AsyncIterator[str]) -> None:
        self._lines = lines
        self._coming: asyncio.Future[str | None] | None = None

    def coming(self) -> "asyncio.Future[str | None]":
        """The next line, to be waited for beside other things; the same one until it is taken."""
        if self._coming is None:
            self._coming = asyncio.ensure_future(anext(self._lines, None))
        return self._coming

    async def take(self) -> str | None:
        """The next line."""
        line = await self.coming()
        self._coming = None
        return line

    def close(self) -> None:
        """Wait for no more."""
        if self._coming is not None:
            self._coming.cancel()
