"""Metrics of rate limits name tiers and outcomes."""

from prometheus_client import CollectorRegistry

from interceptors.limits.book import LimitBook
from interceptors.limits.limiter import Limiter
from interceptors.limits.metrics import LimitMetrics
from tests.unit.interceptors.limits.clock import Clock


def test_charges_are_counted_by_tier_and_outcome() -> None:
    limiter, registry = Limiter(LimitBook(), clock=Clock()), CollectorRegistry()
    registry.register(LimitMetrics(limiter))
    for _ in range(5):
        limiter.charge_here("t/a", "free", "a.B/C", 1)
    refused = {"tier": "free", "outcome": "refused"}
    assert registry.get_sample_value("rate_limit_charges_total", refused) == 3


def test_a_limiter_that_stands_alone_is_not_shared() -> None:
    registry = CollectorRegistry()
    registry.register(LimitMetrics(Limiter(LimitBook())))
    assert registry.get_sample_value("rate_limit_shared") == 0
    assert registry.get_sample_value("rate_limit_redis_failures_total") == 0
