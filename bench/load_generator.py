"""A closed loop of callers, and the processor time of who answers them."""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from statistics import quantiles

import psutil


@dataclass(frozen=True, slots=True)
class Round:
    """What one round of calls cost."""

    calls: int
    seconds: float
    server_cpu_s: float
    database_cpu_s: float
    latencies_s: tuple[float, ...]

    @property
    def rps(self) -> float:
        """Calls a second."""
        return self.calls / self.seconds

    @property
    def cpu_us(self) -> float:
        """Microseconds of the server's processor time a call."""
        return self.server_cpu_s / self.calls * 1e6

    @property
    def database_cpu_us(self) -> float:
        """Microseconds of the database's processor time a call."""
        return self.database_cpu_s / self.calls * 1e6

    def percentile_ms(self, percent: int) -> float:
        """A percentile of the latencies in milliseconds."""
        return quantiles(self.latencies_s, n=100)[percent - 1] * 1e3

    def per_message(self, messages: int) -> "Round":
        """The same, counted by the messages of each call."""
        return replace(self, calls=self.calls * messages)


async def run_round(
    call: Callable[[], Awaitable[object]], calls: int, in_flight: int, server_pid: int
) -> Round:
    """`calls` calls, `in_flight` at a time."""
    left = itertools.repeat(None, calls)
    latencies: list[float] = []

    async def caller() -> None:
        for _ in left:
            start = time.perf_counter()
            await call()
            latencies.append(time.perf_counter() - start)

    processes = psutil.Process(server_pid), _postmaster_of(server_pid)
    before = [_cpu_s(process) for process in processes]
    start = time.perf_counter()
    await asyncio.gather(*[caller() for _ in range(in_flight)])
    seconds = time.perf_counter() - start
    spent = [_cpu_s(process) - b for process, b in zip(processes, before, strict=True)]
    return Round(calls, seconds, spent[0], spent[1], tuple(latencies))


def _cpu_s(process: psutil.Process | None) -> float:
    """Processor time of a process; of a postmaster, with its backends."""
    if process is None:
        return 0.0
    family = [process, *(process.children() if process.name() == "postgres" else [])]
    return sum(sum(p.cpu_times()[:2]) for p in family)


def _postmaster_of(server_pid: int) -> psutil.Process | None:
    """The embedded PostgreSQL that the server talks to."""
    data = next(
        (a for a in psutil.Process(server_pid).cmdline() if a.startswith("/") and "data" in a), ""
    )
    for process in psutil.process_iter(["name", "cmdline"]):
        command = process.info["cmdline"] or []
        if process.info["name"] == "postgres" and f"{data}/postgres" in command:
            return process
    return None
