"""Custom limits stand in the place of a tier's, and limits at methods beside them."""

import pytest

from interceptors.limits.book import LimitBook, TooManyCustomLimits
from interceptors.limits.tiers import TIERS, Limits


def test_a_caller_without_custom_limits_has_those_of_its_tier() -> None:
    assert LimitBook().everywhere("t/a", "pro") == Limits(10, 300, 15_000, 150_000)


def test_a_tier_that_is_unknown_is_as_the_free_one() -> None:
    assert LimitBook().everywhere("t/a", "platinum") == TIERS["free"]


def test_custom_limits_of_a_caller_replace_those_of_its_tier() -> None:
    book = LimitBook()
    book.set_limits(Limits(minute=7), caller="t/a")
    assert book.everywhere("t/a", "pro") == Limits(minute=7)
    assert book.everywhere("t/b", "pro") == TIERS["pro"]


def test_custom_limits_can_lift_every_limit() -> None:
    book = LimitBook()
    book.set_limits(Limits(), caller="t/a")
    assert book.everywhere("t/a", "free").windows() == ()


def test_limits_of_a_caller_at_a_method_go_before_those_of_the_method() -> None:
    book = LimitBook()
    book.set_limits(Limits(minute=5), method="a.B/C")
    book.set_limits(Limits(minute=9), caller="t/a", method="a.B/C")
    assert book.at_method("t/a", "a.B/C") == Limits(minute=9)
    assert book.at_method("t/b", "a.B/C") == Limits(minute=5)


def test_limits_that_are_taken_back_leave_the_usual_ones() -> None:
    book = LimitBook()
    book.set_limits(Limits(minute=7), caller="t/a")
    book.set_limits(None, caller="t/a")
    assert book.everywhere("t/a", "pro") == TIERS["pro"]
    assert not book.custom


def test_a_full_book_changes_limits_and_takes_no_more() -> None:
    book = LimitBook(most_custom=1)
    book.set_limits(Limits(minute=7), caller="t/a")
    book.set_limits(Limits(minute=8), caller="t/a")
    with pytest.raises(TooManyCustomLimits):
        book.set_limits(Limits(minute=7), caller="t/b")
