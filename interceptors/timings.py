"""How long things take: histograms that metrics and reports read alike.

A `Timing` is a handful of numbers; adding to one costs less than half a microsecond. The buckets
are those of gRPC proposal A66.
"""

import math
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from threading import Lock
from typing import Generic, TypeVar

BUCKETS_S = (
    *(0.00001, 0.00005, 0.0001, 0.0003, 0.0006, 0.0008, 0.001, 0.002, 0.003, 0.004),
    *(0.005, 0.006, 0.008, 0.01, 0.013, 0.016, 0.02, 0.025, 0.03, 0.04, 0.05, 0.065),
    *(0.08, 0.1, 0.13, 0.16, 0.2, 0.25, 0.3, 0.4, 0.5, 0.65, 0.8, 1, 2, 5, 10, 20, 50, 100),
)

# How the work inside calls ends; calls end with the name of their code.
OK = "OK"
FAILED = "FAILED"
CANCELLED = "CANCELLED"  # whoever it was for has left

Observe = Callable[[str, float, str], None]  # subject, seconds, outcome

Noted = TypeVar("Noted")


@dataclass(slots=True)
class Timing:
    """Durations of one kind of work, in seconds."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS_S) + 1))  # last: beyond
    total_s: float = 0.0
    minimum_s: float = math.inf  # of none: infinite
    maximum_s: float = 0.0

    def add(self, seconds: float) -> None:
        """Take in one duration."""
        self.counts[bisect_left(BUCKETS_S, seconds)] += 1
        self.total_s += seconds
        self.minimum_s = min(self.minimum_s, seconds)
        self.maximum_s = max(self.maximum_s, seconds)

    @property
    def count(self) -> int:
        """How many there were."""
        return sum(self.counts)

    def percentile_s(self, percent: float) -> float:
        """Seconds that `percent` % of them did not exceed: a straight line within the bucket."""
        wanted = self.count * percent / 100
        below = 0
        for i, count in enumerate(self.counts):
            if count and below + count >= wanted:
                low = max(BUCKETS_S[i - 1] if i else 0.0, self.minimum_s)
                high = min(BUCKETS_S[i] if i < len(BUCKETS_S) else math.inf, self.maximum_s)
                return low + (high - low) * (wanted - below) / count
            below += count
        return 0.0


def merge(timings: Iterable[Timing]) -> Timing:
    """All of them together."""
    merged = Timing()
    for one in timings:
        merged.counts = [a + b for a, b in zip(merged.counts, one.counts, strict=True)]
        merged.total_s += one.total_s
        merged.minimum_s = min(merged.minimum_s, one.minimum_s)
        merged.maximum_s = max(merged.maximum_s, one.maximum_s)
    return merged


class Notes(Generic[Noted]):
    """What is noted on the way of a call and added up later, many at once, by any thread.

    In between calls, adding up would take several times as long.
    """

    def __init__(self, add_up: Callable[[Noted], None]) -> None:
        self._add_up = add_up
        self._noted: deque[Noted] = deque()
        self._settling = Lock()  # metrics are read in a thread of their own
        self.add = self._noted.append

    def __len__(self) -> int:
        """How many wait."""
        return len(self._noted)

    def settle(self) -> None:
        """Add up what waits."""
        with self._settling:
            while self._noted:
                self._add_up(self._noted.popleft())


class Timings:
    """The timings of a process by kind, subject and outcome.

    Subjects are names out of the code and the contract, never of a caller's choosing.
    """

    def __init__(self) -> None:
        self._timings: dict[tuple[str, str, str], Timing] = {}
        self._settle: list[Callable[[], None]] = []

    def settle_before_reading(self, settle: Callable[[], None]) -> None:
        """Ask for the durations that somebody holds back, whenever the timings are read."""
        self._settle.append(settle)

    def of(self, kind: str, subject: str, outcome: str = OK) -> Timing:
        """One timing, made when first asked for."""
        key = (kind, subject, outcome)
        found = self._timings.get(key)
        if found is None:
            found = self._timings[key] = Timing()
        return found

    def of_kind(self, kind: str) -> Iterator[tuple[str, str, Timing]]:
        """Subject, outcome and timing of one kind of work."""
        for (found, subject, outcome), timing in self._settled():
            if found == kind:
                yield subject, outcome, timing

    def kinds(self) -> list[str]:
        """The kinds of work there are, in order."""
        return sorted({kind for (kind, _, _), _ in self._settled()})

    def _settled(self) -> list[tuple[tuple[str, str, str], Timing]]:
        for settle in self._settle:
            settle()
        return list(self._timings.items())
