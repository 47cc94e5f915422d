"""Uses are written now and then, and once more at the end; a database that is away is survived."""

import asyncio
from collections.abc import Mapping

import pytest

from server.access.last_use import LastUse
from server.storage.errors import StorageUnavailable


class Record:
    """Uses as they were written; the first writing fails."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure or StorageUnavailable("gone")
        self.taken = 0
        self.written: asyncio.Queue[Mapping[str, float]] = asyncio.Queue()

    def take(self) -> Mapping[str, float]:
        self.taken += 1
        return {"a": float(self.taken)}

    async def write(self, uses: Mapping[str, float]) -> None:
        if self.taken == 1:
            raise self.failure
        self.written.put_nowait(uses)


@pytest.mark.parametrize("failure", [StorageUnavailable("gone"), ValueError()], ids=repr)
async def test_uses_are_written_again_and_again_also_after_a_failure(failure: Exception) -> None:
    record = Record(failure)
    last_use = LastUse(record.take, record.write, every_s=0)
    last_use.start()
    written = [await asyncio.wait_for(record.written.get(), 10) for _ in range(2)]
    await last_use.stop()
    assert written == [{"a": 2.0}, {"a": 3.0}]


async def test_what_is_left_is_written_at_the_end() -> None:
    record = Record()
    record.taken = 1
    last_use = LastUse(record.take, record.write)
    last_use.start()
    await last_use.stop()
    assert record.written.get_nowait() == {"a": 2.0}


async def test_nothing_is_written_where_nothing_was_used() -> None:
    record = Record()
    await LastUse(dict, record.write).stop()
    assert record.written.empty()
