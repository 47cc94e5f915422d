"""Prometheus metrics of the cache, read from its own figures when they are asked for."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from interceptors.cache.answer_cache import AnswerCache


class CacheCollector(Collector):
    """Register it with a CollectorRegistry."""

    def __init__(self, cache: AnswerCache) -> None:
        self._cache = cache

    def collect(self) -> Iterator[Metric]:
        """The metrics as they are now."""
        cache = self._cache
        lookups = CounterMetricFamily(
            "switchyard_cache_lookups",
            "Calls of methods that may be cached, by how they were answered.",
            labels=["method", "result"],
        )
        failures = CounterMetricFamily(
            "switchyard_cache_failed_refreshes",
            "Works in the background that raised.",
            labels=["method"],
        )
        for name, terms in cache.terms.items():
            figures = terms.figures
            lookups.add_metric([name, "hit"], figures.hits)
            lookups.add_metric([name, "miss"], figures.misses)
            lookups.add_metric([name, "stale"], figures.stale_hits)
            lookups.add_metric([name, "coalesced"], figures.coalesced)
            failures.add_metric([name], figures.failed_refreshes)
        yield lookups
        yield failures
        yield _gauge("entries", "Answers in the memory of this process.", len(cache.memory))
        yield _gauge("bytes", "Their bytes, keys included.", cache.memory.bytes_kept)
        yield _gauge("shared", "1 while answers are shared through Redis.", cache.is_shared)


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"switchyard_cache_{name}", text, value=value)
