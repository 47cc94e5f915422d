"""A kept answer. In Redis: its times, the versions of its question's tags, its own tags, itself."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

_HEADER = struct.Struct("!ddI")


@dataclass(slots=True)  # not frozen: that would double the time that making one takes
class Entry:
    """An answer, when it was made and how long that took."""

    value: bytes
    stored_at_s: float  # Unix time
    made_in_s: float
    tags: tuple[str, ...]  # of the question
    answer_tags: tuple[str, ...] = ()  # of the answer alone, each once, without newlines


def pack(entry: Entry, versions: Sequence[bytes]) -> bytes:
    """The stored form, good as long as the tags of the question have these versions."""
    own = "\n".join(entry.answer_tags).encode()
    header = _HEADER.pack(entry.stored_at_s, entry.made_in_s, len(own))
    return b"".join((header, *versions, own, entry.value))


def unpack(data: bytes, tags: tuple[str, ...], versions: Sequence[bytes]) -> Entry | None:
    """The entry, or None where a tag has another version now than when it was stored."""
    stamp = b"".join(versions)
    if not data.startswith(stamp, _HEADER.size):
        return None
    stored_at_s, made_in_s, own_bytes = _HEADER.unpack_from(data)
    own_at = _HEADER.size + len(stamp)
    value_at = own_at + own_bytes
    own = tuple(data[own_at:value_at].decode().split("\n")) if own_bytes else ()
    return Entry(data[value_at:], stored_at_s, made_in_s, tags, own)
