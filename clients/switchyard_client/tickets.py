"""Tickets from named values: which column is which field, and which values will do.

`record_files.py` reads the files; this module knows no format.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Self

from switchyard_client.messages.switchyard.triage.v1 import Channel, Ticket
from switchyard_client.records import UnreadableInput

FIELDS = (
    "id",
    "subject",
    "body",
    "customer_id",
    "channel",
    "language_hint",
    "created_time",
    "attributes",
)
_ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "language": "language_hint",
        "languagehint": "language_hint",
        "customerid": "customer_id",
        "createdtime": "created_time",
    }
)
# Names that texts of tickets go by elsewhere, to suggest one of them.
_LIKELY_BODIES = ("text", "message", "description", "content", "comment", "ticket", "question")
_CHANNELS = {str(c.name).lower(): c for c in Channel if c}
_MOST_COLUMNS = 10_000  # of all rows together; JSON may name others in every row


class NoBodyColumn(UnreadableInput):
    """No column is the body of a ticket."""

    def __init__(self, columns: Iterable[str], wanted: str = "body") -> None:
        self.columns = tuple(columns)
        found = ", ".join(self.columns[:20]) or "none"
        guess = next((c for c in self.columns if c.casefold() in _LIKELY_BODIES), "COLUMN")
        super().__init__(
            f"no column is named {wanted!r}; found: {found}. Name the column that holds "
            f"the customer's text: --map body={guess}"
        )


class InvalidMapping(ValueError):
    """A --map that says nothing usable."""


class InvalidTicket(ValueError):
    """A row that makes no ticket: the message says which value will not do, and why."""


@dataclass(frozen=True, slots=True)
class Row:
    """A ticket and its place in the input, counted from 1."""

    number: int
    ticket: Ticket


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that makes no ticket. `ticket_id` is empty when it could not be read."""

    number: int
    ticket_id: str
    problem: str


class ColumnMap:
    """Which column is which field of a ticket, by name unless the caller says otherwise."""

    def __init__(self, chosen: Mapping[str, str] | None = None) -> None:
        """`chosen`: field to column; a field that is mapped is not looked for by its own name."""
        self.chosen = dict(chosen or {})
        self._fields: dict[str, str] = {}  # column -> field; "" = ignored

    @classmethod
    def parse(cls, options: Iterable[str]) -> Self:
        """Of texts such as "body=text" or "body=text,attributes.plan=tier".

        Raises InvalidMapping.
        """
        chosen: dict[str, str] = {}
        for pair in (pair for option in options for pair in option.split(",")):
            name, equals, column = (part.strip() for part in pair.partition("="))
            if not equals or not name:
                raise InvalidMapping(f"{pair!r} is not FIELD=COLUMN, such as body=text")
            chosen[_checked_field(name)] = column
        return cls(chosen)

    def field(self, column: str) -> str:
        """The field that a column holds; empty when it holds none."""
        found = self._fields.get(column)
        if found is None:
            if len(self._fields) >= _MOST_COLUMNS:
                self._fields.clear()
            found = self._fields[column] = self._find(column)
        return found

    def suffice(self, names: Iterable[str]) -> bool:
        """Whether one of the columns is the body."""
        return any(self.field(column) == "body" for column in names)

    def used(self, names: Iterable[str]) -> list[str]:
        """The columns that hold a field."""
        return [column for column in names if self.field(column)]

    def refusal(self, names: Iterable[str]) -> UnreadableInput:
        """Why columns without a body will not do."""
        return NoBodyColumn(names, self.chosen.get("body", "body"))

    def missing(self, names: Iterable[str]) -> list[str]:
        """The columns that the caller named and that are not there."""
        present = set(names)
        return [column for column in self.chosen.values() if column and column not in present]

    def _find(self, column: str) -> str:
        for name, chosen in self.chosen.items():
            if chosen == column:
                return name
        name = _field_named(column)
        return "" if name in self.chosen else name


def _checked_field(name: str) -> str:
    field = _field_named(name)
    if not field:
        raise InvalidMapping(f"{name!r} is no field; there are {', '.join(FIELDS)}, attributes.KEY")
    return field


def _field_named(column: str) -> str:
    for prefix in ("attributes.", "attr."):
        if column.casefold().startswith(prefix) and len(column) > len(prefix):
            return f"attributes.{column[len(prefix) :]}"
    name = column.strip().casefold().replace(" ", "_").replace("-", "_")
    name = _ALIASES.get(name, name)
    return name if name in FIELDS else ""


def row_of(number: int, values: Mapping[str, object], columns: ColumnMap) -> Row | BadRow:
    """The ticket of a row, or what is wrong with it. `values` go by column."""
    fields = {columns.field(column): value for column, value in values.items()}
    fields.pop("", None)
    try:
        ticket_id = _line(fields.get("id"), "id") or str(number)
    except InvalidTicket as error:
        return BadRow(number, "", str(error))
    try:
        return Row(number, _ticket(ticket_id, fields, values))
    except InvalidTicket as error:
        return BadRow(number, ticket_id, str(error))


def _ticket(ticket_id: str, fields: Mapping[str, object], values: Mapping[str, object]) -> Ticket:
    if "body" not in fields:
        raise InvalidTicket(f"no body; the row has {_names(values) or 'nothing'}")
    ticket = Ticket(id=ticket_id, body=_text(fields["body"], "body"))
    if not ticket.body:
        raise InvalidTicket("body: is empty")
    ticket.attributes = _attributes(fields)
    if subject := fields.get("subject"):
        ticket.subject = _text(subject, "subject")
    if customer := fields.get("customer_id"):
        ticket.customer_id = _line(customer, "customer_id")
    if channel := fields.get("channel"):
        ticket.channel = _channel(channel)
    if hint := fields.get("language_hint"):
        ticket.language_hint = _line(hint, "language_hint")
    if time := fields.get("created_time"):
        ticket.created_time = _time(time)
    return ticket


def _names(values: Mapping[str, object]) -> str:
    """The first columns of a row, as text that can be written; JSON may hold half of a pair."""
    return ", ".join(list(values)[:20]).encode(errors="backslashreplace").decode()


def _text(value: object, name: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidTicket(f"{name}: must be text, not {_kind(value)}")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise InvalidTicket(f"{name}: holds half of a surrogate pair") from None
    return value


def _line(value: object, name: str) -> str:
    """Text without white space around it; numbers will do, ids often are."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return _text(value, name).strip()


def _channel(value: object) -> Channel:
    name = _line(value, "channel").casefold().removeprefix("channel_").replace("e-mail", "email")
    try:
        return _CHANNELS[name]
    except KeyError:
        known = ", ".join(_CHANNELS)
        raise InvalidTicket(
            f"channel: {value!r} is none of {known}; to leave the column out: --map channel="
        ) from None


def _time(value: object) -> datetime:
    """RFC 3339 or ISO 8601; UTC where it names no zone."""
    try:
        time = datetime.fromisoformat(_line(value, "created_time"))
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidTicket(
            f"created_time: {str(value)[:40]!r} is no RFC 3339 time such as 2026-11-16T06:12:03Z"
        ) from None


def _attributes(fields: Mapping[str, object]) -> dict[str, str]:
    attributes = _attribute_object(fields.get("attributes"))
    for name, value in fields.items():
        key = name.removeprefix("attributes.")
        if key != name and value not in (None, ""):
            key = _text(key, "attributes")
            attributes[key] = _attribute(key, value)
    return attributes


def _attribute_object(value: object) -> dict[str, str]:
    if isinstance(value, str) and value.strip():
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            value = None if value == "null" else value
    if not value:
        return {}
    if not isinstance(value, dict):
        raise InvalidTicket('attributes: must be an object such as {"plan": "pro"}')
    return {
        _text(key, "attributes"): _attribute(key, item)
        for key, item in value.items()
        if item is not None
    }


def _attribute(key: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return _line(value, f"attributes.{key}")


def _kind(value: object) -> str:
    names = {bool: "true or false", list: "a list", dict: "an object"}
    return names.get(type(value), "a number")
