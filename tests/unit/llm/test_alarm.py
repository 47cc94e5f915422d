"""Somebody is told of a wrong key, once, until it is mended."""

import pytest
from prometheus_client import CollectorRegistry

from server.engines.llm.alarm import QUIET_S, Alarm
from server.engines.llm.metrics import LlmMetrics
from tests.unit.interceptors.clock import Clock


class Watch:
    """An alarm, and what it does."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.clock = Clock()
        self.told: list[tuple[str, str]] = []
        metrics = LlmMetrics(self.registry)
        self.alarm = Alarm(metrics, self.clock, lambda who, why: self.told.append((who, why)))

    def gauge(self, provider: str, reason: str) -> float | None:
        """What the metric shows."""
        labels = {"provider": provider, "reason": reason}
        return self.registry.get_sample_value("llm_provider_critical", labels)


@pytest.fixture
def watch() -> Watch:
    return Watch()


def test_a_failure_alerts_once_a_minute(watch: Watch) -> None:
    for _ in range(100):
        watch.alarm.failed("a", "unauthorized")
    assert watch.told == [("a", "unauthorized")]
    watch.clock.now_s += QUIET_S
    watch.alarm.failed("a", "unauthorized")
    assert len(watch.told) == 2


def test_each_provider_and_reason_alerts_for_itself(watch: Watch) -> None:
    for provider in "ab":
        for reason in ("unauthorized", "unpaid"):
            watch.alarm.failed(provider, reason)
    assert len(set(watch.told)) == 4


def test_the_gauge_shows_what_is_broken_until_the_next_success(watch: Watch) -> None:
    watch.alarm.failed("a", "unpaid")
    watch.alarm.failed("b", "unpaid")
    watch.alarm.succeeded("a")
    assert (watch.gauge("a", "unpaid"), watch.gauge("b", "unpaid")) == (0.0, 1.0)


def test_who_flaps_is_not_told_of_more_than_once_a_minute(watch: Watch) -> None:
    for _ in range(10):
        watch.alarm.failed("a", "unpaid")
        watch.alarm.succeeded("a")
    assert len(watch.told) == 1
    assert watch.gauge("a", "unpaid") == 0.0


def test_a_provider_that_never_failed_has_no_gauge(watch: Watch) -> None:
    watch.alarm.succeeded("a")
    assert watch.gauge("a", "unpaid") is None
