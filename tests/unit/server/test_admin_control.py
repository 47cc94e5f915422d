"""What operators have set, put in force in one process."""

from dataclasses import replace

import pytest

from interceptors.breaker.registry import BreakerRegistry
from interceptors.breaker.settings import BreakerSettings, Mode
from interceptors.cache.answer_cache import AnswerCache
from interceptors.cache.memory import Memory
from interceptors.limits.book import LimitBook
from interceptors.limits.tiers import Limits
from server.admin.cache.control import apply_terms, terms_of
from server.admin.limits.control import apply_limits, limits_value, subject_of
from server.admin.resilience.control import apply_mode, apply_settings, settings_value

METHOD = "p.S/M"
LIMITS = Limits(minute=5)


@pytest.fixture
def cache() -> AnswerCache:
    """A cache of one method, whose contract allows a minute."""
    cache = AnswerCache(Memory())
    cache.register(METHOD, longest_s=60.0)
    return cache


def test_terms_come_back_as_they_were_set(cache: AnswerCache) -> None:
    wanted = {"is_enabled": False, "ttl_s": 30.0, "stale_ttl_s": 10.0}
    apply_terms(cache, METHOD, wanted)
    assert terms_of(cache.terms[METHOD]) == wanted


def test_terms_that_are_set_no_more_are_those_of_the_contract(cache: AnswerCache) -> None:
    usual = terms_of(cache.terms[METHOD])
    apply_terms(cache, METHOD, {"is_enabled": False, "ttl_s": 30.0, "stale_ttl_s": 10.0})
    apply_terms(cache, METHOD, None)
    assert terms_of(cache.terms[METHOD]) == usual


def test_terms_beyond_the_contract_are_cut_to_what_it_allows(cache: AnswerCache) -> None:
    apply_terms(cache, METHOD, {"is_enabled": False, "ttl_s": 50.0, "stale_ttl_s": 50.0})
    wanted = {"is_enabled": False, "ttl_s": 50.0, "stale_ttl_s": 10.0}
    assert terms_of(cache.terms[METHOD]) == wanted


def test_terms_of_a_method_that_is_cached_no_more_are_left_alone(cache: AnswerCache) -> None:
    apply_terms(cache, "p.S/Gone", {"is_enabled": True, "ttl_s": 1.0, "stale_ttl_s": 0.0})
    assert list(cache.terms) == [METHOD]


@pytest.mark.parametrize(
    ("caller", "method"),
    [("a/b", ""), ("", METHOD), ("a/b", METHOD), ("a/Jane Doe", ""), ("a/Jane Doe", METHOD)],
)
def test_custom_limits_come_back_as_they_were_set(caller: str, method: str) -> None:
    book = LimitBook()
    apply_limits(book, subject_of(caller, method), limits_value(LIMITS))
    assert book.custom == {(caller, method): LIMITS}


def test_a_custom_limit_too_many_is_left_out() -> None:
    book = LimitBook(most_custom=1)
    for caller in ("a/1", "a/2"):
        apply_limits(book, subject_of(caller, ""), limits_value(LIMITS))
    assert book.custom == {("a/1", ""): LIMITS}


def test_settings_of_a_breaker_come_back_as_they_were_set() -> None:
    registry = BreakerRegistry(BreakerSettings(), clock=lambda: 0.0)
    wanted = replace(registry.defaults, open_s=5.0, window_s=60.0)
    apply_settings(registry, METHOD, settings_value(wanted))
    assert registry.settings_of(METHOD) == wanted


def test_a_mode_that_is_set_no_more_is_automatic() -> None:
    registry = BreakerRegistry(BreakerSettings(), clock=lambda: 0.0)
    apply_mode(registry, METHOD, {"mode": "disabled"})
    apply_mode(registry, METHOD, None)
    assert registry.get(METHOD, lambda _error: True).mode is Mode.AUTOMATIC
