"""What is known beforehand: the customer's own fields, and values that a text gave away once."""

import re
from collections.abc import Iterable, Iterator, Sequence

from server.privacy.cues import words
from server.privacy.found import Found, Kind
from server.privacy.legible import Legible, legible, lowered
from server.privacy.people import may_be_small_name

# Words in the name of a field that say what it holds; the first kind that fits.
_HOLDS = (
    (Kind.EMAIL, words("email mail")),
    (Kind.PHONE, words("phone telephone tel mobile cellphone fax")),
    (Kind.IBAN, words("iban")),
    (Kind.IP, words("ip")),
    (Kind.CARD, words("card")),
    (Kind.ID, words("ssn passport licence license tax dob birth birthday birthdate geburtsdatum")),
    (Kind.SECRET, words("password token secret")),
    (Kind.ADDRESS, words("address street city town zip postcode postal")),
)
# "card_type" and "phone_model" hold no numbers.
_LEAST_DIGITS = dict.fromkeys((Kind.PHONE, Kind.IBAN, Kind.IP, Kind.CARD, Kind.ID), 4)
# Whose name a field holds that is called so, or ends so: "ticket_owner".
_PERSONS = words(
    "customer client user requester requestor caller sender recipient owner holder cardholder"
    " reporter submitter buyer company organization organisation employer"
    " kunde kundin firma cliente usuario utilisateur klant"
)
# What else stands before "name" or "id", and names somebody where the value reads like it.
_PEOPLE = _PERSONS | words(
    "account member contact card cust person manager rep representative"
    " full first last middle family given display maiden kunden"
)
_NAMES = words(
    "name surname login nickname vorname nachname nom prénom prenom nombre apellido apellidos"
    " nome cognome naam voornaam achternaam"
)
_IDENTIFIERS = words("id no number ref reference")
_GLUED = ("name", "id", "number", "no")  # at the end of another word: "ACCOUNTNAME"
_WORD = re.compile(r"[A-Z]?[^\W\dA-Z_]+|[A-Z]+")
_PART_OF_NAME = re.compile(r"[^\W\d_][\w.'\u2019&-]*,?|&")
_MOST_PARTS = 5
_DIGITS_OF_IDENTIFIERS = 3
# What a field of that name may hold that names nobody.
_NOBODY = words(
    "yes no not true false none null unknown anonymous other test new returning existing loyal"
    " regular active inactive vip business private individual personal corporate retail wholesale"
    " premium pro plus free basic standard enterprise trial gold silver platinum bronze small"
    " medium large admin administrator system bot guest visitor customer client user consumer"
    " member internal external support sales billing email phone chat web daily weekly monthly"
)
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
        (_without_address(value), kind)
        for name, value in fields
        if (kind := _kind_of([*_words_of(name)], value))
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


def _words_of(field: str) -> Iterator[str]:
    """The words of a field's name, in small letters."""
    for word in map(str.lower, _WORD.findall(field)):
        if word.endswith(_GLUED):
            yield from filter(None, _apart(word))
        else:
            yield word


def _apart(word: str) -> tuple[str, str]:
    """What a word says of whom, where it is of two: ("account", "name")."""
    for end in _GLUED:
        if word.endswith(end) and word.removesuffix(end) in _PEOPLE:
            return word.removesuffix(end), end
    return word, ""


def _without_address(value: str) -> str:
    """A value as it is looked for: of "Jane Doe <jane@example.com>" the name."""
    shown = legible(value).text.strip()
    return shown.partition("<")[0].strip() or shown


def _kind_of(field: Sequence[str], value: str) -> Kind | None:
    """What a field holds, by the words of its name; None where nothing personal."""
    if not field:
        return None
    digits = sum(map(str.isdigit, value))
    for kind, holds in _HOLDS:
        if digits >= _LEAST_DIGITS.get(kind, 0) and not holds.isdisjoint(field):
            return kind
    is_persons = len(field) == 1 or field[0] in _PEOPLE
    if is_persons and field[-1] in _NAMES:
        return Kind.NAME
    if field[0] in _PEOPLE and field[-1] in _IDENTIFIERS:
        return Kind.CUSTOMER
    return _kind_of_persons(field[-1], _without_address(value)) if field[-1] in _PEOPLE else None


def _kind_of_persons(last: str, value: str) -> Kind | None:
    """What a field holds whose name ends with a word for somebody."""
    parts = value.split()
    is_one = len(parts) == 1
    if is_one and last not in _PERSONS:
        return None
    if is_one and "@" in value:
        return Kind.EMAIL
    if is_one and sum(map(str.isdigit, value)) >= _DIGITS_OF_IDENTIFIERS:
        return Kind.CUSTOMER
    return Kind.NAME if parts and _reads_like_name(parts) else None


def _reads_like_name(parts: Sequence[str]) -> bool:
    return len(parts) <= _MOST_PARTS and all(
        _PART_OF_NAME.fullmatch(part)
        and part.strip(",").lower() not in _NOBODY
        and not (part.islower() and not may_be_small_name(part))
        for part in parts
    )


def _occurrences(text: str, value: str) -> Iterator[int]:
    start = text.find(value)
    while start >= 0:
        end = start + len(value)
        is_whole = not (text[start - 1 : start].isalnum() or text[end : end + 1].isalnum())
        if is_whole:
            yield start
        start = text.find(value, end if is_whole else start + 1)
