"""Conditions of every shape, and attributes that may pass them."""

from math import inf

from hypothesis import strategies as st

from server.experiments.condition import (
    AllOf,
    AnyOf,
    AttributeTest,
    Between,
    Condition,
    Not,
    OneOf,
    Prefix,
    Present,
)

names = st.sampled_from(["plan", "seats", ""])
numbers = st.floats(allow_nan=False, allow_infinity=False)
tests: st.SearchStrategy[AttributeTest] = st.one_of(
    st.builds(OneOf, names, st.lists(st.text()).map(tuple)),
    st.builds(Prefix, names, st.text()),
    st.builds(Between, names, numbers | st.just(-inf), numbers | st.just(inf)),
    st.builds(Present, names, st.booleans()),
)


def _extend(parts: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    several = st.lists(parts, max_size=3).map(tuple)
    return st.one_of(st.builds(AllOf, several), st.builds(AnyOf, several), st.builds(Not, parts))


conditions = st.recursive(tests, _extend, max_leaves=20)
attributes = st.dictionaries(names, st.text() | st.floats().map(str))
