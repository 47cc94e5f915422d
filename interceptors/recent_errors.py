"""The last calls that the server failed, with what an operator needs to find them again."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from interceptors.call import Call
from interceptors.errors import SERVER_FAULTS

MOST_ERRORS = 100
# A stranger can call what is not there as often as it likes, and would push all else out.
FAULTS = SERVER_FAULTS - {"UNIMPLEMENTED"}


@dataclass(frozen=True, slots=True)
class RecentError:
    """One call that the server failed."""

    time_s: float  # since 1970
    method: str
    code: str
    reason: str  # of its ErrorInfo; empty: it had none
    tenant: str
    call_id: str
    duration_s: float


class RecentErrors:
    """Keeps the newest hundred; a listener of `telemetry`."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._errors: deque[RecentError] = deque(maxlen=MOST_ERRORS)

    def newest_first(self) -> list[RecentError]:
        """What is kept."""
        return list(reversed(self._errors))

    def started(self, call: Call) -> None:
        """Nothing: only how a call ends matters."""

    def ended(self, call: Call, code: str, seconds: float) -> None:
        """Keep a call that the server failed: what it refused is no fault of its own."""
        if code not in FAULTS:
            return
        self._errors.append(
            RecentError(
                time_s=self._clock(),
                method=call.method,
                code=code,
                reason=call.reason,
                tenant=call.caller.tenant,
                call_id=call.id,
                duration_s=seconds,
            )
        )
