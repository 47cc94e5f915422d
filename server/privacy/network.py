"""Addresses of machines."""

import re
from collections.abc import Iterator
from ipaddress import ip_address

from server.privacy.found import Found, Kind
from server.privacy.legible import Legible

# What stands in every address is rare elsewhere, and begins with a sign: found fast.
_IN_V4 = re.compile(r"\.\d{1,3}\.\d")
_IN_V6 = re.compile(r":[0-9A-Fa-f]{0,4}:")
_V4 = re.compile(r"\d(?<![\w.].)\d{0,2}(?:\.\d{1,3}){3}(?!\.?\d)(?![^\W_])")
_V6 = re.compile(
    r"(?<![\w:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:\.\d{1,3}){0,3}(?![\w:])"
)
_IS_VERSION = re.compile(r"(?:version|release|build|firmware|ver\.?) {0,2}$", re.IGNORECASE)


def find_ips(read: Legible) -> Iterator[Found]:
    """IPv4 and IPv6 addresses, not version numbers or times of day."""
    if _IN_V4.search(read.text):
        yield from _v4(read.text)
    if _IN_V6.search(read.text):
        yield from _v6(read.text)


def _v4(text: str) -> Iterator[Found]:
    for match in _V4.finditer(text):
        before = text[max(0, match.start() - 10) : match.start()]
        if _is_address(match[0]) and not _IS_VERSION.search(before):
            yield Found(Kind.IP, *match.span())


def _v6(text: str) -> Iterator[Found]:
    for match in _V6.finditer(text):
        # "a::b" is more often code than an address.
        if any(map(str.isdigit, match[0])) and _is_address(match[0]):
            yield Found(Kind.IP, *match.span())


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
