"""The limiter's numbers as Prometheus sees them."""

import pytest
from prometheus_client import CollectorRegistry

from interceptors.concurrency.gradient import GradientLimit
from interceptors.concurrency.limiter import ConcurrencyLimiter
from interceptors.concurrency.metrics import ConcurrencyCollector
from interceptors.errors import Overloaded
from tests.unit.interceptors.clock import Clock


async def test_the_limit_and_what_is_under_it_are_shown() -> None:
    limiter = ConcurrencyLimiter(GradientLimit(10, 10, 10, Clock()), 1, 0, 0.0)
    metrics = CollectorRegistry()
    metrics.register(ConcurrencyCollector(limiter))
    limiter.enter(0)
    limiter.enter_stream(2, "t/a", 1.0)
    with pytest.raises(Overloaded):
        await limiter.wait(1)
    assert metrics.get_sample_value("concurrency_limit") == 10
    assert metrics.get_sample_value("concurrency_in_flight", {"shape": "unary"}) == 1
    assert metrics.get_sample_value("concurrency_in_flight", {"shape": "stream"}) == 1
    interactive = {"urgency": "interactive"}
    assert metrics.get_sample_value("concurrency_shed_total", interactive) == 1
    assert metrics.get_sample_value("concurrency_waiting", interactive) == 0
