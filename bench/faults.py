"""10,000 tickets through BatchTriage while a fifth of the model's answers fail, in every way.

    python -m bench.faults [--tickets 10000] [--share 0.2]      (make faults)

Every ticket must be answered or be a dead letter, none twice and none lost; what the database holds
in the end is counted. The model's own count says how many calls all of that took.
"""

import argparse
import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import psycopg
import uvloop
from switchyard.triage.v1 import (
    result_pb2,
    ticket_pb2,
    triage_service_pb2,
    triage_service_pb2_grpc,
)

from bench.calls import BODY_BYTES
from bench.figures import Figure, report
from bench.model_questions import MODEL
from bench.tickets import sized_tickets
from server.fake_llm.faults import FAULTS
from server.storage.embedded import running_url
from tools.fake_llm_process import FakeLlm
from tools.server_process import ServerProcess

STREAMS = 4
PROVIDER = """
[[provider]]
name = "model"
base_url = "{url}"
model = "{model}"
timeout_s = 3
"""


@dataclass(slots=True)
class Tally:
    """What callers were answered."""

    answered: Counter[str] = field(default_factory=Counter)  # by ticket
    errors: Counter[str] = field(default_factory=Counter)  # by code
    degraded: Counter[str] = field(default_factory=Counter)  # by the last thing that went wrong
    attempts: Counter[str] = field(default_factory=Counter)  # by outcome
    unflagged: int = 0  # answers of the embedded engine that do not say so

    def add(self, response: triage_service_pb2.BatchTriageResponse) -> None:
        """Count one answer."""
        if response.HasField("error"):
            self.errors[grpc_code(response.error.code)] += 1
            return
        result = response.result
        self.answered[result.ticket_id] += 1
        self.attempts.update(attempt.outcome for attempt in result.attempts)
        if result.degraded:
            self.degraded[_last_outcome(result)] += 1
        elif result.engine.engine != "llm":
            self.unflagged += 1


@dataclass(frozen=True, slots=True)
class Kept:
    """What the database holds in the end."""

    runs: Mapping[str, int]  # by ticket
    letters: frozenset[str]  # tickets of dead letters


def grpc_code(number: int) -> str:
    """The name of a status code."""
    return next(code.name for code in grpc.StatusCode if code.value[0] == number)


def _last_outcome(result: result_pb2.TriageResult) -> str:
    return result.attempts[-1].outcome if result.attempts else "nobody was asked"


def numbered_tickets(count: int) -> list[ticket_pb2.Ticket]:
    """Tickets whose ids and texts differ."""
    tickets = sized_tickets(count, BODY_BYTES)
    for number, ticket in enumerate(tickets):
        ticket.body = f"{number:08d}\n{ticket.body}"
    return tickets


async def triage(address: str, tickets: Sequence[ticket_pb2.Ticket]) -> Tally:
    """Have all of them answered."""
    tally = Tally()
    async with grpc.aio.insecure_channel(address) as channel:
        stub: Any = triage_service_pb2_grpc.TriageServiceStub(channel)  # type: ignore[no-untyped-call]  # generated

        async def converse(share: Sequence[ticket_pb2.Ticket]) -> None:
            async for response in stub.BatchTriage(_requests(share)):
                tally.add(response)

        await asyncio.gather(*[converse(tickets[start::STREAMS]) for start in range(STREAMS)])
    return tally


async def _requests(
    tickets: Sequence[ticket_pb2.Ticket],
) -> AsyncIterator[triage_service_pb2.BatchTriageRequest]:
    for index, ticket in enumerate(tickets):
        yield triage_service_pb2.BatchTriageRequest(index=index, ticket=ticket)


def read_kept(data: Path) -> Kept:
    """Runs and dead letters of a server that runs. A letter has its run's id."""
    url = running_url(data)
    assert url, "the database has gone"
    with closing(psycopg.connect(url)) as connection:
        runs = connection.execute("SELECT ticket_id, count(*) FROM triage_runs GROUP BY ticket_id")
        letters = connection.execute(
            "SELECT ticket_id FROM triage_runs JOIN dead_letters ON letter_id = run_id"
        )
        return Kept(dict(runs.fetchall()), frozenset(ticket for (ticket,) in letters))


def figures(
    tickets: Sequence[ticket_pb2.Ticket], tally: Tally, kept: Kept, stats: Mapping[str, Any]
) -> Iterator[Figure]:
    """What became of the tickets, and what it took."""
    count, degraded = len(tickets), tally.degraded.total()
    lost = [t.id for t in tickets if not (tally.answered[t.id] or t.id in kept.letters)]
    twice = [t.id for t in tickets if kept.runs.get(t.id, 0) > 1 or tally.answered[t.id] > 1]
    yield Figure("tickets", "answered", len(tally.answered), f"of {count}")
    yield Figure("tickets", "lost", len(lost), "", "<= 0")
    yield Figure("tickets", "twice", len(twice), "", "<= 0")
    yield Figure("tickets", "errors", tally.errors.total(), "", "<= 0")
    yield Figure("answers", "by_model", (len(tally.answered) - degraded) / count, "of all")
    yield Figure("answers", "degraded", degraded / count, "of all")
    yield Figure("answers", "unflagged", tally.unflagged, "", "<= 0")
    yield Figure("answers", "dead_letters", len(kept.letters), "")
    yield Figure("load", "attempts", tally.attempts.total() / count, "a ticket")
    yield Figure("load", "model_calls", stats["requests"] / count, "a ticket", "<= 1.25")
    for case, counted in (
        ("attempts", tally.attempts),
        ("degraded after", tally.degraded),
        ("errors", tally.errors),
    ):
        for name, number in counted.most_common():
            yield Figure(case, name, number, "")


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description="many tickets, a model that fails in every way")
    parser.add_argument("--tickets", type=int, default=10_000, help="how many (default 10000)")
    parser.add_argument("--share", type=float, default=0.2, help="of faults (default 0.2)")
    options = parser.parse_args()
    tickets = numbered_tickets(options.tickets)
    each = options.share / len(FAULTS)
    model = FakeLlm(*[word for name in FAULTS for word in ("--fault", f"{name}={each}")]).start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            providers = Path(folder) / "providers.toml"
            providers.write_text(PROVIDER.format(url=model.url, model=MODEL))
            data = Path(folder) / "data"
            server = ServerProcess(data, SWITCHYARD_LLM_PROVIDERS=str(providers)).start()
            try:
                start = time.perf_counter()
                tally = uvloop.run(triage(server.address, tickets))
                seconds = time.perf_counter() - start
                found = [*figures(tickets, tally, read_kept(data), model.stats())]
            finally:
                server.stop()
    finally:
        model.stop()
    notes = [
        f"{options.share:.0%} of the model's answers fail, in {len(FAULTS)} ways alike;"
        f" {STREAMS} streams, {seconds:.0f} s",
        "a dead letter is an answer of the embedded engine, kept to be asked again",
    ]
    report("faults", found, notes)


if __name__ == "__main__":
    main()
