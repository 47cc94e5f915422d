"""Placeholders: [EMAIL_1] in place of the first e-mail address, and the way back."""

import re
from collections.abc import Iterable, Iterator, Mapping

from server.privacy.found import Kind

_WORDS = "|".join(Kind)
# As given, and as models break it: in other case, with another bracket, without any, escaped.
_PLACEHOLDER = re.compile(
    rf"\\?[\[{{<]({_WORDS})\\?[_ -]?(\d{{1,6}})\\?[\]}}>]|(?<!\w)({_WORDS})\\?_(\d{{1,6}})(?!\w)",
    re.IGNORECASE,
)
_SIGNS = "[{<_"  # without any of these a text holds no placeholder
_NUMBER = re.compile(r"\d{1,6}")
_KINDS = tuple(kind.value for kind in Kind)
_LONGEST = 12  # characters of a placeholder before its number
_NUMBERS = frozenset({Kind.IBAN, Kind.CARD, Kind.ID, Kind.PHONE})

Name = tuple[str, int]  # kind and number of a placeholder


class Placeholders:
    """Gives each value of one ticket a placeholder of its own: the same value, the same one.

    None that the ticket's texts contain already is given, so that no text can call for a value.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self._taken = {name for text in texts for name in _like_placeholders(text)}
        self._given: dict[tuple[Kind, str], str] = {}
        self._last: dict[Kind, int] = {}
        self.values: dict[Name, str] = {}

    def give(self, kind: Kind, value: str) -> str:
        """The placeholder of a value, as it stands in the redacted text."""
        key = kind, _normal(kind, value)
        if key not in self._given:
            self._given[key] = f"[{kind}_{self._next(kind, value)}]"
        return self._given[key]

    def _next(self, kind: Kind, value: str) -> int:
        number = self._last.get(kind, 0) + 1
        while (kind, number) in self._taken:
            number += 1
        self._last[kind] = number
        self.values[kind, number] = value
        return number


def put_back(text: str, values: Mapping[Name, str]) -> str:
    """A text with the values of its placeholders; one that was never given stays as it is."""
    if not values or not any(map(text.__contains__, _SIGNS)):
        return text
    return _PLACEHOLDER.sub(lambda match: values.get(_name(match), match[0]), text)


def _like_placeholders(text: str) -> Iterator[Name]:
    """What `put_back` could take for a placeholder, and more."""
    if not any(map(text.__contains__, _SIGNS)):
        return
    for number in _NUMBER.finditer(text):
        before = text[max(0, number.start() - _LONGEST) : number.start()].upper().rstrip("\\_- ")
        if before.endswith(_KINDS):
            yield from ((kind, int(number[0])) for kind in _KINDS if before.endswith(kind))


def _name(match: re.Match[str]) -> Name:
    kind, number = (match[1], match[2]) if match[1] else (match[3], match[4])
    return kind.upper(), int(number)


def _normal(kind: Kind, value: str) -> str:
    """What differs in case, spaces or grouping alone is the same value. Secrets never are."""
    if kind is Kind.SECRET:
        return value
    if kind in _NUMBERS:
        return "".join(filter(str.isalnum, value)).casefold()
    return " ".join(value.casefold().split())
