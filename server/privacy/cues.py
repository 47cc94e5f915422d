"""Words that announce what follows, found fast."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from server.privacy.legible import Legible, words_of


class Cue(NamedTuple):
    """What announces something: a pattern for texts of small letters that begins with a word."""

    any_of: frozenset[str]  # words: a text without any of them has no match
    pattern: re.Pattern[str]


def cue(any_of: str, pattern: str) -> Cue:
    """A cue; every match of the pattern must hold one of the words, whole."""
    return Cue(words(any_of), re.compile(pattern))


def phrases(listed: Iterable[str], rest: str) -> tuple[Cue, ...]:
    """A cue for each phrase; `rest` is the pattern of what has to follow, no letter."""
    longest = {phrase: max(sorted(words_of(phrase)), key=len) for phrase in listed}
    return tuple(cue(word, re.escape(phrase) + rest) for phrase, word in longest.items())


def find_cues(cues: Iterable[Cue], read: Legible) -> Iterator[re.Match[str]]:
    """Where a text has the cues, each by its own."""
    are_missing = read.words.isdisjoint
    for any_of, pattern in cues:
        if not are_missing(any_of):
            yield from at_words(pattern, read.small)


def at_words(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
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
