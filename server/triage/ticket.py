"""A ticket as the caller sent it, and what engines may read of it."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum

import orjson

ENGINE_BYTES = 8 * 1024
OUTWARD_ATTRIBUTES = 16  # that may leave the process
OUTWARD_ATTRIBUTE = 200  # characters of each
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.-]{1,40}")  # of an attribute that may leave


class Channel(IntEnum):
    """Where a ticket came in; the numbers are those of the contract."""

    UNSPECIFIED = 0
    EMAIL = 1
    CHAT = 2
    WEB = 3
    PHONE = 4
    SOCIAL = 5
    API = 6


CHANNELS: Mapping[int, Channel] = {int(one): one for one in Channel}


@dataclass(frozen=True, slots=True)
class Ticket:
    """One customer's request for support."""

    id: str
    body: str
    subject: str = ""
    customer_id: str = ""
    channel: Channel = Channel.UNSPECIFIED
    language_hint: str = ""
    created_time: datetime | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)


def text_for_engines(ticket: Ticket) -> str:
    """Subject and body, at most 8 KiB of UTF-8: what engines read."""
    text = f"{ticket.subject}\n{ticket.body}" if ticket.subject else ticket.body
    return _cut(text, ENGINE_BYTES)


def outward_ticket(ticket: Ticket, language: str) -> dict[str, object]:
    """What an engine outside the process reads of a ticket, as plain JSON values: neither ids nor
    times, attributes with plain names alone, and no more text than other engines read. Personal
    data is still in it.
    """
    subject = _cut(ticket.subject, ENGINE_BYTES // 4)
    outward: dict[str, object] = {"subject": subject} if subject else {}
    outward["body"] = _cut(ticket.body, ENGINE_BYTES - len(subject.encode()))
    if ticket.channel:
        outward["channel"] = ticket.channel.name.lower()
    outward["language"] = language
    shown = sorted(filter(_PLAIN_NAME.fullmatch, ticket.attributes))[:OUTWARD_ATTRIBUTES]
    if shown:
        attributes = {name: ticket.attributes[name][:OUTWARD_ATTRIBUTE] for name in shown}
        outward["attributes"] = attributes
    return outward


def _cut(text: str, most_bytes: int) -> str:
    if len(text) * 4 <= most_bytes:
        return text
    return text.encode()[:most_bytes].decode(errors="ignore")


def ticket_record(ticket: Ticket) -> dict[str, object]:
    """The ticket as plain JSON values, empty ones left out."""
    record: dict[str, object] = {"id": ticket.id, "body": ticket.body}
    if ticket.subject:
        record["subject"] = ticket.subject
    if ticket.customer_id:
        record["customer_id"] = ticket.customer_id
    if ticket.channel:
        record["channel"] = int(ticket.channel)
    if ticket.language_hint:
        record["language_hint"] = ticket.language_hint
    if ticket.created_time:
        record["created_time"] = ticket.created_time.isoformat()
    if ticket.attributes:
        record["attributes"] = dict(sorted(ticket.attributes.items()))
    return record


def digest_record(record: bytes, key: bytes) -> bytes:
    """BLAKE2b of a ticket's record, keyed with the server's key (RFC 7693): 32 bytes."""
    return hashlib.blake2b(record, key=key[:64], digest_size=32).digest()


def encode_record(ticket: Ticket) -> bytes:
    """The ticket's record as JSON, the same bytes for the same ticket."""
    return orjson.dumps(ticket_record(ticket))


def decode_record(record: Mapping[str, object]) -> Ticket:
    """The ticket of a stored record."""
    values = dict(record)
    if "channel" in values:
        values["channel"] = Channel(int(str(values["channel"])))
    if "created_time" in values:
        values["created_time"] = datetime.fromisoformat(str(values["created_time"]))
    return Ticket(**values)  # type: ignore[arg-type]  # ticket_record wrote these very fields
