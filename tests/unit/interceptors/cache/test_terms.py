"""Terms change within what the contract allows; figures add up."""

import pytest

from interceptors.cache.terms import Figures, InvalidTerms, Terms, total


@pytest.mark.parametrize("ttl_s", [0.0, -1.0, 61.0, float("nan"), float("inf")])
def test_no_time_is_longer_than_the_contract_allows(ttl_s: float) -> None:
    with pytest.raises(InvalidTerms, match="at most 60 s"):
        Terms("m", 60.0, 60.0).change(ttl_s=ttl_s)


@pytest.mark.parametrize("stale_ttl_s", [-1.0, 11.0, float("nan")])
def test_fresh_and_stale_together_no_answer_is_older_than_the_contract_allows(
    stale_ttl_s: float,
) -> None:
    with pytest.raises(InvalidTerms, match="stale_ttl must be 0 to 10 s"):
        Terms("m", 60.0, 50.0).change(stale_ttl_s=stale_ttl_s)


def test_a_longer_fresh_time_is_refused_where_the_stale_one_would_not_fit_any_more() -> None:
    with pytest.raises(InvalidTerms, match="stale_ttl must be 0 to 5 s"):
        Terms("m", 60.0, 50.0, stale_ttl_s=10.0).change(ttl_s=55.0)


def test_refused_terms_change_nothing() -> None:
    terms = Terms("m", 60.0, 60.0)
    with pytest.raises(InvalidTerms):
        terms.change(is_enabled=False, ttl_s=10.0, stale_ttl_s=-1.0)
    assert (terms.is_enabled, terms.ttl_s) == (True, 60.0)


def test_terms_that_are_not_named_stay_as_they_are() -> None:
    terms = Terms("m", 60.0, 50.0)
    terms.change(stale_ttl_s=5.0)
    assert (terms.is_enabled, terms.ttl_s, terms.stale_ttl_s) == (True, 50.0, 5.0)


def test_the_hit_rate_is_the_share_answered_without_work() -> None:
    assert Figures(hits=2, misses=1, stale_hits=1, coalesced=0).hit_rate == 0.75
    assert Figures().hit_rate == 0.0


def test_totals_add_every_figure() -> None:
    assert total([Figures(1, 2, 3, 4, 5), Figures(10, 20, 30, 40, 50)]) == Figures(
        11, 22, 33, 44, 55
    )


def test_times_whose_sum_is_what_the_contract_allows_fit_to_the_last_digit() -> None:
    terms = Terms("m", 0.7 + 0.1, 0.7)
    terms.change(stale_ttl_s=0.1)
    assert terms.life_s == terms.longest_s
