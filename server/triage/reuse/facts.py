"""What must be the same in two texts before the answer to one may answer the other.

Vectors of texts hardly see these: "charged 20 EUR" and "charged 90 EUR" are neighbours, and so are
"it works" and "it does not work". The guard is strict: what it refuses costs a fresh answer, what
it lets pass could cost a wrong one.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from server.triage.reuse.words import CURRENCIES, DATES, NEGATIONS, NUMBERS, OPPOSITES, words_of

_WORD = re.compile(r"\w+")
_AMOUNT = re.compile(r"\d+(?:[.,:/-]\d+)*")
_SEPARATOR = re.compile(r"[.,](?=\d{3}(?!\d))")  # of thousands
_CONTRACTED_NOT = re.compile(r"n['\u2019]t\b|\bn['\u2019](?=\w)")  # don't; n'est
_QUOTED = re.compile(r'"([^"\n]{1,80})"|“([^”\n]{1,80})”|«([^»\n]{1,80})»|„([^“”\n]{1,80})[“”]')
_CODE = re.compile(r"\b(?=\w*[A-Za-z])(?=\w*\d)\w+(?:-\w+)*\b|[<\[{]\w+[>\]}]|#\w+")
_INSIDE_SENTENCE = re.compile(r"(?<![.!?:\n])(?<=[\w,;)]) +([^\W\d_]\w*(?:['\u2019]\w+)?)")
_FIRST_PERSON = re.compile(r"I(?:['\u2019]|$)")  # I, I'm
_CURRENCY = re.compile(
    "|".join(rf"\b{word}\b" if word.isalpha() else re.escape(word) for word in CURRENCIES)
)
_SIDES = {  # a pair, and a side of it, by word
    word: f"{pair}{side}"
    for pair, sides in enumerate(OPPOSITES)
    for side, words in zip("<>", sides, strict=True)
    for word in words.split()
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What a text states beyond its topic, each kind sorted."""

    language: str
    numbers: tuple[str, ...]
    negations: int
    names: tuple[str, ...]  # named things, codes, placeholders and what is quoted, casefolded
    currencies: tuple[str, ...]
    dates: tuple[str, ...]  # days and months by name
    sides: tuple[str, ...] = ()  # of opposites


def facts_of(text: str, language: str) -> Facts:
    """The facts of a text from which personal data was taken out.

    A name is a capitalised word inside a sentence. German writes every noun so: there the guard
    compares all nouns.
    """
    folded = text.casefold()
    words, amounts = _WORD.findall(folded), map(_plain, _AMOUNT.findall(text))
    negations, numbers, dates = (words_of(w, language) for w in (NEGATIONS, NUMBERS, DATES))
    return Facts(
        language=language,
        numbers=tuple(sorted([*amounts, *(word for word in words if word in numbers)])),
        negations=sum(word in negations for word in words) + len(_CONTRACTED_NOT.findall(folded)),
        names=_names(text),
        currencies=tuple(sorted({CURRENCIES[word] for word in _CURRENCY.findall(folded)})),
        dates=tuple(sorted(dates.intersection(words))),
        sides=tuple(sorted({_SIDES[word] for word in words if word in _SIDES})),
    )


def difference(a: Facts, b: Facts) -> str:
    """The first kind of fact in which two texts differ; empty: in none."""
    kinds = ("language", "numbers", "negations", "names", "currencies", "dates")
    kind = next((kind for kind in kinds if getattr(a, kind) != getattr(b, kind)), "")
    return kind or ("opposites" if _is_contradicted(a.sides, b.sides) else "")


def decode_facts(record: Mapping[str, Any]) -> Facts:
    """The facts of a stored record."""
    return Facts(
        language=record["language"],
        numbers=tuple(record["numbers"]),
        negations=record["negations"],
        names=tuple(record["names"]),
        currencies=tuple(record["currencies"]),
        dates=tuple(record["dates"]),
        sides=tuple(record.get("sides", ())),  # early records have none
    )


def _is_contradicted(sides: Sequence[str], others: Sequence[str]) -> bool:
    """Whether of a pair that both texts speak of, they name different sides."""
    pairs = {side[:-1] for side in sides} & {side[:-1] for side in others}
    return any(side[:-1] in pairs for side in {*sides} ^ {*others})


def _names(text: str) -> tuple[str, ...]:
    words = _INSIDE_SENTENCE.findall(text)
    capitalised = [w for w in words if w[0].isupper() and not _FIRST_PERSON.match(w)]
    quoted = ["".join(groups) for groups in _QUOTED.findall(text)]
    return tuple(
        sorted({name.casefold() for name in [*capitalised, *quoted, *_CODE.findall(text)]})
    )


def _plain(number: str) -> str:
    """The number as it is written without separators of thousands and without final zeros."""
    whole = _SEPARATOR.sub("", number).replace(",", ".")
    return re.sub(r"\.0+$", "", whole)
