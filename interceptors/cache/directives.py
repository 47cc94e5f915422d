"""What a caller asks of the cache in its metadata `cache-control`, as in HTTP (RFC 9111)."""

import math
from dataclasses import dataclass

CACHE_CONTROL = "cache-control"


@dataclass(frozen=True, slots=True)
class Directives:
    """Without any, a kept answer is as good as a new one."""

    no_cache: bool = False  # make the answer anew, and keep it
    no_store: bool = False  # leave the cache alone
    most_age_s: float = math.inf  # of a kept answer


NO_DIRECTIVES = Directives()


def read_directives(value: str | bytes) -> Directives:
    """The directives in `value`. Unknown and malformed ones are ignored, as HTTP has it."""
    if isinstance(value, bytes):
        return NO_DIRECTIVES
    words = {word.strip().lower() for word in value.split(",")}
    ages = [_seconds(word) for word in words if word.startswith("max-age=")]
    return Directives("no-cache" in words, "no-store" in words, min(ages, default=math.inf))


def _seconds(max_age: str) -> float:
    digits = max_age.removeprefix("max-age=")
    return float(digits) if digits.isascii() and digits.isdecimal() else math.inf
