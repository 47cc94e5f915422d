"""Entries in the memory of this process; those used least recently leave first."""

from collections import OrderedDict
from typing import TypeVar

from interceptors.cache.entry import Entry

T = TypeVar("T")

MOST_CACHED = 10_000
MOST_CACHED_BYTES = 64 * 1024 * 1024


class Memory:
    """At most so many entries and so many bytes of keys, answers and their own tags."""

    def __init__(
        self, most_entries: int = MOST_CACHED, most_bytes: int = MOST_CACHED_BYTES
    ) -> None:
        self._most_entries = most_entries
        self._most_bytes = most_bytes
        self._entries: OrderedDict[bytes, Entry] = OrderedDict()  # used last: at the end
        # All tags of an entry -> keys of the entries that carry just these: one step an entry.
        self._keys: dict[tuple[str, ...], set[bytes]] = {}
        self._keys_of_answers: dict[str, set[bytes]] = {}  # by each tag of an answer
        self.bytes_kept = 0

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: bytes) -> Entry | None:
        """The entry, however old, which then counts as used."""
        entry = self._entries.get(key)
        if entry is not None:
            self._entries.move_to_end(key)
        return entry

    def put(self, key: bytes, entry: Entry) -> None:
        """Keep an entry in place of any other of its key; one beyond the bounds is not kept."""
        if key in self._entries:
            self.drop(key)
        self._entries[key] = entry
        self.bytes_kept += _size(key, entry)
        keys = self._keys.get(entry.tags)
        if keys is None:
            keys = self._keys[entry.tags] = set()
        keys.add(key)
        for tag in entry.answer_tags:
            self._keys_of_answers.setdefault(tag, set()).add(key)
        while len(self._entries) > self._most_entries or self.bytes_kept > self._most_bytes:
            self.drop(next(iter(self._entries)))

    def drop(self, key: bytes) -> None:
        """Forget an entry, if it is there."""
        entry = self._entries.pop(key, None)
        if entry is None:
            return
        self.bytes_kept -= _size(key, entry)
        _remove(self._keys, entry.tags, key)
        for tag in entry.answer_tags:
            _remove(self._keys_of_answers, tag, key)

    def drop_tagged(self, tag: str) -> set[bytes]:
        """Forget every entry that carries `tag`; the keys of those there were."""
        dropped = set(self._keys_of_answers.get(tag, ()))
        dropped.update(*(keys for tags, keys in self._keys.items() if tag in tags))
        for key in dropped:
            self.drop(key)
        return dropped


def _size(key: bytes, entry: Entry) -> int:
    return len(key) + len(entry.value) + sum(map(len, entry.answer_tags))


def _remove(keys_of: dict[T, set[bytes]], name: T, key: bytes) -> None:
    keys = keys_of[name]
    keys.remove(key)
    if not keys:
        del keys_of[name]
