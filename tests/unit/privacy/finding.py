"""What a rule finds, as text."""

from server.privacy.found import settle
from server.privacy.legible import legible
from server.privacy.redaction import Rule


def found(rule: Rule, text: str) -> list[str]:
    """The pieces of a text that a rule finds, in order, none overlapping."""
    return [text[each.start : each.end] for each in settle(rule(legible(text)))]
