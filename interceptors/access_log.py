"""One log line a call: who called what and how it went, never text or keys."""

from collections.abc import Callable, Mapping

from interceptors.telemetry import EndedCall


class AccessLog:
    """Writes a record of each call soon after it has ended; a listener of `telemetry`."""

    def __init__(self, write: Callable[[Mapping[str, object]], None]) -> None:
        self._write = write
        self._noted: list[EndedCall] = []
        self.ended = self._noted.append

    def settle(self) -> None:
        """Write the lines."""
        lines = [_line(call) for call in self._noted]
        # Before they are written: what `write` raises must neither double lines nor pile them up.
        self._noted.clear()
        for line in lines:
            self._write(line)


def _line(call: EndedCall) -> Mapping[str, object]:
    """What did not happen is left out."""
    line: dict[str, object] = {
        "event": "call",
        "time": call.ended_s,
        "call_id": call.id,
        "method": call.method,
        "code": call.code,
        "duration_ms": round(call.duration_s * 1e6) / 1000,
        "tenant": call.caller.tenant,
        "caller": call.caller.subject,
    }
    if call.address:
        line["peer"] = call.address
    if call.cache:
        line["cache"] = call.cache
    if call.limit:
        line["limit"] = call.limit
    if call.reason:
        line["reason"] = call.reason
    return line
