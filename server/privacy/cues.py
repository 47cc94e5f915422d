"""Words that announce what follows, found fast."""

import re
from collections.abc import Iterator


def lowered(text: str) -> str:
    """The text in small letters, each at its own place."""
    small = text.lower()
    # The small form of very few letters is longer: then their case has to be as cues have it.
    return small if len(small) == len(text) else text


def cues(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """Matches that begin a word.

    Tested here, not by the pattern: one that begins with letters, and knows no case, is searched
    for several times faster.
    """
    for match in pattern.finditer(text):
        if not text[match.start() - 1 : match.start()].isalnum():
            yield match


def words(text: str) -> frozenset[str]:
    """The words of a list that is written as a text."""
    return frozenset(text.split())
