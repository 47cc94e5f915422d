"""Rate limits under their operators: custom limits as settings, a reset as an order."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from interceptors.limits.book import LimitBook, TooManyCustomLimits
from interceptors.limits.limiter import Limiter
from interceptors.limits.tiers import Limits
from server.admin.store import Value

SETTING = "custom_limit"  # subject: caller and method, divided by the last space
RESET = "limits.reset"
MOST_CALLERS = 1000  # whose usage a process tells the others


def subject_of(caller: str, method: str) -> str:
    """The name of a custom limit. No method holds a space."""
    return f"{caller} {method}"


def read_subject(subject: str) -> tuple[str, str]:
    """Caller and method of a custom limit."""
    caller, _, method = subject.rpartition(" ")
    return caller, method


def apply_limits(book: LimitBook, subject: str, value: Value | None) -> None:
    """Put custom limits in force; None: the usual ones. What the book has no room for is left
    out: two processes may have added the last one at the same time.
    """
    caller, method = read_subject(subject)
    with suppress(TooManyCustomLimits):
        book.set_limits(Limits(**value) if value else None, caller=caller, method=method)


def limits_value(limits: Limits) -> dict[str, Any]:
    """Limits as they are set."""
    return asdict(limits)


def read_figures(limiter: Limiter) -> dict[str, Any]:
    """Units admitted and refused of the callers that asked for most, fit for JSON."""
    return {
        usage.caller: [usage.admitted_units, usage.refused_units]
        for usage in limiter.top_callers(MOST_CALLERS)
    }


def sum_usage(processes: Iterable[dict[str, Any]]) -> list[tuple[str, int, int]]:
    """Caller, admitted and refused units over all processes, who asked for most first."""
    sums: dict[str, tuple[int, int]] = {}
    for process in processes:
        for caller, (admitted, refused) in process.items():
            known = sums.get(caller, (0, 0))
            sums[caller] = (known[0] + admitted, known[1] + refused)
    found = [(caller, admitted, refused) for caller, (admitted, refused) in sums.items()]
    return sorted(found, key=lambda usage: -(usage[1] + usage[2]))
