"""Tells whether a text repeats another, however it is set."""

LEAKED_LETTERS = 50  # in a row; ASCII letters and digits alone are compared

_NO_LETTERS = bytes(code for code in range(128) if not chr(code).isalnum())


def letters_of(text: str) -> bytes:
    """Its ASCII letters and digits, in lower case: what stays when a text is set in another way,
    spaced out, or strewn with what nobody sees.
    """
    return text.lower().encode("ascii", "ignore").translate(None, _NO_LETTERS)


def repeats(letters: bytes, others: bytes) -> bool:
    """Whether a run of 75 of these letters stands in the others; of one of 50, perhaps."""
    last = len(letters) - LEAKED_LETTERS
    places = range(0, last + 1, LEAKED_LETTERS // 2)
    return any(letters[at : at + LEAKED_LETTERS] in others for at in places)
