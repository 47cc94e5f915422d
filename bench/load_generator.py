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
    children_cpu_s: float  # of the server's own processes, such as the one that reads tickets
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
    def children_cpu_us(self) -> float:
        """Microseconds of the processor time of the server's children a call."""
        return self.children_cpu_s / self.calls * 1e6

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

    server, database = psutil.Process(server_pid), _postmaster_of(server_pid)

    def spent() -> tuple[float, float, float]:
        children = sum(map(_cpu_s, server.children(recursive=True)))
        return _cpu_s(server), children, 0.0 if database is None else _family_cpu_s(database)

    before, start = spent(), time.perf_counter()
    await asyncio.gather(*[caller() for _ in range(in_flight)])
    seconds = time.perf_counter() - start
    server_s, children_s, database_s = (a - b for a, b in zip(spent(), before, strict=True))
    return Round(calls, seconds, server_s, children_s, database_s, tuple(latencies))


def _cpu_s(process: psutil.Process) -> float:
    user, system, *_ = process.cpu_times()
    return float(user + system)


def _family_cpu_s(process: psutil.Process) -> float:
    """Processor time of a postmaster with its backends."""
    return sum(map(_cpu_s, [process, *process.children()]))


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
