"""Different questions have different keys, however their parts are cut."""

from hypothesis import given
from hypothesis import strategies as st

from interceptors.cache.key import key_of, prefix_of

names = st.tuples(*[st.text(max_size=4)] * 3)
questions = st.tuples(names, st.binary(max_size=8))


@given(questions, questions)
def test_keys_are_equal_only_where_every_part_is(
    one: tuple[tuple[str, ...], bytes], other: tuple[tuple[str, ...], bytes]
) -> None:
    keys = [key_of(prefix_of(*names), request) for names, request in (one, other)]
    assert (keys[0] == keys[1]) == (one == other)


def test_a_name_does_not_run_into_the_next() -> None:
    assert prefix_of("ab", "c") != prefix_of("a", "bc")


def test_a_request_cannot_pass_for_a_name() -> None:
    assert key_of(prefix_of("a", "b"), b"1:c") != key_of(prefix_of("a", "b1:c"), b"")
