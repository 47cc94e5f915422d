"""One log line a call: method, code, duration and peer, never text or keys."""

from collections.abc import Callable, Mapping

from interceptors.call import Call
from interceptors.telemetry import CallEnd


class AccessLog:
    """Writes a record of each call as it ends; a listener of `telemetry`.

    `describe` adds what the application knows of the caller.
    """

    def __init__(
        self,
        write: Callable[[Mapping[str, object]], None],
        describe: Callable[[Call], Mapping[str, object]],
    ) -> None:
        self._write = write
        self._describe = describe

    def started(self, method: str) -> None:
        """Nothing: a call has one line, at its end."""

    def ended(self, end: CallEnd) -> None:
        """Write the line."""
        self._write(
            {
                "event": "call",
                "method": end.method,
                "code": end.code,
                "duration_ms": round(end.duration_s * 1000, 3),
                **self._describe(end.call),
            }
        )
