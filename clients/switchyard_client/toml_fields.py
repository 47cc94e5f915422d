"""Values of TOML as fields of messages: what each must be, and where it is wrong.

A reader takes a value and the place where it stands, and gives the field's value. Raises
InvalidField.
"""

import math
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, TypeAlias

from betterproto2 import Enum, Message

from switchyard_client.spans import InvalidSpan, span_of

Reader: TypeAlias = Callable[[object, str], Any]
Fields: TypeAlias = Mapping[str, Reader]


class InvalidField(ValueError):
    """A value that will not do: the message says where, and what it must be."""

    def __init__(self, place: str, problem: str) -> None:
        super().__init__(f"{place}: {problem}")


def text(value: object, place: str) -> str:
    """Text; that of several lines without white space at its ends."""
    if not isinstance(value, str):
        raise InvalidField(place, f"must be text in quotes, not {_kind(value)}")
    return value.strip()


def number(value: object, place: str) -> float:
    """A finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InvalidField(place, f"must be a number, not {_kind(value)}")
    return float(value)


def whole_number(value: object, place: str) -> int:
    """A whole number of 64 bits."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidField(place, "must be a whole number")
    if not -(2**63) <= value < 2**63:
        raise InvalidField(place, "is too large")
    return value


def flag(value: object, place: str) -> bool:
    """Yes or no."""
    if not isinstance(value, bool):
        raise InvalidField(place, f"must be true or false, not {_kind(value)}")
    return value


def span(value: object, place: str) -> timedelta:
    """A time span such as "7d"."""
    try:
        return span_of(text(value, place))
    except InvalidSpan as error:
        raise InvalidField(place, str(error)) from None


def choice(kind: type[Enum]) -> Reader:
    """One of the names of an enum, in small letters."""
    names = {str(one.name).lower(): one for one in kind if one}

    def read(value: object, place: str) -> Enum:
        if not isinstance(value, str) or value.lower() not in names:
            raise InvalidField(place, f"must be one of {', '.join(names)}")
        return names[value.lower()]

    return read


def many(reader: Reader) -> Reader:
    """A list."""

    def read(value: object, place: str) -> list[Any]:
        if not isinstance(value, list):
            raise InvalidField(place, f"must be a list, not {_kind(value)}")
        return [reader(item, f"{place}[{i}]") for i, item in enumerate(value)]

    return read


def by_key(reader: Reader) -> Reader:
    """A table of any names."""

    def read(value: object, place: str) -> dict[str, Any]:
        return {key: reader(item, f"{place}.{key}") for key, item in table(value, place).items()}

    return read


def message(kind: type[Message], fields: Fields) -> Reader:
    """A table of these names alone, as a message."""

    def read(value: object, place: str) -> Message:
        values = table(value, place)
        return kind(**read_fields(values, fields, place))

    return read


def read_fields(values: Mapping[str, object], fields: Fields, place: str = "") -> dict[str, Any]:
    """The values of a table by the names of their fields."""
    for name in values:
        if name not in fields:
            known = ", ".join(fields)
            raise InvalidField(place or "the file", f"there is no {name!r}, only {known}")
    within = f"{place}." if place else ""
    return {name: fields[name](value, f"{within}{name}") for name, value in values.items()}


def table(value: object, place: str) -> dict[str, object]:
    """A table."""
    if not isinstance(value, dict):
        raise InvalidField(place, f"must be a table, not {_kind(value)}")
    return value


_KINDS: Mapping[type, str] = {
    str: "text",
    bool: "true or false",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "a table",
}


def _kind(value: object) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return _KINDS.get(type(value), "a time")
