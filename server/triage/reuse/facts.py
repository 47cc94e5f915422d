"""What must be the same in two texts before the answer to one may answer the other.

Vectors of texts hardly see these: "charged 20 EUR" and "charged 90 EUR" are neighbours, and so are
"it works" and "it does not work". The guard is strict: what it refuses costs a fresh answer, what
it lets pass could cost a wrong one.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from server.triage.reuse.openers import OPENERS
from server.triage.reuse.words import (
    BRANDS,
    CURRENCIES,
    DATES,
    MAY,
    NEGATIONS,
    NUMBERS,
    OPPOSITES,
    THOUSANDS,
    words_of,
)

_WORD = re.compile(r"\w+")
_AMOUNT = re.compile(r"((?<![\w.,:/-])[-\u2212])?[€$£¥]?(\d+(?:[.,:/-]\d+)*)")  # sign, digits
_GROUPED = {  # with separators of thousands
    ",": re.compile(r"[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?"),
    ".": re.compile(r"[1-9]\d{0,2}(?:\.\d{3})+(?:,\d+)?"),
}
_MARK = re.compile(r"[.,]")
_DECIMAL = re.compile(r"\d+[.,]\d+")
_MAY = re.compile(MAY)
_BRANDS, _OPENERS = frozenset(BRANDS.split()), frozenset(OPENERS.split())
_CONTRACTED_NOT = re.compile(r"n['\u2019]t\b|\bn['\u2019](?=\w)")  # don't; n'est
_QUOTED = re.compile(r'"([^"\n]{1,80})"|“([^”\n]{1,80})”|«([^»\n]{1,80})»|„([^“”\n]{1,80})[“”]')
_CODE = re.compile(r"\b(?=\w*[A-Za-z])(?=\w*\d)\w+(?:-\w+)*\b|[<\[{]\w+[>\]}]|#\w+")
_NAME = re.compile(r"\w+(?:['\u2019]\w+)?")
_GOES_ON = re.compile(r"[,;)]* +")  # between two words of a sentence
_FIRST_PERSON = re.compile(r"I(?:['\u2019]|$)")  # I, I'm
_CONTRACTED = re.compile(r"['\u2019].*")
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

    A name is a capitalised word inside a sentence, and of an English one its first, unless many
    sentences begin so. German writes every noun so: there the guard compares all nouns.
    """
    folded = text.casefold()
    words = _WORD.findall(folded)
    amounts = [
        "-" * bool(sign) + _plain(digits, language) for sign, digits in _AMOUNT.findall(text)
    ]
    negations, numbers, dates = (words_of(w, language) for w in (NEGATIONS, NUMBERS, DATES))
    return Facts(
        language=language,
        numbers=tuple(sorted([*amounts, *(word for word in words if word in numbers)])),
        negations=sum(word in negations for word in words) + len(_CONTRACTED_NOT.findall(folded)),
        names=_names(text, words, language),
        currencies=tuple(sorted({CURRENCIES[word] for word in _CURRENCY.findall(folded)})),
        dates=tuple(
            sorted({*dates.intersection(words), *(["may"] if _MAY.search(folded) else [])})
        ),
        sides=_sides(words),
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


def _sides(words: Sequence[str]) -> tuple[str, ...]:
    terms = {*words, *map("_".join, pairwise(words))}
    return tuple(sorted({_SIDES[term] for term in terms if term in _SIDES}))


def _names(text: str, words: Sequence[str], language: str) -> tuple[str, ...]:
    quoted = ["".join(groups) for groups in _QUOTED.findall(text)]
    named = [*_capitalised(text, language == "en"), *quoted, *_CODE.findall(text)]
    return tuple(sorted({*(name.casefold() for name in named), *_BRANDS.intersection(words)}))


def _capitalised(text: str, has_openers: bool) -> Iterator[str]:
    """Capitalised words, without those that begin a sentence where it is not known which do."""
    end = 0
    for match in _NAME.finditer(text):
        word, is_inside = match[0], end > 0 and _GOES_ON.fullmatch(text, end, match.start())
        end = match.end()
        if not word[0].isupper() or _FIRST_PERSON.match(word):
            continue
        if is_inside or (has_openers and _CONTRACTED.sub("", word).casefold() not in _OPENERS):
            yield word


def _plain(digits: str, language: str) -> str:
    """The number without separators of thousands and without final zeros.

    What may be thousands or a fraction is left as it stands, unless the language tells.
    """
    for mark, grouped in _GROUPED.items():
        if grouped.fullmatch(digits):
            if len(_MARK.findall(digits)) == 1 and THOUSANDS.get(language) != mark:
                return digits
            digits = digits.replace(mark, "")
            break
    return re.sub(r"\.0+$", "", digits.replace(",", ".")) if _DECIMAL.fullmatch(digits) else digits
