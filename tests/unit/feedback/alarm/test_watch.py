"""What a watch counts, and when it raises its alarm."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from server.feedback.alarm.subjects import Kind, Subject, Weight
from server.feedback.alarm.watch import Verdict, Watch, amended, begun, begun_anew, judged

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
BOUND = 0.1
GOOD, BAD = (Verdict(is_overturned, Weight(1.0, 1.0)) for is_overturned in (False, True))


def watched(*verdicts: Verdict, bound: float = BOUND) -> Watch:
    """A watch that has met these verdicts."""
    watch = begun(Subject(Kind.MODEL, "embedded linear-ngram 1"), NOW)
    for verdict in verdicts:
        watch = judged(watch, verdict, bound, NOW)
    return watch


def test_it_counts_what_was_judged_and_what_was_overturned() -> None:
    watch = watched(GOOD, BAD, GOOD)
    assert (watch.judged, watch.overturned) == (3, 1)


def test_one_that_is_always_overturned_raises_the_alarm() -> None:
    watch = watched(*[BAD] * 12)
    assert (watch.raise_time, watch.evidence) == (NOW, 1.0)


def test_an_alarm_stays_when_answers_become_good() -> None:
    watch = watched(*[BAD] * 12)
    later = judged(watch, GOOD, BOUND, NOW + timedelta(hours=1))
    assert later.raise_time == NOW


def test_evidence_grows_towards_the_alarm() -> None:
    shares = [watched(*[BAD] * count).evidence for count in range(4)]
    assert shares == sorted(shares)
    assert shares[0] == 0.0
    assert 0 < shares[-1] < 1


def test_without_a_bound_it_counts_and_never_alarms() -> None:
    watch = watched(*[BAD] * 50, bound=0.0)
    assert (watch.overturned, watch.raise_time, watch.evidence) == (50, None, 0.0)


def test_evidence_against_one_bound_does_not_count_against_another() -> None:
    watch = judged(watched(*[BAD] * 3), GOOD, 0.05, NOW)
    assert watch.attempt == watched(GOOD, bound=0.05).attempt
    assert watch.judged == 4


@pytest.mark.parametrize(("first", "then"), [(GOOD, BAD), (BAD, GOOD)])
def test_a_changed_verdict_counts_as_if_it_had_been_the_first(
    first: Verdict, then: Verdict
) -> None:
    watch = watched(BAD, first, BAD)
    changed = amended(watch, watch.number - 1, then, NOW)
    other = watched(BAD, then, BAD)
    assert changed.overturned == other.overturned
    assert changed.attempt.log_capitals == pytest.approx(other.attempt.log_capitals)


def test_a_changed_verdict_may_raise_the_alarm() -> None:
    watch = watched(GOOD, BAD, BAD, BAD)
    assert watch.raise_time is None
    assert amended(watch, watch.began_after + 1, BAD, NOW).raise_time == NOW


def test_a_change_of_what_evidence_has_dropped_corrects_the_counts_alone() -> None:
    watch = watched(*[GOOD] * 200, BAD)
    assert watch.attempt_began_after > watch.began_after
    changed = amended(watch, watch.began_after + 1, BAD, NOW)
    assert changed == replace(watch, overturned=2)


def test_anew_means_as_if_nothing_had_been_judged() -> None:
    watch = watched(*[BAD] * 12)
    anew = begun_anew(watch, NOW)
    assert (anew.judged, anew.overturned, anew.raise_time, anew.evidence) == (0, 0, None, 0.0)
    assert amended(anew, watch.number, GOOD, NOW) == anew


def test_a_bound_that_is_lifted_after_judgements_amends_no_evidence() -> None:
    watch = judged(watched(BAD), GOOD, 0.0, NOW)
    assert amended(watch, watch.number, BAD, NOW).attempt == watch.attempt
