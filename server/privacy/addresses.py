"""Postal addresses, where a plain rule finds them: street and number, box, town and postal code.

Every rule starts from a number: what stands before and after it says whether it is a house, a
flat, a box or a postal code.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from server.privacy.cues import cues, lowered, words
from server.privacy.found import Found, Kind

_WORD = re.compile(r"[\w'\u2019./#-]+")
_BEGINS_WITH_DIGIT = re.compile(r"\d(?<![\w'\u2019./#-].)[\w'\u2019./#-]*+")
_A_DIGIT = re.compile(r"\d")
_REACH = 70  # characters around a number that may tell what it is
_LONGEST_WORD = 32  # characters
_FLOWS = re.compile(r",?[ \t]{1,2}|,")  # between words of one line and one sentence
_NUMBER = re.compile(r"\d{1,6}[A-Za-z]?(?:[-/]\d{1,4}[A-Za-z]?)?")
_MOST_WORDS = 8  # of a street with its numbers

# After house number and name: "12 High Street".
_KINDS_OF_STREET = words("""
    street st road rd avenue ave lane ln drive dr court courts ct boulevard blvd way place pl square
    sq terrace crescent cres close highway hwy parkway pkwy trail circle cir alley grove gardens
    mews hill row walk quay
    """)
# Before the name, the number before or after it all: "12 rue de la Paix", "Via Roma 3".
_KINDS_IN_FRONT = words("""
    rue avenue av boulevard allée chemin quai via viale piazza calle avenida plaza paseo rua rúa
    travessa estrada strada ulica ul rúe
    """)
# The end of the name itself: "Hauptstraße 5".
_ENDS = (
    *("straße", "strasse", "str", "gasse", "weg", "allee", "platz", "damm", "ufer"),
    *("straat", "laan", "plein", "gracht", "kade", "gata", "gatan", "vägen"),
    *("vej", "veien", "vegen", "gade", "katu", "kuja", "utca"),
)
_LEAST_STREET = 6  # letters, where the end of the word alone tells
_UNITS = words("box apt apartment suite ste flat postfach apartado")
_BOXES = words("po p.o box psc unit cmr")
_STATES = words("""
    AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM
    NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY PR AA AE AP
    """)
_ZIP = re.compile(r"\d{5}(?:-\d{4})?")
_SPLIT_CODES = (
    (re.compile(r"[A-Z]{1,2}\d[A-Z\d]?"), re.compile(r"\d[A-Z]{2}")),  # Britain
    (re.compile(r"[A-Z]\d[A-Z]"), re.compile(r"\d[A-Z]\d")),  # Canada
)
_NAME_FOLLOWS = re.compile(
    r",?[ \t]{1,2}(?:\d{1,6},?[ \t])?(?:[^\W\d_a-z]|rue |avenue |calle |via |rua |strada )"
)
_CODE = re.compile(r"\d{5}(?<=\b[A-Z]{2} .....)|\d[A-Z]{2}\b|\d[A-Z]\d\b")
_TELLING = _KINDS_OF_STREET | _KINDS_IN_FRONT | _UNITS
_SMALL = words("de la le du des del della di da do dos van von der den the of y u")

_ANNOUNCES = re.compile(
    r"(?:address(?: is|'s| to|:)|liv(?:e|ed|es|ing) (?:at|in)|located (?:at|in)"
    r"|deliver(?:ed|y)? (?:to|at)|ship(?:ped|ping)? to|moved? to|send (?:it )?to|sent to"
    r"|adresse(?: ist| est|:)|wohne in|dirección(?: es|:))\s{1,3}"
)
_MOST_ANNOUNCED = 120  # characters
_WITHIN = re.compile(r"[\s,]{0,5}")
# What may stand between two parts of one address: its town, its country.
_BETWEEN = re.compile(r"[\s,.]{0,4}(?:[^\W\d_a-z][\w'\u2019()-]{0,30}+[\s,.]{0,4}){0,5}")
_MOST_BETWEEN = 60

Word = re.Match[str]
Span = tuple[int, int]


def find_addresses(text: str) -> Iterator[Found]:
    """Postal addresses of several forms; parts that stand together are one."""
    if not _A_DIGIT.search(text):
        return
    parts: list[Span] = []
    for number in _BEGINS_WITH_DIGIT.finditer(text):
        start = max(0, number.start() - _REACH)
        if _may_belong(text, number) and _tells(text[start : number.end() + _REACH]):
            before = _line([*_WORD.finditer(text, start, number.end())][::-1])
            after = _line([*_WORD.finditer(text, number.start(), number.end() + _REACH)])
            parts += _around(before[:_MOST_WORDS], after[:_MOST_WORDS])
    for announced in cues(_ANNOUNCES, lowered(text)):
        parts += _announced(text, announced.end())
    yield from _joined(text, sorted(parts))


def _may_belong(text: str, number: re.Match[str]) -> bool:
    """Whether a closer look is worth while: a name stands after the number, or before it."""
    if _NAME_FOLLOWS.match(text, number.end()):
        return True
    before = text[max(0, number.start() - _LONGEST_WORD) : number.start()].rsplit(None, 1)[-1:]
    if not before or before[0][0].isupper():
        return bool(before)
    word = before[0].rstrip(".,").lower()
    return word in _UNITS or word.endswith(_ENDS)


def _tells(around: str) -> bool:
    """Whether a word or a postal code among these says what kind of number there is."""
    bare = [word.strip(".,:;()") for word in around.lower().split()]
    if not _TELLING.isdisjoint(bare) or any(word.endswith(_ENDS) for word in bare):
        return True
    return _CODE.search(around) is not None


def _line(words: Sequence[Word]) -> list[Word]:
    """Words up to the first that does not belong to the same line and sentence."""
    line = [*words[:1]]
    for last, word in pairwise(words):
        first, second = (last, word) if last.start() < word.start() else (word, last)
        if not _FLOWS.fullmatch(word.string, first.end(), second.start()):
            break
        line.append(word)
    return line


def _around(before: Sequence[Word], after: Sequence[Word]) -> Iterator[Span]:
    """Parts of an address around a number; `before` reads backwards, both begin with it."""
    end, number = before[0].end(), before[0][0].rstrip(".")
    if _NUMBER.fullmatch(number):
        yield from _street_after(after)
        yield from _street_before(before)
    if len(before) < 2:
        return
    previous = before[1]
    bare = previous[0].lower().rstrip(".")
    if bare == "box":
        yield from ((word.start(), end) for word in before[2:4] if _names_box(word))
    elif bare in _UNITS:
        yield previous.start(), end
    follows_town = before[2:] and before[2][0][0].isupper()
    if follows_town and previous[0] in _STATES and _ZIP.fullmatch(number):
        yield previous.start(), end
    if any(a.fullmatch(previous[0]) and b.fullmatch(number) for a, b in _SPLIT_CODES):
        yield previous.start(), end


def _names_box(word: Word) -> bool:
    """Whether it is "P.O.", or the "PSC" of "PSC 12, Box 3"."""
    return word[0].lower().rstrip(".") in _BOXES


def _street_after(words: Sequence[Word]) -> Iterator[Span]:
    """A street behind its house number: to the last word that says what kind it is."""
    end = 0
    is_in_front = False
    for place, word in enumerate(words[1:], 1):
        bare = word[0].lower().rstrip(".")
        if bare in _KINDS_OF_STREET and place > 1:
            end = word.end()
        if bare in _KINDS_IN_FRONT:
            is_in_front = True
        elif is_in_front:
            end = word.end()
        elif not _may_be_name(word[0]):
            break
    if end:
        yield words[0].start(), end


def _street_before(words: Sequence[Word]) -> Iterator[Span]:
    """A street before its house number, perhaps with another number in front."""
    for place, word in enumerate(words[1:], 1):
        bare = word[0].lower().rstrip(".")
        is_kind = bare in _KINDS_IN_FRONT and place > 1
        if is_kind or (len(bare) >= _LEAST_STREET and bare.endswith(_ENDS)):
            first = words[place + 1] if words[place + 1 :] else word
            yield (first if first[0].isdigit() else word).start(), words[0].end()
            return
        if not _may_be_name(word[0]):
            return


def _may_be_name(word: str) -> bool:
    return not word[0].islower() or word.lower() in _SMALL


def _announced(text: str, start: int) -> Iterator[Span]:
    """Capitalised words and numbers after "my address is" and the like, at least one number."""
    end, has_number = start, False
    for word in _WORD.finditer(text, start, start + _MOST_ANNOUNCED):
        if not (_may_be_name(word[0]) and _WITHIN.fullmatch(text, end, word.start())):
            break
        has_number = has_number or word[0][0].isdigit()
        end = word.end()
        if word[0].endswith(".") and len(word[0]) > 5:  # the end of the sentence, no abbreviation
            break
    if has_number:
        yield start, end - (text[end - 1] == ".")


def _joined(text: str, parts: Sequence[Span]) -> Iterator[Found]:
    """Parts that stand together, as one."""
    if not parts:
        return
    start, end = parts[0]
    for part_start, part_end in parts[1:]:
        if part_start > end and not _stand_together(text[end:part_start]):
            yield Found(Kind.ADDRESS, start, end)
            start = part_start
        end = max(end, part_end)
    yield Found(Kind.ADDRESS, start, end)


def _stand_together(between: str) -> bool:
    return len(between) <= _MOST_BETWEEN and _BETWEEN.fullmatch(between) is not None
