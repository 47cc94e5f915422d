"""What is known beforehand: the customer's own fields, and values that a text gave away once."""

import re
from collections.abc import Iterable, Iterator, Sequence

from server.privacy.cues import words
from server.privacy.found import Found, Kind
from server.privacy.legible import Legible, legible, lowered

# Words in the name of a field that say what it holds; the first kind that fits.
_HOLDS = (
    (Kind.EMAIL, words("email mail")),
    (Kind.PHONE, words("phone telephone tel mobile cellphone fax")),
    (Kind.IBAN, words("iban")),
    (Kind.IP, words("ip")),
    (Kind.CARD, words("card")),
    (Kind.ID, words("ssn passport licence license tax")),
    (Kind.SECRET, words("password token secret")),
    (Kind.ADDRESS, words("address street city town zip postcode postal")),
)
# "card_type" and "phone_model" hold no numbers.
_LEAST_DIGITS = dict.fromkeys((Kind.PHONE, Kind.IBAN, Kind.IP, Kind.CARD, Kind.ID), 4)
_PEOPLE = words(
    "customer client user account member contact sender company owner card holder cardholder"
    " full first last middle family given display maiden"
)
_NAMES = words("name surname firstname lastname fullname username login nickname")
_IDENTIFIERS = words("id no number ref reference")
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_LEAST_LENGTH = 3
_MOST_VALUES = 64
_NAME_PART = re.compile(r"[^\W\d_][\w'\u2019-]{2,}")

Value = tuple[str, Kind]
Field = tuple[str, str]  # name and value; a name may stand there twice


def values_of(fields: Iterable[Field]) -> list[Value]:
    """The personal values among a customer's fields; the parts of a name are values too.

    What a field holds is told by the words of its name: "billing_email", "customer_id". Fields
    whose names tell nothing personal, such as "plan", are left alone.
    """
    values = [
        (legible(value).text.strip(), kind)
        for name, value in fields
        if (kind := _kind_of([word.lower() for word in _WORD.findall(name)], value))
    ]
    return values + parts_of_names(values)


def parts_of_names(values: Iterable[Value]) -> list[Value]:
    """First and last names, from whole names."""
    return [
        (part, kind)
        for value, kind in values
        if kind is Kind.NAME
        for part in _NAME_PART.findall(value)
        if part != value
    ]


def find_values(read: Legible, values: Iterable[Value]) -> Iterator[Found]:
    """Where values stand in a text as whole words, in any case; a single name as it is written,
    because "mark" and "will" are words too. At most 64 values, the first.
    """
    distinct = [value for value in dict.fromkeys(values) if len(value[0]) >= _LEAST_LENGTH]
    for value, kind in distinct[:_MOST_VALUES]:
        is_exact = kind is Kind.SECRET or (kind is Kind.NAME and " " not in value)
        text, sought = (read.text, value) if is_exact else (read.small, lowered(value))
        for start in _occurrences(text, sought):
            yield Found(kind, start, start + len(value))


def _kind_of(field: Sequence[str], value: str) -> Kind | None:
    """What a field holds, by the words of its name; None where nothing personal."""
    if not field:
        return None
    for kind, holds in _HOLDS:
        if not holds.isdisjoint(field):
            digits = sum(map(str.isdigit, value))
            return kind if digits >= _LEAST_DIGITS.get(kind, 0) else None
    is_persons = len(field) == 1 or field[0] in _PEOPLE
    if is_persons and field[-1] in _NAMES:
        return Kind.NAME
    return Kind.CUSTOMER if field[0] in _PEOPLE and field[-1] in _IDENTIFIERS else None


def _occurrences(text: str, value: str) -> Iterator[int]:
    start = text.find(value)
    while start >= 0:
        end = start + len(value)
        is_whole = not (text[start - 1 : start].isalnum() or text[end : end + 1].isalnum())
        if is_whole:
            yield start
        start = text.find(value, end if is_whole else start + 1)
