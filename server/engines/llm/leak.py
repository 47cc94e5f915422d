"""Tells whether a text repeats another, however it is set."""

import re
from binascii import a2b_base64
from collections.abc import Callable, Iterable, Iterator

LEAKED_LETTERS = 50  # in a row; ASCII letters and digits alone are compared

_NO_LETTERS = bytes(code for code in range(128) if not chr(code).isalnum())
_BASE64 = re.compile(r"[A-Za-z0-9+/]{16,}")
_HEX = re.compile(r"[0-9a-f]{24,}")
_HEX_BYTE = re.compile(r"\b0x|\\x", re.IGNORECASE)  # begins 0x49, \x49
_STANDARD = str.maketrans("-_", "+/")  # of what URLs hold


def letters_of(text: str) -> bytes:
    """Its ASCII letters and digits, in lower case: what stays when a text is set in another way,
    spaced out, or strewn with what nobody sees.
    """
    return text.lower().encode("ascii", "ignore").translate(None, _NO_LETTERS)


def readings_of(text: str) -> Iterator[bytes]:
    """The letters of a text: as it stands, from its end, and of what it is as base64 or as hex."""
    letters = letters_of(text)
    yield letters
    yield letters[::-1]
    lines = "".join(text.splitlines()).translate(_STANDARD)
    yield _decoded(_BASE64.findall(lines), a2b_base64, 4)
    digits = letters_of(_HEX_BYTE.sub("", text)).decode()
    yield _decoded(_HEX.findall(digits), bytes.fromhex, 2)


def repeats(letters: bytes, others: bytes) -> bool:
    """Whether a run of 75 of these letters stands in the others; of one of 50, perhaps."""
    last = len(letters) - LEAKED_LETTERS
    places = range(0, last + 1, LEAKED_LETTERS // 2)
    return any(letters[at : at + LEAKED_LETTERS] in others for at in places)


def _decoded(runs: Iterable[str], decode: Callable[[str], bytes], digits: int) -> bytes:
    """The letters of what is encoded, with so many digits to a piece, from each place on where it
    may begin: words before it may be of the same digits.
    """
    parts = (
        run[start : start + (len(run) - start) // digits * digits]
        for run in runs
        for start in range(digits)
    )
    return b"\n".join(letters_of(decode(part).decode("latin-1")) for part in parts)
