"""Triage with the embedded engine and durable commit beside a bare grpc.aio echo.

    python -m bench.triage      (make bench)

Both servers run all the time; rounds are interleaved, so that whatever else the
machine does hits both. Medians of the rounds. 32 calls in flight, 600 bytes each.
"""

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import grpc
import uvloop
from switchyard.triage.v1 import triage_service_pb2

from bench.figures import Figure, report
from bench.load_generator import Round, run_round
from bench.tickets import sized_tickets
from tools.server_process import READY, ServerProcess

ROUNDS = 7
IN_FLIGHT = 32
BODY_BYTES = 560  # with id and channel a request of about 600 bytes
CALLS = {"echo": 6000, "triage_embedded": 2000}
METHODS = {
    "echo": "/bench.Echo/Echo",
    "triage_embedded": "/switchyard.triage.v1.TriageService/Triage",
}


@contextmanager
def echo_server() -> Iterator[tuple[str, int]]:
    """Address and process id of a bare echo server."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.echo_server"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    ready = READY.search(process.stdout.readline())
    assert ready is not None
    try:
        yield ready.group(1), process.pid
    finally:
        process.terminate()
        process.communicate()


async def measure(servers: dict[str, tuple[str, int]]) -> dict[str, list[Round]]:
    """Interleaved rounds of every case."""
    payloads = [
        triage_service_pb2.TriageRequest(ticket=ticket).SerializeToString()
        for ticket in sized_tickets(997, BODY_BYTES)
    ]
    rounds: dict[str, list[Round]] = {case: [] for case in servers}
    for number in range(ROUNDS + 1):
        for case, (address, pid) in servers.items():
            async with grpc.aio.insecure_channel(address) as channel:
                call: Any = channel.unary_unary(METHODS[case])
                done = await run_round(call, payloads, CALLS[case], IN_FLIGHT, pid)
            if number > 0:  # the first round warms up
                rounds[case].append(done)
    return rounds


def figures(rounds: dict[str, list[Round]]) -> list[Figure]:
    """Medians, and each case's share of the echo's throughput."""
    found = []
    echo_rps = median(r.rps for r in rounds["echo"])
    echo_cpu = median(r.cpu_us for r in rounds["echo"])
    for case, done in rounds.items():
        cpu_us = median(r.cpu_us for r in done)
        found += [
            Figure(case, "rps", median(r.rps for r in done), "1/s"),
            Figure(case, "cpu_us", cpu_us, "us/call"),
            Figure(case, "p50_ms", median(r.percentile_ms(50) for r in done), "ms"),
            Figure(case, "p99_ms", median(r.percentile_ms(99) for r in done), "ms"),
        ]
        if case == "echo":
            continue
        ratio = median(r.rps / e.rps for r, e in zip(done, rounds["echo"], strict=True))
        database = median(r.database_cpu_us for r in done)
        found += [
            Figure(case, "ratio_to_echo", ratio, "", ">= 0.25", f"echo {echo_rps:,.0f}/s"),
            Figure(case, "added_cpu_us", cpu_us - echo_cpu, "us/call", "", "echo"),
            Figure(case, "database_cpu_us", database, "us/call"),
        ]
    return found


def main() -> None:
    """Measure and report."""
    with tempfile.TemporaryDirectory() as folder, echo_server() as echo:
        server = ServerProcess(Path(folder) / "data").start()
        try:
            servers = {"echo": echo, "triage_embedded": (server.address, server.pid)}
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                rounds = runner.run(measure(servers))
        finally:
            server.stop()
    notes = [
        f"medians of {ROUNDS} interleaved rounds, {IN_FLIGHT} in flight, about 600 bytes a call"
    ]
    report("bench", figures(rounds), notes)


if __name__ == "__main__":
    main()
