"""A million calls through the server's own chain, in one process: is memory flat?

    python -m bench.soak [--calls 1000000]      (make soak)

100,000 callers of ten tenants ask 50,000 different questions, all of them in turn and some far more
often, without a network and with a triage that costs nothing. A few callers are not known, a few
send what is no message, a few leave before they are answered, some ask for more than their limit.
Memory is flat when it hardly grows from the fourth tenth of the calls to the last: by then
everything that is bounded is full. One sample says little, so medians of three are compared.
"""

import argparse
import asyncio
import gc
import itertools
import random
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from statistics import median

import grpc
import psutil
import uvloop
from switchyard.triage.v1 import triage_service_pb2

from bench.figures import Figure, report
from bench.tickets import ID_CHARACTERS, sized_tickets
from bench.unplugged_server import UnpluggedServer, Wire, open_unplugged_server
from interceptors.cache.memory import MOST_CACHED
from interceptors.limits.accounts import MOST_CALLERS
from interceptors.metrics import METHOD
from interceptors.recent_errors import MOST_ERRORS
from server.access.remembered import MOST_VERIFIED
from server.serve import GC_THRESHOLD

CALLERS = 100_000
REQUESTS = 50_000
KINDS = {"usual": 97, "of a stranger": 1, "no message": 1, "left": 1}  # percent of the calls
IN_FLIGHT = 32
SAMPLES = 10
WARM = slice(2, 5)  # the samples around 400,000 calls
LAST = slice(-3, None)
MOST_ENTRIES = {
    "limiter": MOST_CALLERS,
    "cache": MOST_CACHED,
    "remembered callers": MOST_VERIFIED,
    "recent errors": MOST_ERRORS,
    "timings": len(grpc.StatusCode),  # of one method
}


@dataclass(frozen=True, slots=True)
class Sample:
    """What the process holds after so many calls."""

    calls: int
    rss_mib: float
    entries: Mapping[str, int]


class Soak:
    """Calls a server, and looks at what it holds."""

    def __init__(self, server: UnpluggedServer) -> None:
        self._server = server
        self._random = random.Random(1)  # noqa: S311  # the same calls in every run
        self._process = psutil.Process()
        self._numbers = itertools.count()
        self._head, self._tail = _request_around_id()

    async def call(self, calls: int) -> None:
        """Make so many calls, a few at a time."""
        numbers = itertools.islice(self._numbers, calls)
        await asyncio.gather(*[self._keep_calling(numbers) for _ in range(IN_FLIGHT)])

    def sample(self, calls: int) -> Sample:
        """What is held now, after so many calls."""
        guards = self._server.guards
        entries = {
            "limiter": guards.limiter.callers_known,
            "cache": len(guards.cache.memory),
            "remembered callers": self._server.remembered.verified_known,
            "recent errors": len(guards.errors.newest_first()),
            "timings": len(self.ends()),
        }
        return Sample(calls, self._process.memory_info().rss / 2**20, entries)

    def ends(self) -> Mapping[str, int]:
        """How many calls ended with each status code."""
        timings = self._server.guards.timings.of_kind(METHOD)
        return {code: timing.count for _, code, timing in timings}

    async def _keep_calling(self, numbers: Iterator[int]) -> None:
        for number in numbers:
            (kind,) = self._random.choices(tuple(KINDS), tuple(KINDS.values()))
            caller = self._one_of(CALLERS, number)
            mark = "no" if kind == "of a stranger" else "sy"
            call = self._server.triage(
                b"\xff" if kind == "no message" else self._request(number),
                Wire(caller, f"{mark}_{caller:016x}_{caller:064x}"),
            )
            with suppress(grpc.aio.AbortError, asyncio.CancelledError):
                await (_leave(call) if kind == "left" else call)

    def _request(self, number: int) -> bytes:
        return b"%b%08d%b" % (self._head, self._one_of(REQUESTS, number), self._tail)

    def _one_of(self, many: int, number: int) -> int:
        """A number below `many`: at every other call the next in turn, so that each comes; else
        any, the first far more often than the last.
        """
        in_turn, is_any = divmod(number, 2)
        return int(many * self._random.random() ** 3) if is_any else in_turn % many


async def _leave(call: Awaitable[bytes]) -> None:
    """Begin a call, and be gone before it is answered."""
    task = asyncio.ensure_future(call)
    await asyncio.sleep(0)
    task.cancel()
    await task


def _request_around_id() -> tuple[bytes, bytes]:
    """What stands before and after the ticket's id in a request of about 200 bytes."""
    ticket = sized_tickets(1, 160)[0]
    ticket.id = "x" * ID_CHARACTERS
    request = triage_service_pb2.TriageRequest(ticket=ticket).SerializeToString()
    head, _, tail = request.partition(ticket.id.encode())
    return head, tail


async def measure(calls: int) -> list[Figure]:
    """What the process holds after each tenth of the calls, and how the calls ended."""
    async with AsyncExitStack() as stack:
        soak = Soak(open_unplugged_server(stack))
        gc.freeze()  # as the server does
        gc.set_threshold(*GC_THRESHOLD)
        samples = []
        for number in range(1, SAMPLES + 1):
            await soak.call(calls // SAMPLES)
            samples.append(soak.sample(calls // SAMPLES * number))
        ends = [Figure("calls", code, count, "") for code, count in soak.ends().items()]
        return [*figures(samples), *ends]


def figures(samples: Sequence[Sample]) -> list[Figure]:
    """Memory over the run, its growth, and what is held in the end."""
    over_time = [Figure(f"{one.calls:,} calls", "rss", one.rss_mib, "MiB") for one in samples]
    warm, last = (median(one.rss_mib for one in samples[part]) for part in (WARM, LAST))
    since = f"{warm:.0f} MiB after {samples[WARM][1].calls:,} calls"
    growth = Figure("memory", "growth", (last / warm - 1) * 100, "%", "<= 5", since)
    held = [
        Figure(name, "entries", count, "", f"<= {MOST_ENTRIES[name]}")
        for name, count in samples[-1].entries.items()
    ]
    return [*over_time, growth, *held]


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description="a million calls through the chain: memory")
    parser.add_argument("--calls", type=int, default=1_000_000, help="how many (default 1000000)")
    calls: int = parser.parse_args().calls
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        found = runner.run(measure(calls))
    report("soak", found, [f"{CALLERS:,} callers, {REQUESTS:,} different requests"])


if __name__ == "__main__":
    main()
