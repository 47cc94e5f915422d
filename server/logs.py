"""JSON lines on a stream, written beside the event loop, never in its way."""

import asyncio
import sys
import time
import traceback
from collections.abc import Mapping
from typing import BinaryIO

import orjson

FLUSH_S = 0.1
MOST_LINES = 20_000  # that wait for a stream that does not take them; more are dropped and counted


class JsonLog:
    """Writes one JSON object a line. Must be used from the event loop's thread."""

    def __init__(self, stream: BinaryIO = sys.stderr.buffer) -> None:
        self._stream = stream
        self._lines: list[dict[str, object]] = []
        self._dropped = 0
        self._flushing: asyncio.Task[None] | None = None

    def write(self, fields: Mapping[str, object]) -> None:
        """Write a line soon; `time` is put before it, in seconds since 1970."""
        if len(self._lines) >= MOST_LINES:
            self._dropped += 1
            return
        self._lines.append({"time": time.time(), **fields})
        if self._flushing is None:
            self._flushing = asyncio.get_running_loop().create_task(self._flush_soon())

    def unforeseen(self, method: str, error: Exception) -> None:
        """Write where an unforeseen exception came from: types and places, never messages,
        which may hold a ticket's text.
        """
        frames = traceback.extract_tb(error.__traceback__)[-8:]
        places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        causes = [type(cause).__name__ for cause in _causes(error)]
        self.write({"event": "error", "method": method, "causes": causes, "places": places})

    async def close(self) -> None:
        """Write what waits."""
        if self._flushing is not None:
            await self._flushing

    async def _flush_soon(self) -> None:
        while self._lines:
            await asyncio.sleep(FLUSH_S)
            lines, self._lines = self._lines, []
            if self._dropped:
                dropped, self._dropped = self._dropped, 0
                lines.append({"event": "lines_dropped", "count": dropped})
            await asyncio.to_thread(self._write_all, lines)
        self._flushing = None

    def _write_all(self, lines: list[dict[str, object]]) -> None:
        # All at once: code that was just run is several times as fast as in between calls.
        options = orjson.OPT_APPEND_NEWLINE
        self._stream.writelines(orjson.dumps(line, default=str, option=options) for line in lines)
        self._stream.flush()


def _causes(error: BaseException | None) -> list[BaseException]:
    causes: list[BaseException] = []
    while error is not None and len(causes) < 8:
        causes.append(error)
        error = error.__cause__ or error.__context__
    return causes
