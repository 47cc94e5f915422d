"""Payment cards and bank accounts, told from other numbers by their check digits."""

import re
from collections.abc import Iterator

from stdnum import iban, luhn, numdb

from server.privacy.found import Found, Kind
from server.privacy.legible import Legible

_GAP = r"[ \u00a0._/\u2010-\u2013-]?"
# In fours, as 4-6-5 (American Express) and 4-6-4 (Diners), or in one piece. The first digits are
# those of the card networks; a number of 12 digits is a Maestro card, or none.
_CARD = re.compile(
    r"[0-6](?<!\d.)(?:(?<=[3-6])|(?<=2)(?=[1-7])|(?<=1)(?=800)|(?<=0)(?=604))"
    rf"(?:\d{{3}}{_GAP}\d{{4}}{_GAP}\d{{4}}{_GAP}\d{{1,4}}(?:{_GAP}\d{{3}})?"
    rf"|\d{{3}}{_GAP}\d{{6}}{_GAP}\d{{4,5}}"
    r"|\d{12,18}|(?<=[056])\d{11})(?!\d)"
)
_FIRST_GROUP = re.compile(r"\d++\D*+")
_NO_DIGIT = re.compile(r"\D+")

_IBAN = re.compile(
    r"[0-9]\d(?<=[A-Za-z]{2}\d\d)(?<![^\W_][A-Za-z]{2}\d\d)(?=(?:[ \u00a0._-]?[A-Za-z0-9]){11,30})"
)
_HEAD = 4  # characters of country and check digits
_MOST_IBAN = 48  # characters, with gaps
_LENGTH = re.compile(r"\d+(?=!)")


def find_cards(read: Legible) -> Iterator[Found]:
    """Payment cards of every network, in all usual groupings."""
    position = 0
    while match := _CARD.search(read.text, position):
        if luhn.is_valid(_NO_DIGIT.sub("", match[0])):
            yield Found(Kind.CARD, *match.span())
            position = match.end()
        else:
            # A card may begin in the middle of what was no card: "5234 4111 1111 1111 1111".
            position = _after_group(read.text, match.start())


def find_ibans(read: Legible) -> Iterator[Found]:
    """International bank account numbers, in one piece or in groups, in any case."""
    text = read.text
    for match in _IBAN.finditer(text):
        start = match.start() - 2
        number = text[start : start + _MOST_IBAN]
        length = _length_of_ibans(number[:2].upper())
        end = start + _end_after(length, number)
        is_whole = not text[end : end + 1].isalnum()
        account = "".join(filter(str.isalnum, text[start:end]))
        if length and is_whole and iban.is_valid(account, check_country=False):
            yield Found(Kind.IBAN, start, end)


def _after_group(text: str, start: int) -> int:
    group = _FIRST_GROUP.match(text, start)
    return group.end() if group else len(text)


def _length_of_ibans(country: str) -> int:
    """How many characters they have there; 0 where there are none."""
    structure = numdb.get("iban").info(country)[0][1].get("bban")
    return _HEAD + sum(map(int, _LENGTH.findall(structure))) if structure else 0


def _end_after(length: int, text: str) -> int:
    """Where the first `length` letters and digits of a text end."""
    ends = [place for place, character in enumerate(text, 1) if character.isalnum()]
    return ends[length - 1] if length <= len(ends) else len(text)
