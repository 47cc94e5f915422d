"""Entries are refreshed early by chance: likelier near the end, and for long works."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interceptors.cache.refresh import is_due_early

chances = st.floats(0.0, 1.0, exclude_max=True)
ages = st.floats(0.0, 59.0)


@given(chances)
def test_an_entry_past_its_time_is_always_due(chance: float) -> None:
    assert is_due_early(60.0, 60.0, 0.1, chance)


@given(ages, chances)
def test_a_work_of_no_time_is_never_done_early(age_s: float, chance: float) -> None:
    assert not is_due_early(age_s, 60.0, 0.0, chance)


@given(ages, st.floats(0.0, 10.0), chances)
def test_what_is_due_is_due_later_too(age_s: float, made_in_s: float, chance: float) -> None:
    if is_due_early(age_s, 60.0, made_in_s, chance):
        assert is_due_early(age_s + 0.5, 60.0, made_in_s, chance)


def test_the_share_of_early_refreshes_is_that_of_the_paper() -> None:
    chances = [i / 1000 for i in range(1000)]
    early = sum(is_due_early(58.0, 60.0, 2.0, chance) for chance in chances)
    assert early / 1000 == pytest.approx(math.exp(-1), abs=0.001)  # one work time before the end
