"""Server-sent events, however their bytes are cut."""

import time

import pytest

from server.engines.llm.dialect import MOST_ANSWER_BYTES
from server.engines.llm.sse import EventReader

STREAM = (
    b": a comment\r\n\r\n"
    b'event: message\r\ndata: {"text":"gr\xc3\xbc\xc3\x9f"}\r\n\r\n'
    b"data:first\ndata: second\n\n"
    b"id: 7\nretry: 10\n\n"
    b"data: [DONE]\n\ndata: after the end\n\n"
)
EVENTS = [b'{"text":"gr\xc3\xbc\xc3\x9f"}', b"first\nsecond"]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("end", [None, b"\n", b"\r\n", b"\r"])
def test_events_are_the_same_however_they_are_cut(size: int, end: bytes | None) -> None:
    reader = EventReader()
    stream = STREAM if end is None else STREAM.replace(b"\r\n", b"\n").replace(b"\n", end)
    found: list[bytes] = []
    for start in range(0, len(stream), size):
        if not reader.is_done:
            found += reader.feed(stream[start : start + size])
    assert found == EVENTS
    assert reader.is_done


def test_the_last_event_ends_the_stream() -> None:
    reader = EventReader()
    list(reader.feed(STREAM))
    assert reader.is_done


def test_an_event_that_breaks_off_is_none() -> None:
    reader = EventReader()
    assert [*reader.feed(b"data: whole\n\ndata: half\n")] == [b"whole"]
    assert not reader.is_done


def test_a_long_line_is_read_once_however_it_is_cut() -> None:
    reader, said = EventReader(), b"a" * MOST_ANSWER_BYTES
    stream = b"data:" + said + b"\n\n"
    start = time.process_time()
    found = [data for at in range(0, len(stream), 16) for data in reader.feed(stream[at : at + 16])]
    assert time.process_time() - start < 2  # a tenth of that; when all is read anew, half a minute
    assert found == [said]
