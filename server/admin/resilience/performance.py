"""Times and recent errors of all processes together."""

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from interceptors.recent_errors import MOST_ERRORS, RecentError, RecentErrors
from interceptors.timings import Timing, Timings, merge

FINE = frozenset({"OK", "CANCELLED"})  # outcomes that are no error


@dataclass(frozen=True, slots=True)
class Performance:
    """How one kind of work performs."""

    kind: str
    subject: str
    errors: int
    timing: Timing


def read_timings(timings: Timings) -> list[list[Any]]:
    """Every timing of this process, fit for JSON."""
    return [
        [kind, subject, outcome, asdict(timing)]
        for kind in timings.kinds()
        for subject, outcome, timing in timings.of_kind(kind)
        if timing.count
    ]


def read_errors(errors: RecentErrors) -> list[dict[str, Any]]:
    """The recent errors of this process, fit for JSON."""
    return [asdict(error) for error in errors.newest_first()]


def sum_timings(processes: Iterable[list[list[Any]]]) -> list[Performance]:
    """All processes together, what took most time first."""
    by_work: dict[tuple[str, str], list[tuple[str, Timing]]] = defaultdict(list)
    for process in processes:
        for kind, subject, outcome, fields in process:
            by_work[kind, subject].append((outcome, Timing(**fields)))
    found = [_performance(*work, timings) for work, timings in by_work.items()]
    return sorted(found, key=lambda one: -one.timing.total_s)


def newest_errors(processes: Iterable[list[dict[str, Any]]]) -> list[RecentError]:
    """The newest errors of all processes."""
    errors = [RecentError(**fields) for process in processes for fields in process]
    return sorted(errors, key=lambda error: -error.time_s)[:MOST_ERRORS]


def _performance(kind: str, subject: str, timings: list[tuple[str, Timing]]) -> Performance:
    failed = sum(timing.count for outcome, timing in timings if outcome not in FINE)
    together = merge(timing for _, timing in timings)
    if together.minimum_s == math.inf:
        together.minimum_s = 0.0
    return Performance(kind, subject, failed, together)
