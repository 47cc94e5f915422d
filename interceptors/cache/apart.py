"""A call for work that may outlive it: what the caller sent, and nobody who listens."""

from typing import Any

from interceptors.call import Call, Metadata


class _Unheard:
    """Stands for grpc.aio's context, which ends with its call."""

    def __init__(self, metadata: Metadata, peer: str) -> None:
        self._metadata = metadata
        self._peer = peer

    def invocation_metadata(self) -> Metadata:
        return self._metadata

    def peer(self) -> str:
        return self._peer

    def time_remaining(self) -> float | None:
        return None


def apart(call: Call) -> Call:
    """A call by the same caller with the same metadata, without a deadline."""
    transport: Any = _Unheard(tuple(call.metadata.items()), call.transport.peer())
    twin = Call(call.method, transport)
    twin.caller = call.caller
    return twin
