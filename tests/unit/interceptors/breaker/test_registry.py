"""Breakers by name, and orders for those that are not made yet."""

import pytest

from interceptors.breaker.registry import BreakerRegistry
from interceptors.breaker.settings import BreakerSettings, Mode, State
from tests.unit.interceptors.clock import Clock


@pytest.fixture
def registry() -> BreakerRegistry:
    """Of at most three breakers."""
    return BreakerRegistry(BreakerSettings(consecutive_failures=1), Clock(), most=3)


def always(_error: Exception) -> bool:
    return True


def names(registry: BreakerRegistry) -> list[str]:
    return [breaker.name for breaker in registry.breakers()]


def open_breaker(registry: BreakerRegistry, name: str) -> None:
    breaker = registry.get(name, always)
    breaker.failed(breaker.admit(), ValueError())


def test_a_name_has_one_breaker(registry: BreakerRegistry) -> None:
    assert registry.find("a") is None
    assert registry.get("a", always) is registry.get("a", always)
    assert registry.find("a") is registry.get("a", always)


def test_breakers_are_listed_by_name(registry: BreakerRegistry) -> None:
    for name in "cab":
        registry.get(name, always)
    assert names(registry) == ["a", "b", "c"]


def test_settings_reach_a_breaker_that_runs(registry: BreakerRegistry) -> None:
    breaker = registry.get("a", always)
    registry.update("a", BreakerSettings(open_s=5.0))
    assert breaker.settings.open_s == 5.0


def test_settings_wait_for_a_breaker_that_is_not_made(registry: BreakerRegistry) -> None:
    registry.update("a", BreakerSettings(open_s=5.0))
    assert registry.settings_of("a").open_s == 5.0
    assert registry.get("a", always).settings.open_s == 5.0


def test_an_order_waits_for_a_breaker_that_is_not_made(registry: BreakerRegistry) -> None:
    registry.set_mode("a", Mode.FORCED_OPEN)
    assert registry.get("a", always).state is State.OPEN


def test_a_reset_closes_the_named_breaker_alone(registry: BreakerRegistry) -> None:
    open_breaker(registry, "a")
    open_breaker(registry, "b")
    registry.reset("a")
    registry.reset("unknown")
    states = [breaker.state for breaker in registry.breakers()]
    assert states == [State.CLOSED, State.OPEN]


def test_beyond_the_bound_the_oldest_closed_breaker_makes_room(registry: BreakerRegistry) -> None:
    open_breaker(registry, "a")
    for name in "bcd":
        registry.get(name, always)
    assert names(registry) == ["a", "c", "d"]


def test_where_all_are_open_the_oldest_makes_room(registry: BreakerRegistry) -> None:
    for name in "abcd":
        open_breaker(registry, name)
    assert names(registry) == ["b", "c", "d"]


def test_orders_for_breakers_are_bounded(registry: BreakerRegistry) -> None:
    for name in "abcd":
        registry.set_mode(name, Mode.FORCED_OPEN)
    states = [registry.get(name, always).state for name in "abcd"]
    assert states == [State.CLOSED, State.OPEN, State.OPEN, State.OPEN]
