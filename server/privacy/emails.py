"""E-mail addresses."""

import re
from collections.abc import Iterator

from server.privacy.found import Found, Kind
from server.privacy.legible import Legible

# Each run of characters is tried once, from its beginning, and never given back: linear time.
# A quote before the address is not part of it, an apostrophe inside is.
_ADDRESS = re.compile(r"(?<![\w.+%'&-])'*+([\w.+%'&-]++@[\w-]++(?:\.[\w-]++)++)")
# As links write it: "mailto:joe%40example.com".
_ENCODED = re.compile(r"(?<![\w.+'&-])[\w.+'&-]++%40[\w-]++(?:\.[\w-]++)++")
_QUOTED = re.compile(r'"[^"\n@]{1,64}"@[\w-]++(?:\.[\w-]++)++')
# "3 @ 5.99" is a price: what ends in a word is an address. A line may end behind the sign.
_SPACED = re.compile(
    r"(?<![\w.+-])[\w.+-]++(?: ?@ {1,2}|@ ?\r?\n)[\w-]++(?:\.[\w-]++)++(?<=[^\W\d_]{2})"
)
_SPELLED = re.compile(
    r"(?<![\w.+-])[\w.+-]++ ?[\[(] ?at ?[\])] ?"
    r"[\w-]++(?:(?:\.| ?[\[(] ?dot ?[\])] ?)[\w-]++)++",
    re.IGNORECASE,
)
# "Look at the dot in it": what ends in a domain that is no other word is an address.
_IN_WORDS = re.compile(
    r"(?<![\w.+-])[\w.+-]++(?: dot [\w.+-]++){0,3} at (?:[\w-]++ dot ){1,4}"
    r"(?:com|org|net|edu|gov|io|info|biz|dev|eu|uk|ca|au|de|fr|es|nl|ch|ie)"
    r"(?!\w)"
)


def find_emails(read: Legible) -> Iterator[Found]:
    """E-mail addresses, also those spelled "joe [at] example [dot] com", or "joe at ..."."""
    text = read.text
    for match in _in_one_piece(_ADDRESS, "@", text):
        yield Found(Kind.EMAIL, *match.span(1))
    for match in _in_one_piece(_ENCODED, "%40", text):
        yield Found(Kind.EMAIL, *match.span())
    for sign, pattern in (('"@', _QUOTED), ("@ ", _SPACED), ("@\n", _SPACED), ("@\r", _SPACED)):
        if sign in text:
            for match in pattern.finditer(text):
                yield Found(Kind.EMAIL, *match.span())
    if "at]" in text or "at)" in text or "AT]" in text:
        for match in _SPELLED.finditer(text):
            yield Found(Kind.EMAIL, *match.span())
    if " dot " in read.small:
        for match in _IN_WORDS.finditer(read.small):
            yield Found(Kind.EMAIL, *match.span())


def _in_one_piece(pattern: re.Pattern[str], sign: str, text: str) -> Iterator[re.Match[str]]:
    """Matches that hold the sign, and no space: looked for from the words in which it stands."""
    end = 0
    while (place := text.find(sign, end)) >= 0:
        match = pattern.search(text, max(end, text.rfind(" ", end, place) + 1))
        if match is None:
            return
        yield match
        end = match.end()
