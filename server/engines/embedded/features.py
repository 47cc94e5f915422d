"""Text to hashed features: words, words in a row, and runs of 3, 4 and 5 bytes.

Models of many texts also read which words stand near each other, whatever their order and ending.
Training and serving both call `bucket_ids`, so a model always meets the features it learned.
"""

import unicodedata
from enum import IntEnum

import numpy as np
import numpy.typing as npt

BUCKETS = 1 << 18
HALF = 1 << 19  # of the buckets of APART: runs of bytes fall below, words into the rest
READ_BYTES = 8 * 1024  # of the normalised text; compatibility forms can grow when normalised

Buckets = npt.NDArray[np.uint32]


class FeatureSet(IntEnum):
    """What of a text a model reads; the numbers are stored with it."""

    PLAIN = 0  # words, two in a row, runs of bytes
    NEAR = 1  # words near each other, too; no longer trained
    APART = 2  # the same, and runs of bytes in other buckets than words: for two machines

    @property
    def buckets(self) -> int:
        """How many there are."""
        return BUCKETS if self is FeatureSet.PLAIN else 2 * HALF


_SPACE = 32
_GRAM_PRIME = np.uint32(0x9E3779B1)
_WORD_PRIME = 0x01000193  # odd, therefore invertible modulo 2**32
_MIX = np.uint32(0x85EBCA6B)
_STEM_BYTES = 4  # of a word that make it the same as another
_NEAR = np.arange(1, 13)  # words further on


def _character_classes() -> bytes:
    """ASCII letters and all of UTF-8's upper half stay, digits become "0", the rest spaces."""
    table = bytearray(range(256))
    for code in range(128):
        character = chr(code)
        if character.isdigit():
            table[code] = ord("0")
        elif not character.isalpha():
            table[code] = _SPACE
    return bytes(table)


def _powers(base: int) -> Buckets:
    factors = np.full(READ_BYTES + 3, base, np.uint32)
    factors[0] = 1
    return np.multiply.accumulate(factors, dtype=np.uint32)


_CLASSES = _character_classes()
_POWERS = _powers(_WORD_PRIME)
_INVERSES = _powers(pow(_WORD_PRIME, -1, 1 << 32))


def normalise(text: str) -> bytes:
    """Lower-case words in UTF-8 with one space before, between and after them."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).replace("\u2019", "'")
    words = text.lower().encode(errors="replace").translate(_CLASSES, b"'").split()
    return b" %b " % b" ".join(words)[:READ_BYTES]


def bucket_ids(text: str, features: FeatureSet = FeatureSet.PLAIN) -> Buckets:
    """The buckets that the text falls into: sorted, each once; none where no word is."""
    codes = np.frombuffer(normalise(text), np.uint8).astype(np.uint32)
    if len(codes) <= 2:  # the outer spaces alone
        return np.empty(0, np.uint32)
    (spaces,) = (codes == _SPACE).nonzero()
    spelling, words = _byte_grams(codes), _word_grams(codes, spaces)
    if features is FeatureSet.PLAIN:
        return _buckets(BUCKETS, *spelling, *words)
    near = _near_words(codes, spaces)
    if features is FeatureSet.NEAR:
        return _buckets(2 * HALF, *spelling, *words, near)
    said = _buckets(HALF, *words, near)
    said += np.uint32(HALF)
    return np.concatenate((_buckets(HALF, *spelling), said))


def _buckets(number: int, *hashes: Buckets) -> Buckets:
    """The hashes as places below `number`, a power of two: sorted, each once."""
    mixed = np.concatenate(hashes)
    mixed *= _MIX
    mixed ^= mixed >> np.uint32(15)
    mixed *= _GRAM_PRIME
    mixed >>= np.uint32(33 - number.bit_length())
    return _distinct(mixed)


def _byte_grams(codes: Buckets) -> tuple[Buckets, ...]:
    three = (codes[:-2] * _GRAM_PRIME + codes[1:-1]) * _GRAM_PRIME + codes[2:]
    four = three[:-1] * _GRAM_PRIME + codes[3:]
    five = four[:-1] * _GRAM_PRIME + codes[4:]
    return three, four, five


def _word_grams(codes: Buckets, spaces: npt.NDArray[np.intp]) -> tuple[Buckets, Buckets]:
    """Hashes of words and of two in a row: differences of one running sum, moved to its origin."""
    sums = (codes * _POWERS[: len(codes)]).cumsum(dtype=np.uint32)
    at_spaces = sums.take(spaces)
    origins = _INVERSES.take(spaces)
    words = (at_spaces[1:] - at_spaces[:-1]) * origins[:-1]
    pairs = (at_spaces[2:] - at_spaces[:-2]) * origins[:-2]
    return words, pairs


def _near_words(codes: Buckets, spaces: npt.NDArray[np.intp]) -> Buckets:
    """Hashes of two words that stand near each other, the same in either order."""
    stems = _stems(codes, spaces)
    places = np.arange(len(stems))
    further = places[:, None] + _NEAR
    there = further < len(stems)
    ones = stems.repeat(there.sum(axis=1))
    others = stems.take(further[there])
    lower, upper = np.minimum(ones, others), np.maximum(ones, others)
    return (lower * _GRAM_PRIME + upper) * _GRAM_PRIME + np.uint32(_SPACE)


def _stems(codes: Buckets, spaces: npt.NDArray[np.intp]) -> Buckets:
    """Hashes of the words' beginnings."""
    places = spaces[:-1, None] + np.arange(1, _STEM_BYTES + 1)
    ends = spaces[1:, None]
    letters = codes.take(np.minimum(places, len(codes) - 1)) * (places < ends)
    stems: Buckets = (letters * _POWERS[:_STEM_BYTES]).sum(axis=1, dtype=np.uint32)
    return stems


def _distinct(hashes: Buckets) -> Buckets:
    hashes.sort()
    first = np.empty(len(hashes), np.bool_)
    first[0] = True
    np.not_equal(hashes[1:], hashes[:-1], out=first[1:])
    return hashes.compress(first)
