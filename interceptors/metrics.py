"""Prometheus metrics of calls, under the names and buckets of gRPC proposal A66."""

from collections.abc import Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from interceptors.call import Call
from interceptors.timings import BUCKETS_S, Timing, Timings

METHOD = "method"  # the kind of work that a call is

_BOUNDS = [*map(str, map(float, BUCKETS_S)), "+Inf"]


class CallTimings:
    """Counts and times calls; a listener of `telemetry`."""

    def __init__(self, timings: Timings) -> None:
        self._timings = timings
        self._by_code: dict[tuple[str, str], Timing] = {}
        self.started_calls: dict[str, int] = {}  # by method

    def started(self, call: Call) -> None:
        """Count a call."""
        method = call.method
        self.started_calls[method] = self.started_calls.get(method, 0) + 1

    def ended(self, call: Call, code: str, seconds: float) -> None:
        """Time a call."""
        key = (call.method, code)
        timing = self._by_code.get(key)
        if timing is None:
            timing = self._by_code[key] = self._timings.of(METHOD, *key)
        timing.add(seconds)


class CallCollector(Collector):
    """What Prometheus reads of the calls and of the work inside them."""

    def __init__(self, calls: CallTimings, timings: Timings, inside: Mapping[str, str]) -> None:
        self._calls = calls
        self._timings = timings
        self._inside = inside  # kind of work -> its metric's name

    def collect(self) -> Iterator[CounterMetricFamily | HistogramMetricFamily]:
        """The metrics as they are now."""
        started = CounterMetricFamily(
            "grpc_server_call_started", "Calls that came in.", labels=["grpc_method"]
        )
        for method, count in list(self._calls.started_calls.items()):
            started.add_metric([method], count)
        yield started
        yield _histogram(
            "grpc_server_call_duration_seconds",
            "Time from a call's start to its end, in seconds.",
            ("grpc_method", "grpc_status"),
            self._timings.of_kind(METHOD),
        )
        for kind, name in self._inside.items():
            help_text = f"Time of each {kind}, in seconds."
            yield _histogram(name, help_text, (kind, "outcome"), self._timings.of_kind(kind))


def _histogram(
    name: str,
    help_text: str,
    labels: tuple[str, str],
    timings: Iterator[tuple[str, str, Timing]],
) -> HistogramMetricFamily:
    family = HistogramMetricFamily(name, help_text, labels=labels)
    for subject, outcome, timing in timings:
        total, buckets = 0, []
        for bound, count in zip(_BOUNDS, timing.counts, strict=True):
            total += count
            buckets.append((bound, total))
        family.add_metric([subject, outcome], buckets, timing.total_s)
    return family
