"""What a request does wrong, in the words of the contract."""

from typing import NamedTuple


class FieldViolation(NamedTuple):
    """A field that breaks a rule: its path in the request, and what it must be."""

    field: str  # such as "variants[1].weight"
    rule: str  # as "must be ..."
