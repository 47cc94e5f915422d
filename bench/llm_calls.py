"""Triage by a language model beside the usual application, in one run.

    python -m bench.llm_calls [--cases triage_llm_0ms fastapi_0ms] [--rounds 5]    (make bench-llm)

The model is `switchyard-server fake-llm`, answering at once or after 50 ms. Rounds are interleaved,
so that whatever else the machine does hits all cases alike. Medians of the rounds; 32 calls in
flight, tickets of about 600 bytes, no two alike. What a case adds to the model's own time is
measured with one call at a time.
"""

import argparse
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import aiohttp
import grpc
import uvloop

from bench import fastapi_peer, litellm_peer
from bench.calls import (
    BODY_BYTES,
    IN_FLIGHT,
    NUMBER,
    TRIAGE,
    Server,
    switchyard_server,
    triage_requests,
)
from bench.figures import Figure, report
from bench.load_generator import Round, run_round
from bench.model_questions import MODEL, chat_requests, ticket_requests
from tools.fake_llm_process import FakeLlm

LONGEST = aiohttp.ClientTimeout(total=30)
ALONE = 40  # calls one at a time, in each round
SDK_PROVIDER = """
[[provider]]
name = "sdk"
base_url = "{url}"
model = "{model}"
transport = "sdk"
"""


@dataclass(frozen=True, slots=True)
class Case:
    """One thing to measure."""

    server: str  # "lean", "sdk", "fastapi", "litellm"
    latency_ms: int  # of the model
    calls: int  # a round
    goals: tuple[tuple[str, str], ...] = ()  # by peer: of the share of its processor time


@dataclass(frozen=True, slots=True)
class Found:
    """One round of a case."""

    loaded: Round
    alone: Round  # one call at a time
    model_alone: Round  # the model itself, likewise
    model_calls: float  # that a call led to


CASES = {
    "triage_llm_0ms": Case(
        "lean", 0, 1000, (("fastapi_0ms", "<= 0.2"), ("litellm_0ms", "<= 0.04"))
    ),
    "triage_llm_sdk_0ms": Case("sdk", 0, 400, (("fastapi_0ms", "<= 1"),)),
    "fastapi_0ms": Case("fastapi", 0, 400),
    "litellm_0ms": Case("litellm", 0, 200),
    "triage_llm_50ms": Case("lean", 50, 1000, (("fastapi_50ms", "<= 0.2"),)),
    "fastapi_50ms": Case("fastapi", 50, 400),
}
REQUESTS: Mapping[str, Callable[[], Iterator[bytes]]] = {
    "lean": triage_requests,
    "sdk": triage_requests,
    "fastapi": lambda: ticket_requests(NUMBER, BODY_BYTES),
    "litellm": lambda: chat_requests(NUMBER, BODY_BYTES),
    "model": lambda: chat_requests(NUMBER, BODY_BYTES),
}


@contextmanager
def serving(kind: str, model: FakeLlm) -> Iterator[Server]:
    """A server that asks the model."""
    with ExitStack() as stack:
        if kind == "lean":
            environment = {"SWITCHYARD_LLM_URL": model.url, "SWITCHYARD_LLM_MODEL": MODEL}
            yield stack.enter_context(switchyard_server(**environment))
        elif kind == "sdk":
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            (folder / "providers.toml").write_text(SDK_PROVIDER.format(url=model.url, model=MODEL))
            environment = {"SWITCHYARD_LLM_PROVIDERS": str(folder / "providers.toml")}
            yield stack.enter_context(switchyard_server(**environment))
        elif kind == "fastapi":
            url, pid = stack.enter_context(fastapi_peer.fastapi_server(model.url))
            yield Server(f"{url}/triage", pid, fastapi_peer.KEY)
        else:
            url, pid = stack.enter_context(litellm_peer.litellm_proxy(model.url))
            yield Server(f"{url}/v1/chat/completions", pid, f"Bearer {litellm_peer.KEY}")


@asynccontextmanager
async def calling(
    server: Server, requests: Iterator[bytes]
) -> AsyncIterator[Callable[[], Awaitable[object]]]:
    """What makes the next call, over connections that are kept."""
    if not server.address.startswith("http"):
        metadata = [("authorization", server.authorization)]
        async with grpc.aio.insecure_channel(server.address) as channel:
            triage: Any = channel.unary_unary(TRIAGE)
            yield lambda: triage(next(requests), metadata=metadata, timeout=30)
        return
    headers = {"Authorization": server.authorization, "Content-Type": "application/json"}
    async with aiohttp.ClientSession(headers=headers, timeout=LONGEST) as session:

        async def post() -> None:
            async with session.post(server.address, data=next(requests)) as response:
                response.raise_for_status()
                await response.read()

        yield post


async def run_case(
    case: Case,
    model: FakeLlm,
    servers: Mapping[str, Server],
    requests: Mapping[str, Iterator[bytes]],
) -> Found:
    """One round."""
    model.reset()
    model.control(latency={"median_ms": case.latency_ms})
    server = servers[case.server]
    async with calling(server, requests[case.server]) as call:
        alone = await run_round(call, ALONE, 1, server.pid)
        loaded = await run_round(call, case.calls, IN_FLIGHT, server.pid)
    asked = model.stats()["requests"]
    async with calling(servers["model"], requests["model"]) as call:
        model_alone = await run_round(call, ALONE, 1, model.pid)
    return Found(loaded, alone, model_alone, asked / (ALONE + case.calls))


async def measure(
    model: FakeLlm, servers: Mapping[str, Server], cases: Sequence[str], rounds: int
) -> dict[str, list[Found]]:
    """Interleaved rounds of every case."""
    requests = {kind: REQUESTS[kind]() for kind in servers}
    done: dict[str, list[Found]] = {name: [] for name in cases}
    for number in range(rounds + 1):
        for name in cases:
            found = await run_case(CASES[name], model, servers, requests)
            if number > 0:  # the first round warms up
                done[name].append(found)
    return done


def figures(rounds: Mapping[str, Sequence[Found]]) -> list[Figure]:
    """Medians, and each case's share of its peers' processor time."""
    found: list[Figure] = []
    for name, done in rounds.items():
        found += _case_figures(name, done)
        for peer, goal in CASES[name].goals:
            found += _shares(name, done, peer, rounds.get(peer, ()), goal)
    return found


def _case_figures(name: str, done: Sequence[Found]) -> Iterator[Figure]:
    loaded = [one.loaded for one in done]
    yield Figure(name, "rps", median(r.rps for r in loaded), "1/s")
    yield Figure(name, "p50_ms", median(r.percentile_ms(50) for r in loaded), "ms")
    yield Figure(name, "p99_ms", median(r.percentile_ms(99) for r in loaded), "ms")
    added_ms = median(
        one.alone.percentile_ms(50) - one.model_alone.percentile_ms(50) for one in done
    )
    yield Figure(name, "added_ms", added_ms, "ms", against="the model called alone")
    yield Figure(name, "cpu_us", median(r.cpu_us for r in loaded), "us/call")
    if any(r.children_cpu_s for r in loaded):
        yield Figure(name, "children_cpu_us", median(r.children_cpu_us for r in loaded), "us/call")
    if any(r.database_cpu_s for r in loaded):
        yield Figure(name, "database_cpu_us", median(r.database_cpu_us for r in loaded), "us/call")
    yield Figure(name, "model_calls", median(one.model_calls for one in done), "a call", ">= 0.999")


def _shares(
    name: str, done: Sequence[Found], peer: str, peers: Sequence[Found], goal: str
) -> Iterator[Figure]:
    """Processor time held against a peer's: without and with the database, which no peer has."""
    if not peers:
        return
    pairs = [(one.loaded, other.loaded) for one, other in zip(done, peers, strict=True)]
    own = median(_own_cpu_us(r) / _own_cpu_us(other) for r, other in pairs)
    yield Figure(name, "cpu_share", own, "", goal, peer)
    whole = median((_own_cpu_us(r) + r.database_cpu_us) / _own_cpu_us(other) for r, other in pairs)
    yield Figure(name, "cpu_share_with_database", whole, "", "", peer)


def _own_cpu_us(done: Round) -> float:
    return done.cpu_us + done.children_cpu_us


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description="triage by a model beside the usual application")
    there = [name for name, case in CASES.items() if _is_there(case.server)]
    parser.add_argument("--cases", nargs="+", choices=there, default=there)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    model = FakeLlm().start()
    try:
        with ExitStack() as stack:
            servers = {
                kind: stack.enter_context(serving(kind, model))
                for kind in sorted({CASES[name].server for name in options.cases})
            }
            servers["model"] = Server(f"{model.url}/chat/completions", model.pid, "")
            rounds = uvloop.run(measure(model, servers, options.cases, options.rounds))
    finally:
        model.stop()
    notes = [
        f"medians of {options.rounds} interleaved rounds, {IN_FLIGHT} calls in flight,"
        f" tickets of about 600 bytes; grpcio {grpc.__version__}",
        "cpu_share: of the server with its own processes, held against the peer's",
    ]
    if len(there) < len(CASES):
        notes.append("litellm_0ms is left out: there is no command `litellm` on the PATH")
    report("bench-llm", figures(rounds), notes)


def _is_there(kind: str) -> bool:
    return kind != "litellm" or litellm_peer.is_installed()


if __name__ == "__main__":
    main()
