"""Prometheus metrics of the concurrency limit."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from interceptors.concurrency.limiter import ConcurrencyLimiter

URGENCIES = ("batch", "interactive", "critical")  # by rank


class ConcurrencyCollector(Collector):
    """Reads a limiter when the metrics are asked for, and costs nothing else."""

    def __init__(self, limiter: ConcurrencyLimiter) -> None:
        self._limiter = limiter

    def collect(self) -> Iterator[Metric]:
        """The limit, what is under it, and what was shed."""
        limiter = self._limiter
        yield GaugeMetricFamily(
            "concurrency_limit", "Calls that may be in flight.", limiter.limit.calls
        )
        in_flight = GaugeMetricFamily("concurrency_in_flight", "Calls in flight.", labels=["shape"])
        in_flight.add_metric(["unary"], limiter.in_flight)
        in_flight.add_metric(["stream"], limiter.streams)
        yield in_flight
        waiting = GaugeMetricFamily(
            "concurrency_waiting", "Calls that wait for a place.", labels=["urgency"]
        )
        shed = CounterMetricFamily("concurrency_shed", "Calls that were shed.", labels=["urgency"])
        for urgency, waits, count in zip(URGENCIES, limiter.waiting, limiter.shed, strict=True):
            waiting.add_metric([urgency], waits)
            shed.add_metric([urgency], count)
        yield waiting
        yield shed
