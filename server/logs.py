"""JSON lines on a stream, written beside the event loop, never in its way."""

import asyncio
import time
import traceback
from collections.abc import Mapping
from typing import Protocol

import orjson

from interceptors.call import Call

FLUSH_S = 0.1
NEWLINE = 0x0A
MOST_LINES = 20_000  # that wait for a stream that does not take them; more are dropped and counted


class Stream(Protocol):
    """What lines are written to. Without a buffer, none is left with what a full disk refused."""

    def write(self, data: memoryview, /) -> int | None:
        """How many of the bytes were taken; None: none of them, now."""

    def flush(self) -> None:
        """Hand on what was taken."""


class JsonLog:
    """Writes one JSON object a line. Must be used from the event loop's thread.

    Lines that the stream refuses are dropped; how many, it is told when it takes lines again.
    """

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._cut = b""  # the rest of a line that was begun
        self._lines: list[dict[str, object]] = []
        self._dropped = 0
        self._flushing: asyncio.Task[None] | None = None

    def write(self, fields: Mapping[str, object]) -> None:
        """Write a line soon. `time`, in seconds since 1970, is now unless the line has its own."""
        if len(self._lines) >= MOST_LINES:
            self._dropped += 1
            return
        self._lines.append({"time": time.time(), **fields})
        if self._flushing is None:
            self._flushing = asyncio.get_running_loop().create_task(self._flush_soon())

    def unforeseen(self, call: Call, error: Exception) -> None:
        """Write which call met an exception that nobody foresaw, and where it came from."""
        whose = {"call_id": call.id, "method": call.method, "tenant": call.caller.tenant}
        self.write({"event": "error", **whose, **origin_of(error)})

    async def close(self) -> None:
        """Write what waits."""
        if self._flushing is not None:
            await self._flushing

    async def _flush_soon(self) -> None:
        while self._lines:
            await asyncio.sleep(FLUSH_S)
            lines, self._lines = self._lines, []
            dropped, self._dropped = self._dropped, 0
            if dropped:
                lines.append({"event": "lines_dropped", "count": dropped})
            lost = len(lines) - await asyncio.to_thread(self._write_all, lines)
            if lost:  # among them the last one, which stood for all that were dropped before
                self._dropped += lost + max(dropped - 1, 0)
        self._flushing = None

    def _write_all(self, lines: list[dict[str, object]]) -> int:
        """How many lines were written. One that was cut counts: its rest goes first, later."""
        # All at once: code that was just run is several times as fast as in between calls.
        options = orjson.OPT_APPEND_NEWLINE
        before = self._cut
        whole = before + b"".join(
            [orjson.dumps(line, default=str, option=options) for line in lines]
        )
        written = self._write_bytes(whole)
        is_cut = whole[written - 1] != NEWLINE if written else bool(before)
        end = whole.index(b"\n", written) + 1 if is_cut else written
        self._cut = whole[written:end]
        return whole.count(b"\n", 0, end) - (1 if before else 0)

    def _write_bytes(self, data: bytes) -> int:
        """How many of the bytes the stream took."""
        written, rest = 0, memoryview(data)
        try:
            while written < len(data) and (taken := self._stream.write(rest[written:])):
                written += taken
            self._stream.flush()
        except OSError:
            pass  # such as a disk that is full for a moment
        return written


def origin_of(error: BaseException) -> dict[str, object]:
    """Where an exception came from: types and places, never messages, which may hold a ticket's
    text.
    """
    frames = traceback.extract_tb(error.__traceback__)[-8:]
    places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    return {"causes": [type(cause).__name__ for cause in _causes(error)], "places": places}


def _causes(error: BaseException | None) -> list[BaseException]:
    causes: list[BaseException] = []
    while error is not None and len(causes) < 8:
        causes.append(error)
        error = error.__cause__ or error.__context__
    return causes
