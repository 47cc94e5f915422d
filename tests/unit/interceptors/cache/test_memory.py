"""The memory keeps its bounds whatever is put into it, and forgets by tag."""

from hypothesis import given
from hypothesis import strategies as st

from interceptors.cache.entry import Entry
from interceptors.cache.memory import Memory

keys = st.binary(min_size=1, max_size=3)
tags = st.lists(st.sampled_from(["x", "y", "z"]), unique=True).map(tuple)
entries = st.builds(Entry, st.binary(max_size=20), st.just(0.0), st.just(0.0), tags, tags)
puts = st.lists(st.tuples(keys, entries), max_size=60)


def entry(value: bytes = b"", *tags: str) -> Entry:
    return Entry(value, 0.0, 0.0, tags)


@given(puts, st.integers(0, 8), st.integers(0, 60))
def test_neither_bound_is_ever_exceeded(
    puts: list[tuple[bytes, Entry]], most_entries: int, most_bytes: int
) -> None:
    memory = Memory(most_entries, most_bytes)
    for key, put in puts:
        memory.put(key, put)
        assert len(memory) <= most_entries
        assert memory.bytes_kept <= most_bytes


@given(puts, st.sampled_from(["x", "y", "z"]))
def test_dropping_a_tag_drops_its_entries_and_no_others(
    puts: list[tuple[bytes, Entry]], tag: str
) -> None:
    memory, last = Memory(), dict(puts)
    for key, put in puts:
        memory.put(key, put)
    dropped = memory.drop_tagged(tag)
    left = {key for key in last if memory.get(key) is not None}
    assert left == {key for key, put in last.items() if tag not in put.tags + put.answer_tags}
    assert dropped == last.keys() - left


@given(puts)
def test_an_empty_memory_counts_no_bytes(puts: list[tuple[bytes, Entry]]) -> None:
    memory = Memory(most_entries=10)
    for key, put in puts:
        memory.put(key, put)
    for key, _ in puts:
        memory.drop(key)
    assert (len(memory), memory.bytes_kept) == (0, 0)


def test_keys_and_the_tags_of_answers_count_as_bytes() -> None:
    memory = Memory()
    memory.put(b"key", Entry(b"value", 0.0, 0.0, ("tags", "of", "many"), ("own",)))
    assert memory.bytes_kept == len(b"key" + b"value" + b"own")


def test_what_was_used_least_recently_leaves_first() -> None:
    memory = Memory(most_entries=2)
    memory.put(b"a", entry())
    memory.put(b"b", entry())
    memory.get(b"a")
    memory.put(b"c", entry())
    assert memory.get(b"b") is None
    assert memory.get(b"a") is not None


def test_an_entry_beyond_the_bounds_is_not_kept() -> None:
    memory = Memory(most_bytes=10)
    memory.put(b"a", entry(b"x" * 10))
    assert memory.get(b"a") is None
