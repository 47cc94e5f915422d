"""An error budget is kept: thresholds open on evidence, and close when it turns."""

import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from server.statistics.risk_control import (
    CLOSED,
    Coverage,
    Observation,
    RiskPolicy,
    Ruling,
    observe,
    risk_coverage,
    rule,
    rule_fixed,
)

POLICY = RiskPolicy(error_budget=0.05, thresholds=(0.9, 0.8, 0.7), audit_rate=0.2)
OPEN = Ruling(0.8, 0.04, is_guaranteed=True)


def seen(threshold: float, right: int, wrong: int) -> Counter[Observation]:
    """Items that were all looked at, before anything was open."""
    return Counter(
        {
            Observation(threshold, 1.0, True, False): right,
            Observation(threshold, 1.0, True, True): wrong,
        }
    )


def audited(threshold: float, right: int, wrong: int) -> Counter[Observation]:
    """Items that were acted on, and audited."""
    return Counter(
        {
            Observation(threshold, 0.2, False, False): right,
            Observation(threshold, 0.2, False, True): wrong,
        }
    )


def test_without_evidence_nothing_is_acted_on() -> None:
    assert rule(POLICY, {}) == CLOSED
    assert not CLOSED.lets_pass(1.0)


def test_the_lowest_threshold_that_keeps_the_budget_is_in_force() -> None:
    ruling = rule(POLICY, seen(0.9, 500, 0) + seen(0.8, 500, 10) + seen(0.7, 500, 500))
    assert ruling.threshold == 0.8
    assert ruling.is_guaranteed


def test_the_bound_lies_between_what_was_seen_and_the_budget() -> None:
    ruling = rule(POLICY, seen(0.9, 1990, 10))
    assert 0.005 < ruling.error_bound <= 0.05


def test_a_threshold_that_few_items_reach_does_not_stand_in_the_way() -> None:
    assert rule(POLICY, seen(0.9, 3, 0) + seen(0.8, 800, 0)).threshold == 0.8


def test_nothing_is_acted_on_where_nothing_was_seen() -> None:
    assert rule(POLICY, seen(0.9, 5000, 0)).threshold == 0.9


def test_a_threshold_counts_all_items_above_it() -> None:
    # Of those between 0.8 and 0.9 alone, too many are wrong.
    assert rule(POLICY, seen(0.9, 2000, 0) + seen(0.8, 92, 8)).threshold == 0.8


def test_an_audit_stands_for_those_that_were_not_looked_at() -> None:
    # Alone the audits say 4 of 100 of 500; beside 500 that were right, 4 % of half.
    evidence = seen(0.9, 500, 0) + seen(0.8, 500, 0)
    fine = rule(POLICY, evidence + audited(0.9, 96, 4))
    assert fine.threshold == 0.8
    assert fine.error_bound > rule(POLICY, evidence + seen(0.9, 96, 4)).error_bound


def test_audits_do_not_devalue_what_was_learned_before_at_the_same_score() -> None:
    before = rule(POLICY, seen(0.9, 500, 5))
    after = rule(POLICY, seen(0.9, 500, 5) + audited(0.9, 99, 1))
    assert after.error_bound < before.error_bound


def test_what_turns_closes_again() -> None:
    good = seen(0.9, 500, 0)
    assert rule(POLICY, good + audited(0.9, 0, 60)) == CLOSED


def test_audits_alone_never_open() -> None:
    assert rule(POLICY, audited(0.9, 5000, 0)) == CLOSED


def test_what_is_taken_back_counts_no_more() -> None:
    evidence = seen(0.9, 300, 0) + seen(0.9, 0, 40)
    assert rule(POLICY, evidence) == CLOSED
    assert rule(POLICY, evidence - seen(0.9, 0, 40)).threshold == 0.9


def test_evidence_of_two_processes_adds_up() -> None:
    half = seen(0.9, 60, 0)
    assert rule(POLICY, half) == CLOSED
    assert rule(POLICY, half + half).threshold is not None


@pytest.mark.parametrize(
    ("ruling", "score", "is_wrong", "learned"),
    [
        (CLOSED, 0.95, True, Observation(0.9, 1.0, True, True)),
        (CLOSED, 0.75, False, Observation(0.7, 1.0, True, False)),
        (OPEN, 0.95, True, Observation(0.9, 0.2, False, True)),
        (OPEN, 0.80, None, None),
        (OPEN, 0.75, True, Observation(0.7, 1.0, False, True)),
        (OPEN, 0.65, True, None),
    ],
)
def test_an_observation_tells_how_likely_it_was(
    ruling: Ruling, score: float, is_wrong: bool | None, learned: Observation | None
) -> None:
    assert observe(POLICY, ruling, score, is_wrong) == learned


def test_where_everything_is_audited_all_of_it_is_a_census() -> None:
    learned = observe(replace(POLICY, audit_rate=1.0), OPEN, 0.95, is_wrong=False)
    assert learned == Observation(0.9, 1.0, True, False)


def test_a_fixed_threshold_is_never_guaranteed() -> None:
    ruling = rule_fixed(POLICY, seen(0.9, 5000, 0), 0.8)
    assert ruling.threshold == 0.8
    assert ruling.error_bound < 0.01
    assert not ruling.is_guaranteed


def test_a_fixed_threshold_without_evidence_is_bounded_by_one() -> None:
    assert rule_fixed(POLICY, {}, 0.9).error_bound == 1.0


def ever_opens(rng: np.random.Generator, error: float, items: int) -> bool:
    """Whether a controller opens at any look, on items that are wrong with that probability."""
    counts: Counter[Observation] = Counter()
    ruling = CLOSED
    for number, (score, chance) in enumerate(rng.random((items, 2)), start=1):
        learned = observe(POLICY, ruling, 0.7 + 0.3 * score, chance < error)
        assert learned is not None
        counts[learned] += 1
        if number % 10 == 0 and rule(POLICY, counts).threshold is not None:
            return True
    return False


def test_a_budget_that_no_threshold_keeps_opens_no_more_often_than_promised() -> None:
    rng, runs = np.random.default_rng(5), 120
    opened = sum(ever_opens(rng, POLICY.error_budget, 500) for _ in range(runs))
    assert opened <= runs * POLICY.alpha + 3 * math.sqrt(runs * POLICY.alpha)


def test_errors_within_the_budget_open_within_some_hundreds_of_items() -> None:
    rng = np.random.default_rng(6)
    assert all(ever_opens(rng, 0.005, 1500) for _ in range(10))


def test_a_larger_budget_covers_more() -> None:
    evidence = seen(0.9, 1000, 2) + seen(0.8, 1000, 30) + seen(0.7, 1000, 200)
    found = risk_coverage(POLICY, evidence, [0.001, 0.01, 0.03, 0.1])
    assert [at.threshold for at in found] == [None, 0.9, 0.8, 0.7]
    assert found[1].share == pytest.approx(1002 / 3232)


def test_a_curve_counts_what_was_not_looked_at() -> None:
    evidence = seen(0.9, 500, 0) + seen(0.8, 500, 500) + audited(0.9, 100, 0)
    (at,) = risk_coverage(POLICY, evidence, [0.05])
    assert at.share == pytest.approx(1000 / 2000)


def test_without_evidence_a_curve_is_flat() -> None:
    assert risk_coverage(POLICY, {}, [0.05]) == [Coverage(0.05, None, 0.0)]
