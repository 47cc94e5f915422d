"""What a confidence is worth: rising, in bounds, and as stated where nothing is known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.triage.assessment import Prediction
from server.triage.automation.reliability import EDGES, Bin, Reliability, bin_of, reliability_of

SCORES = st.floats(0, 1)
COUNTED = st.lists(st.tuples(SCORES, st.booleans(), st.sampled_from([1.0, 10.0])), max_size=60)


def learned(answers: list[tuple[float, bool, float]]) -> Reliability:
    """The map of answers: their score, whether they were right, their weight."""
    bins: dict[int, Bin] = {}
    for score, was_right, weight in answers:
        items, right, total = bins.get(bin_of(score), Bin(0, 0, 0))
        counted = Bin(items + weight, right + weight * was_right, total + weight * score)
        bins[bin_of(score)] = counted
    return reliability_of(bins)


@given(SCORES)
def test_without_evidence_a_confidence_stands_as_stated(score: float) -> None:
    assert reliability_of({}).of(score) == pytest.approx(score)


@given(COUNTED, SCORES, SCORES)
def test_more_confidence_is_never_worth_less(
    answers: list[tuple[float, bool, float]], one: float, other: float
) -> None:
    known = learned(answers)
    low, high = known.of(min(one, other)), known.of(max(one, other))
    assert 0 <= low <= high + 1e-12 <= 1 + 1e-9


def test_much_evidence_outweighs_what_is_stated() -> None:
    known = learned([(0.995, position % 10 < 7, 1.0) for position in range(2000)])
    assert known.of(0.995) == pytest.approx(0.7, abs=0.02)


def test_little_evidence_changes_little() -> None:
    assert learned([(0.995, False, 1.0)]).of(0.995) == pytest.approx(0.95, abs=0.02)


def test_an_answer_that_is_looked_at_once_in_ten_counts_for_ten() -> None:
    often = learned([(0.96, position % 2 == 0, 1.0) for position in range(200)])
    rarely = learned([(0.96, position % 2 == 0, 10.0) for position in range(20)])
    assert rarely.of(0.96) == pytest.approx(often.of(0.96))


def test_engines_that_are_right_more_often_than_they_say_are_believed_more() -> None:
    known = learned([(0.55, True, 1.0)] * 500)
    assert known.of(0.55) > 0.95
    assert known.of(0.9) >= known.of(0.55)


def test_runners_up_keep_what_a_higher_confidence_leaves_them() -> None:
    known = learned([(0.55, True, 1.0)] * 500)
    better = known.calibrate(Prediction("a", 0.55, (("b", 0.3), ("c", 0.1))))
    assert better.confidence + sum(p for _, p in better.runners_up) <= 1
    assert [name for name, _ in better.runners_up] == ["b", "c"]


def test_every_confidence_has_a_bin() -> None:
    assert [bin_of(0.0), bin_of(EDGES[0]), bin_of(1.0)] == [0, 1, len(EDGES)]
