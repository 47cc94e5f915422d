"""Telephone numbers.

National numbers have too many forms for one rule: a number counts when words before it announce
one, when its groups are those of a number that people dial, or when `phonenumbers` knows it as
valid in a region of the text's language.
"""

import re
from collections.abc import Iterator, Sequence

import phonenumbers

from server.privacy.found import Found, Kind
from server.privacy.legible import Legible

_DIALLED = re.compile(
    r"[+(0-9](?<![\w.#-].) ?\(?\d*+(?:[ \u00a0\u2009\u202f./()\u2010-\u2013-]{1,2}+\d++)*+"
    r"(?: ?(?:x|ext\.?|extension) ?\d{1,6})?",
    re.IGNORECASE,
)
_EXTENSION = re.compile(r" ?[a-z]", re.IGNORECASE)
_GROUP = re.compile(r"\d+")
_LEAST_DIGITS, _MOST_DIGITS = 7, 15
_LEAST_IN_ONE_PIECE = 9  # digits; fewer may be any number
_MOST_LOOK_UPS = 32  # of numbering plans, in one text: each takes a tenth of a millisecond
_FROM_BEGINNING = re.compile(r"(?<!\S)(?:\+\(?[1-9]|\(?0\d)(?:(?! (?:\+|\(?0\d))[^\n])*+")

_REACH = 40  # characters before a number that may announce it
_ANNOUNCES = re.compile(
    r"\b(?:(?:tele|cell|smart)?phone|tel\b|telef|mobil|cell\b|fax|desk|call|ring\b|dial|sms|text"
    r"|whatsapp|messag|contact|reach|hotline|handy|rufnummer|móvil|portable|teléfono"
    r"|number(?: is)?\W{0,2}$)"
)
_NAMES_ANOTHER = re.compile(
    r"\b(?:order|invoice|ticket|case|ref|reference|tracking|serial|customer|transaction|booking"
    r"|account|id|sku|isbn|part|policy|claim|zip|postcode|box"
    r"|model|product|confirmation|member|membership|employee|batch|version)\b\W{0,3}"
    r"(?:(?:number|nr|no|id|is|code)\b\W{0,3}){0,2}$"
)
_MONEY_BEFORE = re.compile(r"(?:[$€£¥]|\b(?:usd|eur|gbp|chf|rs)) ?$")
_AFTER = re.compile(r" ?(?:[$€£¥%]|(?:usd|eur|euros?|gbp|dollars|pounds|chf)\b)", re.IGNORECASE)
_DATE = re.compile(
    r"(?:(?:19|20)\d\d[-./ ](?:0?[1-9]|1[0-2])[-./ ](?:0?[1-9]|[12]\d|3[01])"
    r"|(?:(?:0?[1-9]|[12]\d|3[01])[-./](?:0?[1-9]|1[0-2])|(?:0?[1-9]|1[0-2])[-./](?:[12]\d|3[01]))"
    r"[-./](?:19|20)?\d\d)(?![-./]?\d)"
)
_THOUSANDS = re.compile(r"\d{1,3}(?:\.\d{3})+|\d{1,3}(?: \d{3})* 000")
_YEARS = re.compile(r"(?:19|20)\d\d ?\D ?(?:19|20)\d\d")
# Flat and house, where a street's name follows.
_HOUSE = re.compile(r"\d{1,6} \d{1,5}")
_ZIP_4 = re.compile(r"\d{5}-\d{4}")


def find_phones(read: Legible, regions: Sequence[str]) -> Iterator[Found]:
    """Telephone numbers; those without a country's code as in `regions` (ISO 3166), or as their
    groups or the words before them tell.
    """
    look_ups = 0
    for match in _DIALLED.finditer(read.text):
        if len(match[0]) < _LEAST_DIGITS:
            continue
        digits = sum(map(len, _GROUP.findall(match[0])))
        if digits > _MOST_DIGITS + _extension_digits(match[0]):
            yield from _side_by_side(match)
        elif digits >= _LEAST_DIGITS:
            is_phone = _looks_dialled(read.text, match)
            if is_phone is None and digits >= _LEAST_IN_ONE_PIECE:
                look_ups += 1
                # A text of so many numbers is not worth the time: better hidden than told apart.
                is_phone = look_ups > _MOST_LOOK_UPS or _is_valid(match[0], regions)
            if is_phone:
                # "(07700 900123)": the bracket is the text's.
                is_open = match[0][0] == "(" and ")" not in match[0]
                yield Found(Kind.PHONE, match.start() + is_open, match.end())


def _side_by_side(match: re.Match[str]) -> Iterator[Found]:
    """Numbers with nothing but a space between them: told apart by how they begin."""
    for part in _FROM_BEGINNING.finditer(match[0]):
        digits = sum(map(len, _GROUP.findall(part[0])))
        if _LEAST_DIGITS <= digits <= _MOST_DIGITS:
            start = match.start() + part.start()
            yield Found(Kind.PHONE, start, start + len(part[0].rstrip()))


def _looks_dialled(text: str, match: re.Match[str]) -> bool | None:
    """Whether words around it or its groups tell; None where only numbering plans can."""
    number, end = match[0], match.end()
    if _is_other(number) or text[end : end + 1].isalnum() or _AFTER.match(text, end):
        return False
    if number[0] == "+":
        return True
    before = text[max(0, match.start() - _REACH) : match.start()].lower()
    if _NAMES_ANOTHER.search(before) or _MONEY_BEFORE.search(before):
        return False
    if _ANNOUNCES.search(before):
        return True
    is_house = _HOUSE.fullmatch(number) and text[end + 1 : end + 2].isupper()
    return True if _is_grouped(number) and not is_house else None


def _is_other(number: str) -> bool:
    """Whether it is a date, a large number, two years, or an American postal code."""
    if _DATE.match(number):
        return True
    return any(other.fullmatch(number) for other in (_THOUSANDS, _YEARS, _ZIP_4))


def _is_grouped(number: str) -> bool:
    """Whether digits are grouped as people write numbers that they dial."""
    groups = [len(group) for group in _GROUP.findall(number)]
    if "/" in number or (number.count(".") == 1 and len(groups) == 2):
        return False  # a fraction, a decimal
    if number[0] == "1" and groups[0] == 1:
        groups = groups[1:]  # North America's own prefix
    return 2 <= len(groups) <= 6 and all(2 <= size <= 7 for size in groups)


def _is_valid(number: str, regions: Sequence[str]) -> bool:
    for region in regions:
        try:
            parsed = phonenumbers.parse(number, region)
        except phonenumbers.NumberParseException:
            return False
        # In one piece and without the 0 that is dialled first, it may be any number.
        is_written_out = region != "GB" or number.lstrip("(")[0] == "0"
        if is_written_out and phonenumbers.is_valid_number_for_region(parsed, region):
            return True
    return False


def _extension_digits(number: str) -> int:
    extension = _EXTENSION.search(number)
    return len(number) - extension.start() if extension else 0
