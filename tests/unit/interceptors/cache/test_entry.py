"""An entry survives its way through Redis, as long as its tags do."""

from hypothesis import given
from hypothesis import strategies as st

from interceptors.cache.entry import Entry, pack, unpack

times = st.floats(allow_nan=False, allow_infinity=False)
own_tags = st.lists(st.sampled_from(["run:1", "é", "y"]), unique=True).map(tuple)
VERSIONS = [b"version1", b"version2"]
TAGS = ("x", "y")


@given(st.binary(), times, times, own_tags)
def test_an_entry_comes_back_as_it_was(
    value: bytes, stored_at_s: float, made_in_s: float, answer_tags: tuple[str, ...]
) -> None:
    entry = Entry(value, stored_at_s, made_in_s, TAGS, answer_tags)
    assert unpack(pack(entry, VERSIONS), TAGS, VERSIONS) == entry


def test_an_entry_of_other_versions_is_none() -> None:
    data = pack(Entry(b"v", 0.0, 0.0, TAGS), VERSIONS)
    assert unpack(data, TAGS, [b"version1", b"version3"]) is None


@given(st.binary(max_size=40))
def test_foreign_bytes_are_no_entry(data: bytes) -> None:
    assert unpack(data, TAGS, [b"\0unlikely", b"\1to be hit"]) is None
