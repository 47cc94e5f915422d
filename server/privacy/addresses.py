"""Postal addresses, where a plain rule finds them: street and number, box, town and postal code.

Every rule starts from a number: what stands before and after it says whether it is a house, a
flat, a box or a postal code.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from server.privacy.cues import cue, find_cues, words
from server.privacy.found import Found, Kind
from server.privacy.legible import Legible
from server.privacy.people import may_be_small_name

_IN_WORDS = r"[\w'\u2019./#-]"
_FLOW = r"(?:,?[ \t]{1,2}|,)"  # between words of one line and one sentence
_WORD = re.compile(rf"{_IN_WORDS}+")
_NEXT_WORD = re.compile(rf"{_FLOW}({_IN_WORDS}+)")
_FLOWS = re.compile(_FLOW)
# And whether a name follows.
_BEGINS_WITH_DIGIT = re.compile(
    rf"[0-9](?<!{_IN_WORDS}.){_IN_WORDS}*+"
    r"(?=(?P<name>,?[ \t]{1,2}(?:\d{1,6},?[ \t])?"
    r"(?:[^\W\d_a-z]|rue |avenue |calle |via |rua |strada ))?)"
)
_REACH = 70  # characters around a number that may tell what it is
_LONGEST_WORD = 32  # characters
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
_SMALL = words("de la le du des del della di da do dos van von der den the of y u")

ANNOUNCES = cue(
    """
    address live lives lived living located deliver delivered delivery ship shipped shipping move
    moved send sent adresse wohne dirección
    """,
    r"(?:address(?: is|'s| to|:)|liv(?:e|ed|es|ing) (?:at|in)|located (?:at|in)"
    r"|deliver(?:ed|y)? (?:to|at)|ship(?:ped|ping)? to|moved? to|send (?:it )?to|sent to"
    r"|adresse(?: ist| est|:)|wohne in|dirección(?: es|:))\s{1,3}",
)
# In small letters: "12 high street, london nw1 6xe". Only words that mean little else tell it.
_SMALL_STREET = cue(
    "street road avenue lane boulevard crescent ave rd blvd",
    r"\d{1,5}[a-z]?,?[ \t]{1,2}(?P<name>(?:[^\W\d_][\w'\u2019.-]{1,20}[ \t]{1,2}){1,3})"
    r"(?:street|road|avenue|lane|boulevard|crescent|ave|rd|blvd)\b"
    r"(?P<place>,[ \t]{0,2}(?P<town>[^\W\d_]{3,20}(?:[ \t][^\W\d_]{3,20})?)"
    r"(?:,?[ \t](?:[a-z]{1,2}\d[a-z\d]?[ \t]?\d[a-z]{2}|\d{5}))?"
    r"(?=[ \t]*(?:[,.;\n]|$|and\b|but\b)))?",
)
_NO_STREET = words("""
    a an the on in at of off to from by for with and or down up along across near per my our your
    hour hours day days week weeks month months year years minute minutes mile miles km people
    users items times
    """)
_MOST_ANNOUNCED = 120  # characters
_WITHIN = re.compile(r"[\s,]{0,5}")
# What may stand between two parts of one address: its town, its country.
_BETWEEN = re.compile(r"[\s,.]{0,4}(?:[^\W\d_a-z][\w'\u2019()-]{0,30}+[\s,.]{0,4}){0,5}")
_MOST_BETWEEN = 60

Word = re.Match[str]
Span = tuple[int, int]


def find_addresses(read: Legible) -> Iterator[Found]:
    """Postal addresses of several forms; parts that stand together are one."""
    text = read.text
    parts: list[Span] = []
    for number in _BEGINS_WITH_DIGIT.finditer(text):
        previous = _previous(number)
        tells = _tells(previous)
        if tells or number["name"]:
            parts += _street_after(number)
            if tells or not previous.islower():
                parts += _ending(_preceding(number))
    for announced in find_cues([ANNOUNCES], read):
        parts += _announced(text, announced.end())
    for street in find_cues([_SMALL_STREET], read):
        parts += _in_small_letters(street)
    yield from _joined(text, sorted(parts))


def _previous(number: Word) -> str:
    """The word before a number, or its end."""
    before = number.string[max(0, number.start() - _LONGEST_WORD) : number.start()]
    return "".join(before.rsplit(None, 1)[-1:])


def _tells(previous: str) -> bool:
    """Whether a closer look is worth while, by the word before a number."""
    if previous[:1].isupper():
        return True
    bare = previous.strip("(.,").lower()
    return bare in _UNITS or bare.endswith(_ENDS)


def _preceding(number: Word) -> list[Word]:
    """A number and the words before it, backwards, of the same line and sentence."""
    start = max(0, number.start() - _REACH)
    words = [*_WORD.finditer(number.string, start, number.end())][::-1]
    line = words[:1]
    for word, earlier in pairwise(words):
        if not _FLOWS.fullmatch(word.string, earlier.end(), word.start()):
            break
        line.append(earlier)
    return line[:_MOST_WORDS]


def _following(number: Word) -> Iterator[Word]:
    """The words after a number, of the same line and sentence."""
    end = number.end()
    furthest = end + _REACH
    for _ in range(1, _MOST_WORDS):
        word = _NEXT_WORD.match(number.string, end, furthest)
        if word is None:
            return
        yield word
        end = word.end()


def _ending(before: Sequence[Word]) -> Iterator[Span]:
    """Parts of an address that end with a number; `before` begins with it and reads backwards."""
    end, number = before[0].end(), before[0][0].rstrip(".")
    if _NUMBER.fullmatch(number):
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


def _street_after(number: Word) -> Iterator[Span]:
    """A street behind its house number: to the last word that says what kind it is."""
    if not _NUMBER.fullmatch(number[0].rstrip(".")):
        return
    end = 0
    is_in_front = False
    for place, word in enumerate(_following(number), 1):
        bare = word[1].lower().rstrip(".")
        if bare in _KINDS_OF_STREET and place > 1:
            end = word.end()
        if bare in _KINDS_IN_FRONT:
            is_in_front = True
        elif is_in_front:
            end = word.end()
        elif not _may_be_name(word[1]):
            break
    if end:
        yield number.start(), end


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


def _in_small_letters(street: Word) -> Iterator[Span]:
    """A street in small letters, with its town where a name could stand for one."""
    if not _NO_STREET.isdisjoint(street["name"].split()):
        return
    is_town = all(map(may_be_small_name, (street["town"] or "").split()))
    yield street.start(), street.end() if is_town else street.start("place")


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
