"""A kept answer, and its form in Redis: two numbers, the versions of its tags, the answer."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

_HEADER = struct.Struct("!dd")


@dataclass(slots=True)  # not frozen: that would double the time that making one takes
class Entry:
    """An answer, when it was made and how long that took."""

    value: bytes
    stored_at_s: float  # Unix time
    made_in_s: float
    tags: tuple[str, ...]


def pack(entry: Entry, versions: Sequence[bytes]) -> bytes:
    """The stored form, good as long as the tags have these versions."""
    header = _HEADER.pack(entry.stored_at_s, entry.made_in_s)
    return b"".join((header, *versions, entry.value))


def unpack(data: bytes, tags: tuple[str, ...], versions: Sequence[bytes]) -> Entry | None:
    """The entry, or None where a tag has another version now than when it was stored."""
    stamp = b"".join(versions)
    if not data.startswith(stamp, _HEADER.size):
        return None
    stored_at_s, made_in_s = _HEADER.unpack_from(data)
    return Entry(data[_HEADER.size + len(stamp) :], stored_at_s, made_in_s, tags)
