"""Prometheus metrics of calls, under the names and buckets of gRPC proposal A66."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from interceptors.sizes import BUCKETS_BYTES, CallSizes
from interceptors.telemetry import EndedCall
from interceptors.timings import BUCKETS_S, Notes, Timing, Timings

METHOD = "method"  # the kind of work that a call is

_BOUNDS = [*map(str, map(float, BUCKETS_S)), "+Inf"]
_SIZE_BOUNDS = [*map(str, map(float, BUCKETS_BYTES)), "+Inf"]


class CallTimings:
    """Times calls; a listener of `telemetry`. Whoever reads `timings` finds all calls in them."""

    def __init__(self, timings: Timings) -> None:
        self._timings = timings
        notes = Notes(self._time)
        self.ended, self.settle = notes.add, notes.settle
        timings.settle_before_reading(notes.settle)

    def _time(self, call: EndedCall) -> None:
        self._timings.of(METHOD, call.method, call.code).add(call.duration_s)


class CallCollector(Collector):
    """What Prometheus reads of the calls and of the work inside them."""

    def __init__(
        self,
        started: Mapping[str, int],
        timings: Timings,
        inside: Mapping[str, str],
        sizes: CallSizes,
    ) -> None:
        self._started = started  # calls by method
        self._timings = timings
        self._inside = inside  # kind of work -> its metric's name
        self._sizes = sizes

    def collect(self) -> Iterator[CounterMetricFamily | HistogramMetricFamily]:
        """The metrics as they are now."""
        calls = CounterMetricFamily(
            "grpc_server_call_started", "Calls that came in.", labels=["grpc_method"]
        )
        for method, count in list(self._started.items()):
            calls.add_metric([method], count)
        yield calls
        yield _histogram(
            "grpc_server_call_duration_seconds",
            "Time from a call's start to its end, in seconds.",
            ("grpc_method", "grpc_status"),
            self._timings.of_kind(METHOD),
        )
        yield from self._sizes_each_way()
        for kind, name in self._inside.items():
            help_text = f"Time of each {kind}, in seconds."
            yield _histogram(name, help_text, (kind, "outcome"), self._timings.of_kind(kind))

    def _sizes_each_way(self) -> Iterator[HistogramMetricFamily]:
        labels = ("grpc_method", "grpc_status")
        received, sent = (
            HistogramMetricFamily(
                f"grpc_server_call_{way}_total_compressed_message_size_bytes", text, labels=labels
            )
            for way, text in (("rcvd", "Bytes a call received."), ("sent", "Bytes a call sent."))
        )
        for method, code, taken, given in self._sizes.read():
            for family, sizes in ((received, taken), (sent, given)):
                buckets = _cumulative(_SIZE_BOUNDS, sizes.counts)
                family.add_metric([method, code], buckets, sizes.total_bytes)
        yield received
        yield sent


def _histogram(
    name: str,
    help_text: str,
    labels: tuple[str, str],
    timings: Iterator[tuple[str, str, Timing]],
) -> HistogramMetricFamily:
    family = HistogramMetricFamily(name, help_text, labels=labels)
    for subject, outcome, timing in timings:
        buckets = _cumulative(_BOUNDS, timing.counts)
        family.add_metric([subject, outcome], buckets, timing.total_s)
    return family


def _cumulative(bounds: Sequence[str], counts: Sequence[int]) -> list[tuple[str, float]]:
    return list(zip(bounds, accumulate(counts), strict=True))
