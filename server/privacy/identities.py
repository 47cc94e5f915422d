"""National identity, tax, passport and driver's numbers, and dates of birth.

Numbers whose shape and check digits are their own are found anywhere; all others only after
words that say what they are.
"""

import re
from collections.abc import Callable, Iterator

from stdnum.be import nn as belgian_nn
from stdnum.br import cpf
from stdnum.es import dni, nie
from stdnum.fi import hetu
from stdnum.fr import nir
from stdnum.in_ import aadhaar
from stdnum.it import codicefiscale
from stdnum.no import fodselsnummer
from stdnum.pl import pesel
from stdnum.se import personnummer
from stdnum.us import ssn

from server.privacy.cues import cue, find_cues
from server.privacy.found import Found, Kind
from server.privacy.legible import Legible


def _always(_number: str) -> bool:
    return True


# Shape, and whether the check digits are right.
_SHAPES: tuple[tuple[str, Callable[[str], bool]], ...] = (
    (r"\d{3}(?:-\d{2}-| \d{2} )\d{4}", ssn.is_valid),  # United States
    (r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]", _always),  # Britain
    (r"\d{8}-?[A-Z]", dni.is_valid),  # Spain
    (r"[XYZ]-?\d{7}-?[A-Z]", nie.is_valid),  # Spain, of foreigners
    (r"[A-Z]{6}\d\d[A-Z]\d\d[A-Z]\d{3}[A-Z]", codicefiscale.is_valid),  # Italy
    (r"[12] ?\d\d ?\d\d ?(?:\d\d|2[AB]) ?\d{3} ?\d{3} ?\d\d", nir.is_valid),  # France
    (r"\d{3}\.\d{3}\.\d{3}-\d\d", cpf.is_valid),  # Brazil
    (r"\d\d\.\d\d\.\d\d-\d{3}\.\d\d", belgian_nn.is_valid),  # Belgium
    (r"\d{4} \d{4} \d{4}", aadhaar.is_valid),  # India
    (r"\d{6}[-+]\d{4}", personnummer.is_valid),  # Sweden
    (r"\d{6}[-+A]\d{3}[\dA-Y]", hetu.is_valid),  # Finland
    (r"\d{11}", pesel.is_valid),  # Poland
    (r"\d{6} ?\d{5}", fodselsnummer.is_valid),  # Norway
)
_CHECKED = tuple(
    (re.compile(rf"(?<![\w-]){shape}(?![\w-])"), is_valid) for shape, is_valid in _SHAPES
)

_ANY_SHAPE = re.compile(rf"(?<![\w-])(?:{'|'.join(shape for shape, _ in _SHAPES)})(?![\w-])")
# Every shape has so many digits that close to each other; it may begin with letters.
_DIGITS = re.compile(r"[0-9](?:[ .+A-Z-]{0,2}\d){5,}+")
_BEFORE, _AFTER = 8, 2  # characters of a shape that may stand around them

_A_DOCUMENT = (
    r"\b(?:ssn|social security|itin|tin|nino|national insurance|nhs|sin|bsn|pesel|cpf|cuil|curp"
    r"|aadhaar|pan (?:card|number)|passport|visa number|dl (?:no|number)"
    r"|driv(?:er|ing|er'?s|er\u2019s|ers)'? ?(?:licen[cs]e|permit)"
    r"|licen[cs]e ?(?:no|number|num|#|id|is)"
    r"|(?:national|personal|tax(?:payer)?|state) id(?:entity|entification)?"
    r"|id(?:entity)? card|id number|tax number|steuer-?id|ausweis\w*|personalausweis|führerschein"
    r"|pasaporte|passeport|dni|nie|nif|codice fiscale|personnummer|rodné číslo)\b"
)
# Every name of one holds one of the words, or one that begins with "ausweis".
DOCUMENT = cue(
    """
    ssn social itin tin nino national nhs sin bsn pesel cpf cuil curp aadhaar pan passport visa dl
    driver drivers driving license licence driverlicense driverlicence driverpermit driverslicense
    driverslicence driverspermit drivinglicense drivinglicence drivingpermit licenseno
    licensenumber licensenum licenseid licenseis licenceno licencenumber licencenum licenceid
    licenceis personal tax taxpayer state id identity steuer steuerid personalausweis führerschein
    pasaporte passeport dni nie nif codice personnummer rodné
    """,
    _A_DOCUMENT,
)
_NAMED_BEFORE = re.compile(
    _A_DOCUMENT + r"(?:[^\d\n]{0,40}|[:\s]{0,6})$|\b(?:dl|licen[cs]e)\W{0,3}$"
)
_NAMED_AFTER = re.compile(
    r"\W{0,3}(?:(?:is|was|as) )?(?:(?:my|your|his|her|our|their|the|a) )?" + _A_DOCUMENT
)
_REACH = 60  # characters before and after a number that may name it
_NUMBER = re.compile(r"[0-9](?<!\d\d)[^\W_]*+(?:[ -](?=[^\W_]{0,10}\d)[^\W_]{1,12}){0,4}(?!\w)")
_BEGINS = re.compile(r"(?:(?<![\w-])[A-Z]{1,3}[ -]|(?<![^\W_])[^\W_]{1,10})$")
_MOST_LETTERS = 12
_LEAST_DIGITS = 3
_A_DATE = re.compile(
    r"(?:19|20)\d\d-\d\d?-\d\d?|\d\d?-\d\d?-(?:19|20)\d\d"
    r"|\d\d? ?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6} ?(?:19|20)\d\d",
    re.IGNORECASE,
)
_MONTH = r"(?:jan|feb|mar|mär|apr|may|mai|jun|jul|aug|sep|oct|okt|nov|dec|dez)[^\W\d_]{0,6}\.?"
# "born in 2019" tells a year, and no day.
BORN = cue(
    "dob birth birthday birthdate born geburtsdatum geburtstag geboren",
    r"(?:dob|date of birth|birth ?(?:date|day)|born|geburts(?:datum|tag)|geboren)\b[^\d\n]{0,20}?"
    rf"(?P<date>\d{{1,4}}[./-]\d{{1,2}}[./-]\d{{2,4}}|\d{{1,2}}(?:st|nd|rd|th|\.)? (?:of )?{_MONTH}"
    rf",? \d{{2,4}}|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}})(?!\w)",
)


def find_ids(read: Legible) -> Iterator[Found]:
    """National identity, tax, passport and driver's numbers, and dates of birth."""
    text = read.text
    for digits in _DIGITS.finditer(text):
        yield from _checked(text, max(0, digits.start() - _BEFORE), digits.end() + _AFTER)
    if not read.words.isdisjoint(DOCUMENT.any_of) or "ausweis" in read.small:
        yield from _named(read)
    for match in find_cues([BORN], read):
        yield Found(Kind.ID, *match.span("date"))


def _checked(text: str, start: int, end: int) -> Iterator[Found]:
    if not _ANY_SHAPE.search(text, start, end):
        return
    for pattern, is_valid in _CHECKED:
        for match in pattern.finditer(text, start, end):
            if is_valid(match[0]):
                yield Found(Kind.ID, *match.span())


def _named(read: Legible) -> Iterator[Found]:
    text = read.text
    for match in _NUMBER.finditer(text):
        if sum(map(str.isdigit, match[0])) < _LEAST_DIGITS or _A_DATE.fullmatch(match[0]):
            continue
        end = match.end()
        for start in dict.fromkeys((_beginning(text, match.start()), match.start())):
            if _is_long_enough(text[start:end]) and _is_named(read.small, start, end):
                yield Found(Kind.ID, start, end)
                break


def _is_named(small: str, start: int, end: int) -> bool:
    """Whether words before or after a number say what it is."""
    if _NAMED_BEFORE.search(small, max(0, start - _REACH), start):
        return True
    return _NAMED_AFTER.match(small, end, end + _REACH) is not None


def _is_long_enough(number: str) -> bool:
    """Whether it is no year or count: the fewer the digits, the more letters."""
    digits = sum(map(str.isdigit, number))
    return len(number) >= (5 if digits > _LEAST_DIGITS else 8)


def _beginning(text: str, start: int) -> int:
    """Where a number begins whose first digit is at `start`: letters may stand before it."""
    letters = _BEGINS.search(text[max(0, start - _MOST_LETTERS) : start])
    return start - len(letters[0]) if letters else start
