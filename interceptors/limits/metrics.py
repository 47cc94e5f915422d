"""Prometheus metrics of rate limits. They name outcomes and tiers, never callers."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from interceptors.limits.limiter import Limiter


class LimitMetrics(Collector):
    """Reads the counts of a limiter when it is asked; nothing is added to the path of a call."""

    def __init__(self, limiter: Limiter) -> None:
        self._limiter = limiter

    def collect(self) -> Iterator[Metric]:
        """The metrics as they are now."""
        charges = CounterMetricFamily(
            "rate_limit_charges",
            "Charges by how they went: admitted, near (admitted, 80 % spent), refused, or shadow "
            "(admitted in shadow mode only).",
            labels=("tier", "outcome"),
        )
        for tier, outcomes in self._limiter.charges.items():
            for outcome, count in outcomes.items():
                charges.add_metric((tier, outcome), count)
        yield charges
        yield GaugeMetricFamily(
            "rate_limit_callers", "Callers that this process knows.", self._limiter.callers_known
        )
        yield GaugeMetricFamily(
            "rate_limit_shared",
            "1 while limits are shared with other processes through Redis, else 0.",
            self._limiter.is_shared,
        )
        shared = self._limiter.shared
        yield CounterMetricFamily(
            "rate_limit_redis_failures",
            "Questions that Redis did not answer.",
            0 if shared is None else shared.failures,
        )
