"""What a finder finds, as text."""

from server.privacy.found import Finder, settle


def found(finder: Finder, text: str) -> list[str]:
    """The pieces of a text that a finder finds, in order, none overlapping."""
    return [text[each.start : each.end] for each in settle(finder(text))]
