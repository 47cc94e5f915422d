"""Tickets for measurements: the example tickets, as requests of a wanted size."""

import itertools
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

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


def countable_tickets(body_bytes: int, number: str) -> list[ticket_pb2.Ticket]:
    """72 tickets with `number` in their bodies: where it counts up, their texts differ."""
    tickets = sized_tickets(72, body_bytes - len(number) - 1)
    for ticket in tickets:
        ticket.body = f"{number}\n{ticket.body}"
    return tickets


def numbered_requests(requests: Sequence[bytes], number: str) -> Iterator[bytes]:
    """Endless serialised requests, these in turn, no two alike: where `number` stands in them, 8
    characters, it counts up.
    """
    around = [request.partition(number.encode()) for request in requests]
    assert all(found for _, found, _ in around)
    assert len(number) == ID_CHARACTERS
    for count, (head, _, tail) in enumerate(itertools.cycle(around)):
        yield b"%b%08d%b" % (head, count, tail)
