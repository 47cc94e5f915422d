"""Texts as a reader sees them: without what is invisible, in plain letters and digits."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from server.privacy.found import Found

# Joiners and selectors that Unicode does not count among the format characters (Cf).
_INVISIBLE = frozenset("\u034f\u115f\u1160\u3164\uffa0") | {chr(n) for n in range(0xFE00, 0xFE10)}
_WORD = re.compile(r"[^\W\d_]+")
_APART = {code: " " for code in range(128) if not chr(code).isalpha()}


@dataclass(frozen=True, slots=True)
class Legible:
    """A text to look for personal data in, and where its characters stand in the original."""

    text: str  # every digit in it is one of 0 to 9
    small: str  # the same in small letters, each at its own place
    words: frozenset[str]  # of `small`: letters that stand together
    _places: Sequence[int]

    def in_original(self, findings: Iterable[Found]) -> list[Found]:
        """What was found, by its place in the original."""
        places = self._places
        return [
            Found(found.kind, places[found.start], places[found.end - 1] + 1)
            for found in findings
            if found.end > found.start
        ]


def legible(text: str) -> Legible:
    """A text without zero-width characters and soft hyphens, and with letters and digits of full
    width and other forms in their plain one (Unicode's NFKC, where that is one character).
    """
    if text.isascii():
        return _legible(text, range(len(text)))
    plain = {character: _plain(character) for character in set(text)}
    if all(character == shown for character, shown in plain.items()):
        return _legible(text, range(len(text)))
    shown = [(place, plain[character]) for place, character in enumerate(text)]
    places = [place for place, character in shown if character]
    return _legible("".join(character for _, character in shown), places)


def lowered(text: str) -> str:
    """The text in small letters, each at its own place."""
    # The one letter of which the small form is longer.
    return text.replace("\u0130", "i").lower()


def words_of(text: str) -> frozenset[str]:
    """Its different words: letters that stand together."""
    if text.isascii():  # as the pattern below, in a third of the time
        return frozenset(text.translate(_APART).split())
    return frozenset(_WORD.findall(text))


def _legible(text: str, places: Sequence[int]) -> Legible:
    small = lowered(text)
    return Legible(text, small, words_of(small), places)


def _plain(character: str) -> str:
    if character.isascii():
        return character
    if character in _INVISIBLE or unicodedata.category(character) == "Cf":
        return ""
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    folded = unicodedata.normalize("NFKC", character)
    return folded if len(folded) == 1 else character
