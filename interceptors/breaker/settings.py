"""When a breaker opens and how it closes, and what an operator may order."""

import math
from dataclasses import dataclass
from enum import Enum


class State(Enum):
    """Whether calls pass."""

    CLOSED = "closed"  # they pass and are watched
    OPEN = "open"  # they are refused
    HALF_OPEN = "half_open"  # a few pass, to see whether it works again


class Mode(Enum):
    """What an operator has ordered."""

    AUTOMATIC = "automatic"  # the breaker decides
    FORCED_OPEN = "forced_open"  # every call is refused
    DISABLED = "disabled"  # every call passes, nothing is counted
    METRICS_ONLY = "metrics_only"  # every call passes and is counted


@dataclass(frozen=True, slots=True)
class BreakerSettings:
    """When a breaker opens and how it closes.

    The rates are of the newest calls: at most `window_calls`, none older than `window_s`.
    """

    consecutive_failures: int = 5  # that open it
    failure_rate: float = 0.5  # share of the window that opens it, above 0 to 1
    slow_call_rate: float = 1.0  # share of the window that opens it, above 0 to 1
    slow_call_s: float = math.inf  # from when on a call is slow; inf: none is
    window_calls: int = 100
    window_s: float = math.inf
    minimum_calls: int = 20  # in the window before its rates count
    open_s: float = 60.0
    half_open_calls: int = 2  # that may pass at once while it is half open
    successes_to_close: int = 2
    probe_lease_s: float = 60.0  # after which a half-open call that did not report is given up
