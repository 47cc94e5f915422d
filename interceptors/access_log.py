"""One log line a call: who called what and how it went, never text or keys."""

from collections.abc import Callable, Mapping

from interceptors.call import Call


class AccessLog:
    """Writes a record of each call as it ends; a listener of `telemetry`."""

    def __init__(self, write: Callable[[Mapping[str, object]], None]) -> None:
        self._write = write

    def started(self, call: Call) -> None:
        """Nothing: a call has one line, at its end."""

    def ended(self, call: Call, code: str, seconds: float) -> None:
        """Write the line. What did not happen is left out."""
        caller = call.caller
        line: dict[str, object] = {
            "event": "call",
            "call_id": call.id,
            "method": call.method,
            "code": code,
            "duration_ms": round(seconds * 1000, 3),
            "tenant": caller.tenant,
            "caller": caller.subject,
        }
        if not caller.subject:
            line["peer"] = call.address
        if call.cache:
            line["cache"] = call.cache
        if call.limit:
            line["limit"] = call.limit
        if call.reason:
            line["reason"] = call.reason
        self._write(line)
