"""Prometheus metrics of the breakers, under the names that resilience4j made known."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from interceptors.breaker.breaker import CircuitBreaker
from interceptors.breaker.registry import BreakerRegistry
from interceptors.breaker.settings import Mode, State

STATES = (
    *(state.value for state in State),
    *(mode.value for mode in Mode if mode is not Mode.AUTOMATIC),
)


class BreakerCollector(Collector):
    """Reads every breaker of a registry when the metrics are asked for, and costs nothing else."""

    def __init__(self, registry: BreakerRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterator[Metric]:
        """Each breaker's state, calls and rates."""
        state = GaugeMetricFamily(
            "circuitbreaker_state",
            "1 for the state that the breaker is in, or the order that it obeys.",
            labels=["name", "state"],
        )
        calls = CounterMetricFamily(
            "circuitbreaker_calls", "Calls, by how they ended.", labels=["name", "kind"]
        )
        slow_calls = CounterMetricFamily(
            "circuitbreaker_slow_calls", "Calls that were slow.", labels=["name"]
        )
        failure_rate = GaugeMetricFamily(
            "circuitbreaker_failure_rate", "Share of failures in the window.", labels=["name"]
        )
        slow_call_rate = GaugeMetricFamily(
            "circuitbreaker_slow_call_rate", "Share of slow calls in the window.", labels=["name"]
        )
        for breaker in self._registry.breakers():
            name = [breaker.name]
            shown = _shown_state(breaker)
            for each in STATES:
                state.add_metric([*name, each], float(each == shown))
            for kind in ("successful", "failed", "ignored", "not_permitted"):
                calls.add_metric([*name, kind], getattr(breaker.tally, kind))
            slow_calls.add_metric(name, breaker.tally.slow)
            rates = breaker.rates()
            failure_rate.add_metric(name, rates.failure_rate)
            slow_call_rate.add_metric(name, rates.slow_call_rate)
        yield from (state, calls, slow_calls, failure_rate, slow_call_rate)


def _shown_state(breaker: CircuitBreaker) -> str:
    return breaker.state.value if breaker.mode is Mode.AUTOMATIC else breaker.mode.value
