"""What finders find, and what becomes of findings that overlap."""

from collections.abc import Iterable
from enum import StrEnum
from operator import attrgetter
from typing import NamedTuple, Protocol


class Kind(StrEnum):
    """What was found, the most specific first; the value is the word of its placeholders."""

    SECRET = "SECRET"  # noqa: S105  # the name of a kind
    IBAN = "IBAN"
    CARD = "CARD"
    ID = "ID"  # a national identity, tax, passport or driver's number, a date of birth
    CUSTOMER = "CUSTOMER"  # an identifier of the customer on record
    EMAIL = "EMAIL"
    IP = "IP"
    PHONE = "PHONE"
    ADDRESS = "ADDRESS"
    NAME = "NAME"


RANK = {kind: rank for rank, kind in enumerate(Kind)}


class Found(NamedTuple):
    """One piece of personal data: text[start:end]."""

    kind: Kind
    start: int
    end: int


class Finder(Protocol):
    """Finds personal data in a text, in any order, in time linear in its length."""

    def __call__(self, text: str, /) -> Iterable[Found]:
        """Where it is. Findings may overlap."""


def settle(findings: Iterable[Found]) -> list[Found]:
    """Findings in order, none overlapping: what overlaps becomes one, of the kind of its longest
    part, or of the most specific among parts of the same length.

    The whole is covered, so that no end of a shorter finding stays in clear.
    """
    settled: list[Found] = []
    longest = 0
    for found in sorted(findings, key=attrgetter("start")):
        length = found.end - found.start
        if not settled or found.start >= settled[-1].end:
            settled.append(found)
            longest = length
            continue
        last = settled[-1]
        is_better = (-length, RANK[found.kind]) < (-longest, RANK[last.kind])
        kind = found.kind if is_better else last.kind
        longest = max(longest, length)
        settled[-1] = Found(kind, last.start, max(last.end, found.end))
    return settled
