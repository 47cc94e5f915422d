"""Texts that are nearly the same are found to be, and no others."""

import numpy as np
import pytest

from server.feedback.review.likeness import alike, sketch_of

ASKED = "I still have not received my new card, it has been two weeks."


def are_alike(one: str, other: str) -> bool:
    return bool(alike(np.array([sketch_of(one), sketch_of(other)]))[0, 1])


@pytest.mark.parametrize(
    "other",
    [
        ASKED,
        ASKED.upper(),
        ASKED.replace("two weeks", "3 weeks"),
        f"{ASKED} Please help!",
    ],
)
def test_a_text_is_like_itself_with_a_word_changed(other: str) -> None:
    assert are_alike(ASKED, other)


@pytest.mark.parametrize(
    "other",
    ["How do I top up with Apple Pay?", "My card has not been accepted in a shop today.", "", "!"],
)
def test_a_text_is_not_like_one_that_asks_something_else(other: str) -> None:
    assert not are_alike(ASKED, other)


def test_texts_without_a_word_are_alike() -> None:
    assert are_alike("", "?!")


def test_only_the_beginning_of_a_long_text_counts() -> None:
    beginning = "All of our invoices are wrong since March. " * 20
    assert are_alike(beginning + "x" * 100_000, beginning + "Thank you.")
