"""Agreement of reviewers, from what each said about which run."""

import pytest

from server.feedback.summary.agreement import MOST_PAIRS, Judged, agreement_of

CATEGORIES = ("billing", "refund", "shipping")


def said(reviewer: str, shift: int = 0, runs: int = 12) -> list[Judged]:
    """A category for each run; reviewers agree where the shift is the same."""
    return [Judged(str(run), reviewer, CATEGORIES[(run + shift) % 3]) for run in range(runs)]


def test_nothing_judged_has_no_agreement() -> None:
    found = agreement_of([])
    assert (found.runs, found.observed, found.alpha, found.pairs) == (0, None, None, ())


def test_reviewers_who_agree_have_an_alpha_and_a_kappa_of_one() -> None:
    found = agreement_of([*said("ann"), *said("ben")])
    (pair,) = found.pairs
    assert (found.runs, found.alpha, pair.runs, pair.kappa) == (12, 1.0, 12, 1.0)


def test_each_pair_has_a_kappa_of_its_own() -> None:
    found = agreement_of([*said("ann"), *said("ben"), *said("cid", shift=1)])
    kappas = {(pair.reviewer, pair.other): pair.kappa for pair in found.pairs}
    assert kappas["ann", "ben"] == 1
    assert kappas["ann", "cid"] == pytest.approx(-0.5)


def test_pairs_with_few_runs_in_common_are_left_out() -> None:
    assert agreement_of([*said("ann", runs=9), *said("ben")]).pairs == ()


def test_the_pairs_with_the_most_runs_in_common_come_first() -> None:
    found = agreement_of([*said("ann", runs=10), *said("ben"), *said("cid")])
    assert [pair.runs for pair in found.pairs] == [12, 10, 10]


def test_of_many_reviewers_a_bounded_number_of_pairs_is_told() -> None:
    found = agreement_of([judged for each in range(40) for judged in said(f"reviewer-{each}")])
    assert len(found.pairs) == MOST_PAIRS


def test_the_same_judgements_have_the_same_interval() -> None:
    judgements = [*said("ann"), *said("ben")[:-2], *said("ben", shift=1)[-2:]]
    assert agreement_of(judgements).interval == agreement_of(judgements).interval
