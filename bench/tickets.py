"""Tickets for measurements: the example tickets, as requests of a wanted size."""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path

from google.protobuf.message import Message
from switchyard.triage.v1 import ticket_pb2

ID_CHARACTERS = 8
EXAMPLES = Path(__file__).resolve().parent.parent / "examples" / "tickets.jsonl"


def sized_tickets(count: int, body_bytes: int) -> list[ticket_pb2.Ticket]:
    """`count` different tickets with bodies of about `body_bytes` bytes."""
    bodies = [json.loads(line)["body"] for line in EXAMPLES.read_text("utf-8").splitlines()]
    endless = itertools.cycle(bodies)
    tickets = []
    for i in range(count):
        body = f"{next(endless)}"
        while len(body.encode()) < body_bytes:
            body += f"\n{next(endless)}"
        tickets.append(
            ticket_pb2.Ticket(
                id=f"bench-{i}",
                body=body.encode()[:body_bytes].decode(errors="ignore"),
                channel=ticket_pb2.CHANNEL_EMAIL,
            )
        )
    return tickets


def numbered_requests(request: Message, ticket_id: str) -> Iterator[bytes]:
    """Endless serialised requests, each different: the ticket's id, 8 characters, counts up."""
    head, found, tail = request.SerializeToString().partition(ticket_id.encode())
    assert found
    assert len(ticket_id) == ID_CHARACTERS
    for number in itertools.count():
        yield b"%b%08d%b" % (head, number, tail)
