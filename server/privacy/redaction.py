"""The way out: texts of a ticket without its personal data, and the way back for the reply."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from string import digits
from types import MappingProxyType

from server.privacy.addresses import find_addresses
from server.privacy.emails import find_emails
from server.privacy.found import Finder, Found, Kind, settle
from server.privacy.identities import find_ids
from server.privacy.known import Field, Value, find_values, parts_of_names, values_of
from server.privacy.legible import Legible, legible
from server.privacy.names import find_names
from server.privacy.network import find_ips
from server.privacy.payments import find_cards, find_ibans
from server.privacy.phones import find_phones
from server.privacy.placeholders import Name, Placeholders, put_back
from server.privacy.regions import regions_of
from server.privacy.secrets import find_secrets

Rule = Callable[[Legible], Iterable[Found]]  # in any order, in time linear in the text's length

_RULES: tuple[tuple[Rule, int], ...] = (
    (find_secrets, 0),
    (find_ibans, 2),
    (find_cards, 12),
    (find_ids, 3),
    (find_emails, 0),
    (find_ips, 1),
    (find_addresses, 1),
    (find_names, 0),
)
_DIGITS_OF_PHONES = 7
MOST_LANGUAGES = 256  # whose rules are at hand


@dataclass(frozen=True, slots=True)
class Redacted:
    """Texts that may leave the process, and what it takes to put the rest back."""

    texts: tuple[str, ...]  # in the order given
    counts: Mapping[Kind, int]  # what was replaced, each occurrence counted
    has_words: tuple[bool, ...]  # of each text: whether anything but placeholders is left
    _values: Mapping[Name, str] = field(repr=False)

    def restore(self, text: str) -> str:
        """A text with the values in place of their placeholders, also where a model wrote
        "[email_1]" or "EMAIL_1" for "[EMAIL_1]". Other placeholders stay as they are.
        """
        return put_back(text, self._values)


def redact(
    texts: Sequence[str],
    *,
    known: Iterable[Field] = (),
    language: str = "",
    finders: Sequence[Finder] = (),
    ends: Sequence[int] = (),
) -> Redacted:
    """The texts of one ticket with placeholders such as [EMAIL_1] in place of personal data.

    A value has the same placeholder in all texts, and what one text gives away is replaced in
    every other. `known` are the customer's fields; `language` is an ISO 639 code, with or without
    a region, and tells how telephone numbers are written; `finders` find more than the rules do;
    `ends` say how far each text goes out: what follows is read, and left away. Meant for what
    engines read, 8 KiB; takes time linear in the texts' length.
    """
    read = [legible(text) for text in texts]
    plain = [each.text for each in read]
    rules = rules_for(language)
    first = [_find(each, rules, finders) for each in read]
    values = [*values_of(known), *_values_found(plain, first)]
    placeholders = Placeholders({*texts, *plain})  # in both forms: models write either
    counts: Counter[Kind] = Counter()
    redacted: list[str] = []
    has_words: list[bool] = []
    for text, seen, findings, end in zip(texts, read, first, ends or map(len, texts), strict=True):
        everything = settle([*findings, *find_values(seen, values)])
        hidden = [found for found in seen.in_original(everything) if found.start < end]
        counts.update(found.kind for found in hidden)
        redacted.append(_replace(text, hidden, placeholders, end))
        has_words.append(any(map(str.strip, _between(text, hidden, end))))
    counted = MappingProxyType(counts)
    return Redacted(tuple(redacted), counted, tuple(has_words), placeholders.values)


def find_personal(text: str, *, language: str = "", finders: Sequence[Finder] = ()) -> list[Found]:
    """What rules and `finders` find in one text by itself, in order, none overlapping."""
    seen = legible(text)
    return seen.in_original(_find(seen, rules_for(language), finders))


@lru_cache(MOST_LANGUAGES)
def rules_for(language: str) -> tuple[tuple[Rule, int], ...]:
    """All rules, each with how many digits a text must hold for it to find anything."""
    return (*_RULES, (partial(find_phones, regions=regions_of(language)), _DIGITS_OF_PHONES))


def _find(
    read: Legible, rules: Sequence[tuple[Rule, int]], finders: Sequence[Finder]
) -> list[Found]:
    held = sum(map(read.text.count, digits))
    by_rule = [found for rule, least in rules if held >= least for found in rule(read)]
    return settle([*by_rule, *(found for finder in finders for found in finder(read.text))])


def _values_found(texts: Sequence[str], found: Sequence[Sequence[Found]]) -> Iterator[Value]:
    """What the texts gave away."""
    values = [
        (text[each.start : each.end], each.kind)
        for text, findings in zip(texts, found, strict=True)
        for each in findings
    ]
    yield from values
    yield from parts_of_names(values)


def _replace(text: str, findings: Sequence[Found], placeholders: Placeholders, end: int) -> str:
    kept = _between(text, findings, end)
    pieces = [next(kept)]
    for found in findings:
        pieces.append(placeholders.give(found.kind, text[found.start : found.end]))
        pieces.append(next(kept))
    return "".join(pieces)


def _between(text: str, findings: Sequence[Found], end: int) -> Iterator[str]:
    """What stands before, between and after findings: one piece more than there are of them."""
    position = 0
    for found in findings:
        yield text[position : found.start]
        position = found.end
    yield text[position:end]
