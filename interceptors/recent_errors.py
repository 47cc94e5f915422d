"""The last calls that the server failed, with what an operator needs to find them again."""

from collections import deque
from dataclasses import dataclass

from interceptors.errors import OUT_OF_TIME, SERVER_FAULTS
from interceptors.telemetry import EndedCall

MOST_ERRORS = 100
DEADLINE = "DEADLINE_EXCEEDED"
# A stranger can call what is not there as often as it likes, and would push all else out.
FAULTS = SERVER_FAULTS - {"UNIMPLEMENTED", DEADLINE}


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

    def __init__(self) -> None:
        self._noted: list[EndedCall] = []
        self._errors: deque[RecentError] = deque(maxlen=MOST_ERRORS)
        self.ended = self._noted.append

    def newest_first(self) -> list[RecentError]:
        """What is kept."""
        self.settle()
        return list(reversed(self._errors))

    def settle(self) -> None:
        """Keep the calls that the server failed: what it refused is no fault of its own."""
        self._errors.extend(_error(call) for call in self._noted if _is_fault(call))
        self._noted.clear()


def _is_fault(call: EndedCall) -> bool:
    """A deadline counts where it is the contract's: callers choose theirs as short as they like."""
    return call.code in FAULTS or (call.code == DEADLINE and call.reason == OUT_OF_TIME)


def _error(call: EndedCall) -> RecentError:
    return RecentError(
        time_s=call.ended_s,
        method=call.method,
        code=call.code,
        reason=call.reason,
        tenant=call.caller.tenant,
        call_id=call.id,
        duration_s=call.duration_s,
    )
