"""A model that falls silent for a minute under steady load, and the next one refusing meanwhile.

    python -m bench.outage [--outage 60]      (make outage; draws docs/outage.svg)

The first of two providers hangs for the whole outage: its connections stay open and nothing comes.
The second dies in the middle third of it. Each call has a deadline, and who answered it is put down
with the state of both circuits.
"""

import argparse
import asyncio
import os
import signal
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import grpc
import uvloop
from rich.console import Console
from rich.table import Table
from switchyard.admin.v1 import resilience_service_pb2, resilience_service_pb2_grpc
from switchyard.triage.v1 import triage_service_pb2

from bench.calls import TRIAGE, triage_requests
from bench.figures import Figure, report
from bench.model_questions import MODEL
from bench.outage_picture import EMBEDDED, FAILED, Outage, Slice, draw
from tools.fake_llm_process import FakeLlm
from tools.server_process import ServerProcess

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "outage.svg"
CALLS_PER_S = 40
DEADLINE_S = 5.0
BEFORE_S, AFTER_S = 15, 25
ROW_S = 5  # of the table
PROVIDER = """
[[provider]]
name = "{name}"
base_url = "{url}"
model = "{model}"
timeout_s = 2
"""


@dataclass(frozen=True, slots=True)
class Called:
    """One call."""

    begin_s: float
    took_s: float
    by: str  # the provider, EMBEDDED or FAILED


@dataclass(slots=True)
class Log:
    """What was seen, by seconds since the start."""

    calls: list[Called] = field(default_factory=list)
    circuits: dict[int, Mapping[str, str]] = field(default_factory=dict)  # by second

    def slices(self) -> list[Slice]:
        """What was seen, second by second."""
        by_second: dict[int, list[Called]] = {}
        for call in self.calls:
            by_second.setdefault(int(call.begin_s), []).append(call)
        return [
            Slice(
                answers=Counter(call.by for call in calls),
                median_s=median(call.took_s for call in calls),
                longest_s=max(call.took_s for call in calls),
                circuits=self.circuits.get(second, {}),
            )
            for second, calls in sorted(by_second.items())
        ]


@dataclass(frozen=True, slots=True)
class Stage:
    """Two models, and the server between them and the callers."""

    first: FakeLlm
    second: FakeLlm
    channel: grpc.aio.Channel

    async def play(self, outage: Outage) -> Log:
        """Call steadily while the models fail and come back."""
        log, loop = Log(), asyncio.get_running_loop()
        start_s, requests = loop.time(), triage_requests()
        triage: Any = self.channel.unary_unary(
            TRIAGE, response_deserializer=triage_service_pb2.TriageResponse.FromString
        )

        async def call() -> None:
            begin_s = loop.time()
            try:
                by = _who((await triage(next(requests), timeout=DEADLINE_S)).result)
            except grpc.aio.AioRpcError:
                by = FAILED
            log.calls.append(Called(begin_s - start_s, loop.time() - begin_s, by))

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._fail(outage))
            tasks.create_task(self._watch(outage, log))
            for number in range(outage.total_s * CALLS_PER_S):
                await asyncio.sleep(start_s + number / CALLS_PER_S - loop.time())
                tasks.create_task(call())
        return log

    async def _fail(self, outage: Outage) -> None:
        """What goes wrong, in its order."""
        third_s = outage.lasts_s / 3
        await asyncio.sleep(outage.begins_s)
        os.kill(self.first.pid, signal.SIGSTOP)
        await asyncio.sleep(third_s)
        await asyncio.to_thread(self.second.kill)
        await asyncio.sleep(third_s)
        await asyncio.to_thread(self.second.start)
        await asyncio.sleep(third_s)
        os.kill(self.first.pid, signal.SIGCONT)

    async def _watch(self, outage: Outage, log: Log) -> None:
        """Put down the state of the circuits, each second."""
        stub: Any = resilience_service_pb2_grpc.ResilienceServiceStub(self.channel)  # type: ignore[no-untyped-call]  # generated
        request = resilience_service_pb2.ListCircuitBreakersRequest()
        for second in range(outage.total_s):
            listed = (await stub.ListCircuitBreakers(request)).circuit_breakers
            log.circuits[second] = {
                breaker.breaker.split("/")[1]: _state(breaker.state)
                for breaker in listed
                if breaker.breaker.startswith("llm/")
            }
            await asyncio.sleep(1)


def _state(number: int) -> str:
    name = resilience_service_pb2.CircuitBreakerState.Name(number)
    return name.removeprefix("CIRCUIT_BREAKER_STATE_").lower()


def _who(result: Any) -> str:
    return EMBEDDED if result.degraded else str(result.engine.model.split("/")[0])


def figures(log: Log, outage: Outage) -> list[Figure]:
    """Whether everybody was answered, in time, and when all was well again."""
    by = Counter(call.by for call in log.calls)
    back_s = min(
        (c.begin_s for c in log.calls if c.by == "first" and c.begin_s >= outage.ends_s),
        default=float("inf"),
    )
    opened_s = min(
        (s for s, seen in log.circuits.items() if seen.get("first") == "open"),
        default=float("inf"),
    )
    longest_s = max(call.took_s for call in log.calls)
    return [
        Figure("calls", "all", len(log.calls), ""),
        *(Figure("calls", name, count, "") for name, count in sorted(by.items())),
        Figure("calls", "failed", by[FAILED], "", "<= 0"),
        Figure("longest", "waited_s", longest_s, "s", f"<= {DEADLINE_S}", "the deadline"),
        Figure("circuit", "opened_after_s", opened_s - outage.begins_s, "s", "<= 5"),
        Figure("recovery", "first_again_after_s", back_s - outage.ends_s, "s", "<= 10"),
    ]


def print_table(slices: Sequence[Slice], outage: Outage) -> None:
    """What happened, in rows of a few seconds."""
    table = Table(title="who answered", title_justify="left")
    for column in ("from s", "first", "second", "embedded", "failed", "median s", "longest s"):
        table.add_column(column, justify="right")
    for column in ("circuit of first", "of second"):
        table.add_column(column)
    for start in range(0, outage.total_s, ROW_S):
        rows = slices[start : start + ROW_S]
        answers = sum((Counter(row.answers) for row in rows), Counter())
        table.add_row(
            str(start),
            *(str(answers[name]) for name in ("first", "second", EMBEDDED, FAILED)),
            f"{median(row.median_s for row in rows):.3f}",
            f"{max(row.longest_s for row in rows):.3f}",
            *(rows[-1].circuits.get(name, "") for name in ("first", "second")),
        )
    Console(width=110).print(table)


async def measure(address: str, first: FakeLlm, second: FakeLlm, outage: Outage) -> Log:
    """Call the server through an outage."""
    async with grpc.aio.insecure_channel(address) as channel:
        return await Stage(first, second, channel).play(outage)


def main() -> None:
    """Measure, draw and report."""
    parser = argparse.ArgumentParser(description="models that die under load and come back")
    parser.add_argument("--outage", type=int, default=60, help="seconds (default 60)")
    outage = Outage(BEFORE_S, parser.parse_args().outage, AFTER_S, DEADLINE_S)
    first, second = FakeLlm("--latency-ms", "50"), FakeLlm("--latency-ms", "50")
    with tempfile.TemporaryDirectory() as folder:
        providers = Path(folder) / "providers.toml"
        data = Path(folder) / "data"
        server = ServerProcess(data, SWITCHYARD_LLM_PROVIDERS=str(providers))
        try:
            named = (("first", first.start()), ("second", second.start()))
            texts = [PROVIDER.format(name=n, url=model.url, model=MODEL) for n, model in named]
            providers.write_text("".join(texts))
            server.start()
            log = uvloop.run(measure(server.address, first, second, outage))
        finally:
            server.stop()
            for model in (first, second):
                model.stop()
    slices = log.slices()
    PICTURE.write_text(draw(slices, outage), "utf-8")
    print_table(slices, outage)
    notes = [f"{CALLS_PER_S} calls a second; drawn in docs/{PICTURE.name}"]
    report("outage", figures(log, outage), notes)


if __name__ == "__main__":
    main()
