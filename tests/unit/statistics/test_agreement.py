"""Agreement of people: published examples, edges, and what the intervals cover."""

from collections.abc import Sequence

import numpy as np
import pytest

from server.statistics.agreement import (
    Coincidences,
    Kappa,
    alpha_interval,
    cohen_kappa,
    kappa_interval,
    krippendorff_alpha,
    observed_agreement,
)

LEVEL = 0.05


def judged(*people: str) -> Coincidences:
    """What each of several people said about one unit after the other; a dot: nothing."""
    said = [
        (unit, value)
        for person in people
        for unit, value in enumerate(person.split())
        if value != "."
    ]
    return Coincidences.of([unit for unit, _ in said], [value for _, value in said])


def kappa_of(table: Sequence[Sequence[int]]) -> Kappa:
    """Of how often one said the row and the other the column."""
    pairs = [
        (row, column)
        for row, counts in enumerate(table)
        for column, count in enumerate(counts)
        for _ in range(count)
    ]
    found = cohen_kappa([row for row, _ in pairs], [column for _, column in pairs])
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("people", "alpha"),
    [
        pytest.param(("0 1 0 0 0 0 0 0 1 0", "1 1 1 0 0 1 0 0 0 0"), 0.095, id="two, binary"),
        pytest.param(
            ("a a b b d c c c e d d a", "b a b b b c c c e d d d"), 0.692, id="two, nominal"
        ),
        pytest.param(
            (
                "1 2 3 3 2 1 4 1 2 . . .",
                "1 2 3 3 2 2 4 1 2 5 . 3",
                ". 3 3 3 2 3 4 2 2 5 1 .",
                "1 2 3 3 2 4 4 1 2 5 1 .",
            ),
            0.743,
            id="four, with gaps",
        ),
    ],
)
def test_alpha_is_that_of_krippendorffs_own_examples(people: Sequence[str], alpha: float) -> None:
    """Krippendorff (2011), "Computing Krippendorff's Alpha-Reliability", sections A to C."""
    assert krippendorff_alpha(judged(*people)) == pytest.approx(alpha, abs=5e-4)


def test_kappa_is_that_of_cohens_own_example() -> None:
    """Cohen (1960), "A coefficient of agreement for nominal scales": 200 judgements of two."""
    found = kappa_of([[88, 14, 18], [10, 40, 10], [2, 6, 12]])
    assert (found.observed, found.value) == pytest.approx((0.70, 0.492), abs=5e-4)


def test_its_standard_error_is_that_of_its_authors_example() -> None:
    """Fleiss, Cohen and Everitt (1969): the estimated variance is 0.002885."""
    found = kappa_of([[106, 10, 4], [22, 28, 10], [2, 12, 6]])
    assert found.value == pytest.approx(0.429, abs=5e-4)
    assert found.error**2 == pytest.approx(0.002885, abs=5e-7)


def test_kappa_lies_in_its_interval_as_often_as_promised() -> None:
    rng = np.random.default_rng(5)
    truth = 0.8**2  # each repeats the same right answer with probability 0.8, else says anything
    hits, runs, units = 0, 400, 150
    for _ in range(runs):
        right = rng.integers(3, size=units)
        one, other = (
            np.where(rng.random(units) < 0.8, right, rng.integers(3, size=units)) for _ in range(2)
        )
        found = cohen_kappa(one, other)
        assert found is not None
        interval = kappa_interval(found, LEVEL)
        assert interval is not None
        hits += interval.lower <= truth <= interval.upper
    assert hits / runs == pytest.approx(0.95, abs=0.03)


def test_alpha_lies_in_its_interval_as_often_as_promised() -> None:
    rng = np.random.default_rng(6)
    truth, hits, runs, units = 0.8**2, 0, 100, 120
    for _ in range(runs):
        right = np.repeat(rng.integers(3, size=units), 2)
        said = np.where(rng.random(2 * units) < 0.8, right, rng.integers(3, size=2 * units))
        found = Coincidences.of(np.repeat(np.arange(units), 2), said)
        interval = alpha_interval(found, LEVEL, rng)
        assert interval is not None
        hits += interval.lower <= truth <= interval.upper
    assert hits / runs == pytest.approx(0.95, abs=0.06)


def test_an_interval_is_the_same_for_the_same_draws() -> None:
    found = judged("a a b b d c", "b a b b b c")
    one, other = (alpha_interval(found, LEVEL, np.random.default_rng(3)) for _ in range(2))
    assert one == other


def test_what_one_alone_has_judged_says_nothing() -> None:
    assert krippendorff_alpha(judged("a b a c", "a b b .")) == krippendorff_alpha(
        judged("a b a", "a b b")
    )


def test_observed_agreement_is_a_share_of_pairs() -> None:
    assert observed_agreement(judged("a a", "a b", "a b")) == pytest.approx(4 / 6)


@pytest.mark.parametrize("people", [(), ("a b c",), ("a a", "a a")])
def test_without_pairs_or_without_difference_there_is_no_alpha(people: Sequence[str]) -> None:
    found = judged(*people)
    assert krippendorff_alpha(found) is None
    assert alpha_interval(found, LEVEL, np.random.default_rng(1)) is None


def test_who_always_agree_on_several_things_have_an_alpha_and_a_kappa_of_one() -> None:
    assert krippendorff_alpha(judged("a b c", "a b c")) == 1
    assert kappa_of([[3, 0], [0, 3]]).value == 1


def test_two_who_always_say_the_same_one_thing_have_no_kappa() -> None:
    found = kappa_of([[7]])
    assert found.value is None
    assert kappa_interval(found, LEVEL) is None


def test_kappa_of_nothing_is_none() -> None:
    assert cohen_kappa([], []) is None
