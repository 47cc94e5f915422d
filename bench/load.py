"""100 concurrent callers for a minute: unary, stream and batch, side by side.

python -m bench.load [--seconds 60]      (make load)
"""

import argparse
import asyncio
import itertools
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from statistics import quantiles
from typing import Any

import grpc
import psutil
import uvloop
from switchyard.triage.v1 import ticket_pb2, triage_service_pb2, triage_service_pb2_grpc

from bench.figures import Figure, report
from bench.tickets import sized_tickets
from tools.server_process import ServerProcess

CALLERS = {"unary": 60, "stream": 30, "batch": 10}
BATCH_ITEMS = 20
BODY_BYTES = 560
DEADLINE_S = 10.0


class Tally:
    """Tickets answered, their latencies, and errors by code."""

    def __init__(self) -> None:
        self.latencies_s: dict[str, list[float]] = {kind: [] for kind in CALLERS}
        self.errors: Counter[str] = Counter()


def distinct_tickets() -> Iterator[ticket_pb2.Ticket]:
    """Endless tickets, no two alike: else the cache would answer, and triage not be measured."""
    for number, ticket in enumerate(itertools.cycle(sized_tickets(499, BODY_BYTES))):
        ticket.id = f"load-{number}"
        yield ticket


async def load(address: str, seconds: float, tickets: Iterator[ticket_pb2.Ticket]) -> Tally:
    """Keep every caller busy for `seconds`."""
    tally, end = Tally(), time.monotonic() + seconds
    async with grpc.aio.insecure_channel(address) as channel:
        stub = triage_service_pb2_grpc.TriageServiceStub(channel)  # type: ignore[no-untyped-call]  # generated
        kinds = {"unary": _unary, "stream": _stream, "batch": _batch}
        callers = [
            _keep_calling(kind, kinds[kind](stub, tickets), tally, end)
            for kind, count in CALLERS.items()
            for _ in range(count)
        ]
        await asyncio.gather(*callers)
    return tally


async def _keep_calling(
    kind: str, call: Callable[[], Awaitable[int]], tally: Tally, end: float
) -> None:
    while time.monotonic() < end:
        start = time.perf_counter()
        try:
            answered = await call()
        except grpc.aio.AioRpcError as error:
            tally.errors[error.code().name] += 1
        else:
            tally.latencies_s[kind] += [(time.perf_counter() - start)] * answered


def _unary(stub: Any, tickets: Iterator[ticket_pb2.Ticket]) -> Callable[[], Awaitable[int]]:
    async def call() -> int:
        request = triage_service_pb2.TriageRequest(ticket=next(tickets))
        await stub.Triage(request, timeout=DEADLINE_S)
        return 1

    return call


def _stream(stub: Any, tickets: Iterator[ticket_pb2.Ticket]) -> Callable[[], Awaitable[int]]:
    async def call() -> int:
        request = triage_service_pb2.StreamTriageRequest(ticket=next(tickets))
        answered = 0
        async for event in stub.StreamTriage(request, timeout=DEADLINE_S):
            answered += event.HasField("result")
        return answered

    return call


def _batch(stub: Any, tickets: Iterator[ticket_pb2.Ticket]) -> Callable[[], Awaitable[int]]:
    async def requests() -> AsyncIterator[triage_service_pb2.BatchTriageRequest]:
        for i in range(BATCH_ITEMS):
            yield triage_service_pb2.BatchTriageRequest(index=i, ticket=next(tickets))

    async def call() -> int:
        answered = 0
        async for response in stub.BatchTriage(requests(), timeout=DEADLINE_S):
            answered += response.HasField("result")
        return answered

    return call


def figures(tally: Tally, seconds: float, memory_mb: tuple[float, float]) -> list[Figure]:
    """Errors, rate, latency and memory."""
    everything = [latency for kind in tally.latencies_s.values() for latency in kind]
    found = [
        Figure("all", "errors", sum(tally.errors.values()), "", "<= 0"),
        Figure("all", "rps", len(everything) / seconds, "tickets/s", ">= 100"),
        Figure("all", "p95_ms", quantiles(everything, n=100)[94] * 1e3, "ms", "<= 500"),
    ]
    for kind, latencies in tally.latencies_s.items():
        cuts = quantiles(latencies, n=100)
        found.append(Figure(kind, "p50_ms", cuts[49] * 1e3, "ms"))
        found.append(Figure(kind, "p99_ms", cuts[98] * 1e3, "ms"))
    found.append(Figure("server", "memory_start", memory_mb[0], "MiB"))
    found.append(Figure("server", "memory_end", memory_mb[1], "MiB"))
    return found


def main() -> None:
    """Load a server and report."""
    parser = argparse.ArgumentParser(description="100 concurrent callers, a mix of methods")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long (default 60)")
    seconds: float = parser.parse_args().seconds
    tickets = distinct_tickets()
    with tempfile.TemporaryDirectory() as folder:
        server = ServerProcess(Path(folder) / "data").start()
        process = psutil.Process(server.pid)
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(load(server.address, 2.0, tickets))  # warm up
                start = process.memory_info().rss / 2**20
                tally = runner.run(load(server.address, seconds, tickets))
                memory = start, process.memory_info().rss / 2**20
        finally:
            server.stop()
    notes = [f"{code}: {count}" for code, count in tally.errors.items()]
    mix = ", ".join(f"{count} {kind}" for kind, count in CALLERS.items())
    report("load", figures(tally, seconds, memory), [f"callers: {mix}; {seconds:g} s", *notes])


if __name__ == "__main__":
    main()
