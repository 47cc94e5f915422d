"""Triage, experiments, feedback and the interceptor chain beside a bare grpc.aio echo, in one run.

    python -m bench.calls [--cases echo full_chain] [--rounds 7]      (make bench)

All servers run all the time; rounds are interleaved, so that whatever else the machine does hits
all cases alike. Medians of the rounds. 32 calls in flight, 600 bytes each; every call of every
case brings the same metadata and a deadline of 30 s. Streams: 8 at once, counted by messages. The
busy echo computes for 20 microseconds: what as much work costs here, however it is written.
"""

import argparse
import asyncio
import itertools
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import grpc
import uvloop
from switchyard.admin.v1 import rate_limit_service_pb2, rate_limit_service_pb2_grpc
from switchyard.triage.v1 import triage_service_pb2

from bench import experiment_calls, feedback_calls, members, naive_chain
from bench.echo_message import echo_message
from bench.evaluation.cost import trained_figures
from bench.figures import Figure, report
from bench.full_chain import KEY
from bench.load_generator import Round, run_round
from bench.tickets import ID_CHARACTERS, countable_tickets, numbered_requests, sized_tickets
from tools.server_process import ServerProcess

IN_FLIGHT = 32
STREAMS = 8
NUMBER = "x" * ID_CHARACTERS  # where requests are counted
BODY_BYTES = 560  # with id and channel a request of about 600 bytes
PLENTY = rate_limit_service_pb2.Limits(
    per_second=10**6, per_minute=10**8, per_hour=10**9, per_day=10**10
)


@dataclass(frozen=True, slots=True)
class Server:
    """A process to call."""

    address: str
    pid: int
    authorization: str
    runs: Sequence[feedback_calls.Judged] = ()  # that wait for feedback


@dataclass(frozen=True, slots=True)
class Case:
    """One thing to measure."""

    # "bare", "busy", "full", "naive", "switchyard", or "taught": with error budget and labels.
    server: str
    method: str
    calls: int  # a round; of a stream, messages
    is_stream: bool = False
    is_same: bool = False  # the same request again and again
    against: str = ""  # the case that it is held against
    goals: tuple[str, str] = ("", "")  # of ratio_to_echo and of added_cpu_us


ECHO, STREAM = "/bench.Echo/Echo", "/bench.Echo/Stream"
TRIAGE = "/switchyard.triage.v1.TriageService/Triage"
FULL = (">= 0.85", "<= 30")
CASES = {
    "echo": Case("bare", ECHO, 6000),
    "assign_variant": Case("switchyard", experiment_calls.ASSIGN, 2000, against="echo"),
    "record_outcome": Case("switchyard", experiment_calls.RECORD, 2000, against="echo"),
    "triage_embedded": Case("switchyard", TRIAGE, 2000, against="echo", goals=(">= 0.25", "")),
    "triage_taught": Case("taught", TRIAGE, 2000, against="echo"),
    "submit_feedback": Case("taught", feedback_calls.SUBMIT, 400, against="echo"),
    "busy_echo": Case("busy", ECHO, 6000, against="echo"),
    "full_chain": Case("full", ECHO, 6000, against="echo", goals=FULL),
    "naive_chain": Case("naive", ECHO, 2000, against="echo"),
    "cached_triage": Case("switchyard", TRIAGE, 6000, is_same=True, against="echo", goals=FULL),
    "stream_echo": Case("bare", STREAM, 16000, is_stream=True),
    "stream_busy_echo": Case("busy", STREAM, 16000, is_stream=True, against="stream_echo"),
    "stream_full_chain": Case(
        "full", STREAM, 16000, is_stream=True, against="stream_echo", goals=FULL
    ),
}


@contextmanager
def echo_server(kind: str) -> Iterator[Server]:
    """An echo server, bare or behind a chain."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.echo_server", kind], stdout=subprocess.PIPE, text=True
    )
    authorization = f"Bearer {naive_chain.token()}" if kind == "naive" else KEY
    try:
        assert process.stdout is not None
        address = process.stdout.readline().removeprefix("ready on ").strip()
        assert address, "the echo server did not start"
        yield Server(address, process.pid, authorization)
    finally:
        process.terminate()
        process.communicate()


@contextmanager
def switchyard_server(**environment: str) -> Iterator[Server]:
    """A server with the embedded engine, or as the environment has it; called with a key whose
    limits are counted.
    """
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        process = ServerProcess(data, **environment).start()
        try:
            command = [sys.executable, "-m", "server", "keys", "create", "--data", str(data)]
            arguments = ["--role", "admin", "--tier", "enterprise"]
            secret = subprocess.check_output([*command, *arguments], text=True).strip()
            server = Server(process.address, process.pid, f"Bearer {secret}")
            asyncio.run(_lift_limits(server, secret.split("_")[1]))
            asyncio.run(experiment_calls.open_experiment(server.address, server.authorization))
            yield server
        finally:
            process.stop()


@contextmanager
def taught_server() -> Iterator[Server]:
    """The same, with an error budget and recent labels."""
    with switchyard_server() as server:
        lesson = feedback_calls.teach(server.address, server.authorization, triage_requests())
        yield replace(server, runs=asyncio.run(lesson))


async def _lift_limits(server: Server, key_id: str) -> None:
    async with grpc.aio.insecure_channel(server.address) as channel:
        stub: Any = rate_limit_service_pb2_grpc.RateLimitServiceStub(channel)  # type: ignore[no-untyped-call]  # generated
        request = rate_limit_service_pb2.SetCustomLimitRequest(
            caller=f"default/apiKeys/{key_id}", limits=PLENTY
        )
        await stub.SetCustomLimit(request, metadata=[("authorization", server.authorization)])


def requests_of(case: Case, server: Server | None = None) -> Iterator[bytes]:
    """Serialised requests, each different unless the case wants the same."""
    if case.is_same:
        return itertools.repeat(next(requests_of(replace(case, is_same=False), server)))
    if case.method == feedback_calls.SUBMIT:
        assert server is not None
        return feedback_calls.submissions(server.runs)
    if case.method in REQUESTS:
        return REQUESTS[case.method]()
    text = sized_tickets(1, BODY_BYTES)[0].body
    return numbered_requests([echo_message()(id=NUMBER, text=text).SerializeToString()], NUMBER)


def triage_requests() -> Iterator[bytes]:
    """Requests to triage tickets, no two alike."""
    messages = [
        triage_service_pb2.TriageRequest(ticket=ticket)
        for ticket in countable_tickets(BODY_BYTES, NUMBER)
    ]
    return numbered_requests([message.SerializeToString() for message in messages], NUMBER)


SERVERS: Mapping[str, Callable[[], AbstractContextManager[Server]]] = {
    "bare": partial(echo_server, "bare"),
    "busy": partial(echo_server, "busy"),
    "full": partial(echo_server, "full"),
    "naive": partial(echo_server, "naive"),
    "switchyard": switchyard_server,
    "taught": taught_server,
}
REQUESTS = {
    TRIAGE: triage_requests,
    experiment_calls.ASSIGN: experiment_calls.assignments,
    experiment_calls.RECORD: experiment_calls.outcomes,
}


async def run_case(case: Case, server: Server, requests: Iterator[bytes]) -> Round:
    """One round."""
    metadata = [("authorization", server.authorization)]
    async with grpc.aio.insecure_channel(server.address) as channel:
        if not case.is_stream:
            unary: Any = channel.unary_unary(case.method)

            async def call() -> None:
                await unary(next(requests), metadata=metadata, timeout=30)

            return await run_round(call, case.calls, IN_FLIGHT, server.pid)
        stream: Any = channel.stream_stream(case.method)
        share = case.calls // STREAMS

        async def converse() -> None:
            items = itertools.islice(requests, share)
            async for _ in stream(items, metadata=metadata, timeout=30):
                pass

        done = await run_round(converse, STREAMS, STREAMS, server.pid)
        return done.per_message(share)


async def measure(
    servers: dict[str, Server], cases: Sequence[str], rounds: int
) -> dict[str, list[Round]]:
    """Interleaved rounds of every case."""
    requests = {name: requests_of(CASES[name], servers[CASES[name].server]) for name in cases}
    done: dict[str, list[Round]] = {name: [] for name in cases}
    for number in range(rounds + 1):
        for name in cases:
            case = CASES[name]
            found = await run_case(case, servers[case.server], requests[name])
            if number > 0:  # the first round warms up
                done[name].append(found)
    return done


def figures(rounds: dict[str, list[Round]]) -> list[Figure]:
    """Medians, and each case's share of the echo's throughput."""
    found = []
    for name, done in rounds.items():
        case, cpu_us = CASES[name], median(r.cpu_us for r in done)
        unit = "message" if case.is_stream else "call"
        found += [
            Figure(name, "rps", median(r.rps for r in done), "1/s"),
            Figure(name, "cpu_us", cpu_us, f"us/{unit}"),
        ]
        if not case.is_stream:
            found += [
                Figure(name, "p50_ms", median(r.percentile_ms(50) for r in done), "ms"),
                Figure(name, "p99_ms", median(r.percentile_ms(99) for r in done), "ms"),
            ]
        if case.against not in rounds:
            continue
        echo = rounds[case.against]
        ratio = median(r.rps / e.rps for r, e in zip(done, echo, strict=True))
        added = median(r.cpu_us - e.cpu_us for r, e in zip(done, echo, strict=True))
        against = f"{case.against} {median(r.rps for r in echo):,.0f}/s"
        found += [
            Figure(name, "ratio_to_echo", ratio, "", case.goals[0], against),
            Figure(name, "added_cpu_us", added, f"us/{unit}", case.goals[1], case.against),
        ]
        others = {
            "engine_cpu_us": median(r.children_cpu_us for r in done),
            "database_cpu_us": median(r.database_cpu_us for r in done),
        }
        found += [Figure(name, metric, us, f"us/{unit}") for metric, us in others.items() if us]
    return found


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description="calls beside a bare echo, in one run")
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    with ExitStack() as stack, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        wanted = {CASES[name].server for name in options.cases}
        servers = {kind: stack.enter_context(SERVERS[kind]()) for kind in sorted(wanted)}
        rounds = runner.run(measure(servers, options.cases, options.rounds))
        found = figures(rounds)
        if "full_chain" in options.cases:
            found += runner.run(members.measure(requests_of(CASES["full_chain"])))
    folder = os.environ.get("SWITCHYARD_DATA")
    found += trained_figures(Path(folder)) if folder else []
    notes = [
        f"medians of {options.rounds} interleaved rounds, {IN_FLIGHT} calls or {STREAMS} streams"
        f" in flight, about 600 bytes a call; grpcio {grpc.__version__}"
    ]
    report("bench", found, notes)


if __name__ == "__main__":
    main()
