"""Prometheus metrics of calls, under the names and buckets of gRPC proposal A66."""

from prometheus_client import CollectorRegistry, Counter, Histogram

from interceptors.telemetry import CallEnd

LATENCY_BUCKETS_S = (
    *(0.00001, 0.00005, 0.0001, 0.0003, 0.0006, 0.0008, 0.001, 0.002, 0.003, 0.004),
    *(0.005, 0.006, 0.008, 0.01, 0.013, 0.016, 0.02, 0.025, 0.03, 0.04, 0.05, 0.065),
    *(0.08, 0.1, 0.13, 0.16, 0.2, 0.25, 0.3, 0.4, 0.5, 0.65, 0.8, 1, 2, 5, 10, 20, 50, 100),
)


class CallMetrics:
    """Counts and times calls; a listener of `telemetry`. Children are bound once, then kept."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._calls = Counter(
            "grpc_server_call_started",
            "Calls that came in.",
            ["grpc_method"],
            registry=registry,
        )
        self._durations = Histogram(
            "grpc_server_call_duration_seconds",
            "Time from a call's start to its end, in seconds.",
            ["grpc_method", "grpc_status"],
            buckets=LATENCY_BUCKETS_S,
            registry=registry,
        )
        self._started: dict[str, Counter] = {}
        self._ended: dict[tuple[str, str], Histogram] = {}

    def started(self, method: str) -> None:
        """Count a call; `method` is one of the server's, or "other"."""
        child = self._started.get(method)
        if child is None:
            child = self._started[method] = self._calls.labels(method)
        child.inc()

    def ended(self, end: CallEnd) -> None:
        """Time a call."""
        key = (end.method, end.code)
        child = self._ended.get(key)
        if child is None:
            child = self._ended[key] = self._durations.labels(*key)
        child.observe(end.duration_s)
