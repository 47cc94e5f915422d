"""How many bytes calls carry, each way: histograms with the buckets of gRPC proposal A66.

They are those of the messages as the chain sees them, without gRPC's framing. Where a server lets
gRPC compress, what travels is less.
"""

from bisect import bisect_left
from collections.abc import Iterator

from interceptors.telemetry import EndedCall
from interceptors.timings import Notes

BUCKETS_BYTES = (
    *(0, 1024, 2048, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864),
    *(268435456, 1073741824, 4294967296),
)


class Sizes:
    """What calls of one kind carried one way."""

    __slots__ = ("counts", "total_bytes")

    def __init__(self) -> None:
        self.counts = [0] * (len(BUCKETS_BYTES) + 1)  # last: beyond
        self.total_bytes = 0

    def add(self, size_bytes: int) -> None:
        """Take in one call."""
        self.counts[bisect_left(BUCKETS_BYTES, size_bytes)] += 1
        self.total_bytes += size_bytes


class CallSizes:
    """What calls received and sent, by method and code; a listener of `telemetry`."""

    def __init__(self) -> None:
        self._sizes: dict[tuple[str, str], tuple[Sizes, Sizes]] = {}
        notes = Notes(self._weigh)
        self.ended, self.settle = notes.add, notes.settle

    def read(self) -> Iterator[tuple[str, str, Sizes, Sizes]]:
        """Method, code, what was received, what was sent; of all calls that are over."""
        self.settle()
        for (method, code), (received, sent) in list(self._sizes.items()):
            yield method, code, received, sent

    def _weigh(self, call: EndedCall) -> None:
        key = (call.method, call.code)
        found = self._sizes.get(key)
        if found is None:
            found = self._sizes[key] = (Sizes(), Sizes())
        received, sent = found
        received.add(call.received_bytes)
        sent.add(call.sent_bytes)
