"""The log: whole JSON lines, bounded, and no text of anybody."""

import errno
import io
import json
import threading
from typing import Any

import pytest

from server.logs import MOST_LINES, JsonLog, origin_of


class StuckStream(io.BytesIO):
    """A stream that takes nothing until it is released, as a full pipe does."""

    def __init__(self) -> None:
        super().__init__()
        self.released = threading.Event()

    def write(self, data: Any) -> int:
        self.released.wait(30)
        return super().write(data)


class SmallDisk(io.BytesIO):
    """A stream that takes so many bytes, and refuses all others until it has room again."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room

    def write(self, data: Any) -> int:
        if not self.room:
            raise OSError(errno.ENOSPC, "no space left on device")
        taken = super().write(data[: self.room])
        self.room -= taken
        return taken


def lines(stream: io.BytesIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


async def test_lines_come_whole_and_in_order() -> None:
    stream = io.BytesIO()
    log = JsonLog(stream)
    for i in range(100):
        log.write({"event": "x", "n": i})
    await log.close()
    assert [line["n"] for line in lines(stream)] == list(range(100))
    assert all(line["time"] > 0 for line in lines(stream))


async def test_a_stream_that_is_stuck_costs_no_unbounded_memory_and_says_what_was_lost() -> None:
    stream = StuckStream()
    log = JsonLog(stream)
    for i in range(MOST_LINES + 10):
        log.write({"n": i})
    stream.released.set()
    await log.close()
    got = lines(stream)
    assert len(got) == MOST_LINES + 1
    assert got[-1] == {"event": "lines_dropped", "count": 10}


async def test_an_exception_is_named_without_its_message() -> None:
    stream = io.BytesIO()
    log = JsonLog(stream)
    try:
        fail()
    except RuntimeError as error:
        log.write(origin_of(error))
    await log.close()
    (line,) = lines(stream)
    assert line["causes"] == ["RuntimeError", "ValueError"]
    assert any("test_logs.py" in place for place in line["places"])
    assert "secret" not in stream.getvalue().decode()


def fail() -> None:
    try:
        int("secret")
    except ValueError as error:
        raise RuntimeError("secret") from error


@pytest.mark.parametrize("room", [0, 1, 5, 60])
async def test_a_disk_that_was_full_gets_whole_lines_again_and_how_many_it_refused(
    room: int,
) -> None:
    disk = SmallDisk(room)
    log = JsonLog(disk)
    for number in range(4):
        log.write({"n": number})
    await log.close()
    disk.room = 1000
    log.write({"n": 4})
    await log.close()
    *written, dropped = lines(disk)
    numbers = [line["n"] for line in written]
    assert numbers == [*range(4 - dropped["count"]), 4]
    assert dropped["event"] == "lines_dropped"
