"""Breakers show under the names that people's dashboards know."""

from prometheus_client import CollectorRegistry

from interceptors.breaker.metrics import BreakerCollector
from interceptors.breaker.registry import BreakerRegistry
from interceptors.breaker.settings import BreakerSettings, Mode
from interceptors.errors import CircuitOpen
from tests.unit.interceptors.clock import Clock


def shown(registry: BreakerRegistry) -> CollectorRegistry:
    metrics = CollectorRegistry()
    metrics.register(BreakerCollector(registry))
    return metrics


def states(metrics: CollectorRegistry) -> dict[str, float]:
    """State -> value, of the one breaker."""
    (family,) = (each for each in metrics.collect() if each.name == "circuitbreaker_state")
    return {sample.labels["state"]: sample.value for sample in family.samples}


def test_calls_and_rates_are_shown() -> None:
    registry = BreakerRegistry(BreakerSettings(consecutive_failures=2), Clock())
    breaker = registry.get("b", lambda _error: True)
    breaker.succeeded(breaker.admit())
    breaker.failed(breaker.admit(), GeneratorExit())
    for _ in range(2):
        breaker.failed(breaker.admit(), ValueError())
    try:
        breaker.admit()
    except CircuitOpen:
        metrics = shown(registry)
    calls = {
        kind: metrics.get_sample_value("circuitbreaker_calls_total", {"name": "b", "kind": kind})
        for kind in ("successful", "failed", "ignored", "not_permitted")
    }
    assert calls == {"successful": 1, "failed": 2, "ignored": 1, "not_permitted": 1}
    assert metrics.get_sample_value("circuitbreaker_failure_rate", {"name": "b"}) == 2 / 3
    assert metrics.get_sample_value("circuitbreaker_slow_call_rate", {"name": "b"}) == 0
    assert metrics.get_sample_value("circuitbreaker_slow_calls_total", {"name": "b"}) == 0


def test_exactly_one_state_is_shown() -> None:
    registry = BreakerRegistry(BreakerSettings(), Clock())
    registry.get("b", lambda _error: True)
    assert states(shown(registry)) == {
        "closed": 1,
        "open": 0,
        "half_open": 0,
        "forced_open": 0,
        "disabled": 0,
        "metrics_only": 0,
    }


def test_an_order_is_shown_in_place_of_the_state() -> None:
    registry = BreakerRegistry(BreakerSettings(), Clock())
    registry.set_mode("b", Mode.FORCED_OPEN)
    registry.get("b", lambda _error: True)
    shown_states = states(shown(registry))
    assert (shown_states["forced_open"], shown_states["open"]) == (1, 0)
