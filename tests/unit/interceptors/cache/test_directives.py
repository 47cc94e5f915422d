"""Callers speak to the cache as they do to HTTP's."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interceptors.cache.directives import NO_DIRECTIVES, Directives, read_directives


@pytest.mark.parametrize(
    ("value", "directives"),
    [
        ("no-cache", Directives(no_cache=True)),
        ("No-Store", Directives(no_store=True)),
        ("max-age=5", Directives(most_age_s=5.0)),
        ("max-age=0", Directives(most_age_s=0.0)),
        ("max-age=9, max-age=3", Directives(most_age_s=3.0)),
        (" no-cache ,max-age=7", Directives(no_cache=True, most_age_s=7.0)),
    ],
)
def test_known_directives_are_read(value: str, directives: Directives) -> None:
    assert read_directives(value) == directives


@pytest.mark.parametrize(
    "value", ["", ",", "max-age", "max-age=", "max-age=-1", "max-age=x", "private=5", b"no-store"]
)
def test_unknown_and_malformed_directives_are_ignored(value: str | bytes) -> None:
    assert read_directives(value) == NO_DIRECTIVES


@given(st.text())
def test_no_text_is_an_error(value: str) -> None:
    assert 0 <= read_directives(value).most_age_s <= math.inf
