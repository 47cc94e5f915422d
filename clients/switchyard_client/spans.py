"""Time spans as people write them."""

import re
from datetime import timedelta

_UNITS = {
    "ms": "milliseconds",
    "s": "seconds",
    "m": "minutes",
    "h": "hours",
    "d": "days",
    "w": "weeks",
}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdw])")


class InvalidSpan(ValueError):
    """A text that is no time span."""


def span_of(text: str) -> timedelta:
    """Of a text such as 500ms, 90s, 15m, 24h, 30d, 2w. Raises InvalidSpan."""
    match = _SPAN.fullmatch(text.strip())
    if match is None:
        raise InvalidSpan(f"{text!r} is no time span such as 500ms, 90s, 15m, 24h, 30d")
    try:
        return timedelta(**{_UNITS[match[2]]: float(match[1])})
    except OverflowError:
        raise InvalidSpan(f"{text!r} is too long") from None
