"""Tickets for measurements: the example tickets, as requests of a wanted size."""

import itertools
import json
from pathlib import Path

from switchyard.triage.v1 import ticket_pb2

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
