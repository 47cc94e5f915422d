"""An error budget is kept: thresholds open on evidence, and close when it turns."""

import math
from collections import Counter

import numpy as np
import pytest

from server.statistics.risk_control import (
    CLOSED,
    MEAN_RUN,
    Observation,
    RiskPolicy,
    Ruling,
    add_drift,
    drift_gain,
    has_drifted,
    observe,
    rule,
    rule_fixed,
)

POLICY = RiskPolicy(error_budget=0.05, thresholds=(0.9, 0.8, 0.7), audit_rate=0.2)
OPEN = Ruling(0.8, 0.04, is_guaranteed=True)


def seen(threshold: float, right: int, wrong: int) -> Counter[Observation]:
    """Items that were all audited, before anything was open."""
    return Counter(
        {Observation(threshold, 0.0, 1.0): right, Observation(threshold, 1.0, 1.0): wrong}
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
    assert rule(POLICY, seen(0.9, 3, 0) + seen(0.8, 800, 0)).threshold == 0.7


def test_a_threshold_counts_all_items_above_it() -> None:
    # Of those between 0.8 and 0.9 alone, too many are wrong.
    assert rule(POLICY, seen(0.9, 2000, 0) + seen(0.8, 92, 8)).threshold == 0.7


def test_what_turns_closes_again() -> None:
    good = seen(0.9, 500, 0)
    assert rule(POLICY, good + seen(0.9, 0, 60)) == CLOSED


def test_evidence_of_two_processes_adds_up() -> None:
    half = seen(0.9, 100, 0)
    assert rule(POLICY, half) == CLOSED
    assert rule(POLICY, half + half).threshold is not None


@pytest.mark.parametrize(
    ("ruling", "score", "is_wrong", "learned"),
    [
        (CLOSED, 0.95, True, Observation(0.9, 1.0, 1.0)),
        (CLOSED, 0.75, False, Observation(0.7, 0.0, 1.0)),
        (OPEN, 0.95, True, Observation(0.9, 5.0, 5.0)),
        (OPEN, 0.80, None, Observation(0.8, 0.0, 5.0)),
        (OPEN, 0.75, True, Observation(0.7, 1.0, 5.0)),
        (OPEN, 0.65, True, None),
    ],
)
def test_an_error_counts_as_many_as_its_audit_stands_for(
    ruling: Ruling, score: float, is_wrong: bool | None, learned: Observation | None
) -> None:
    assert observe(POLICY, ruling, score, is_wrong) == learned


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
    assert all(ever_opens(rng, 0.01, 800) for _ in range(10))


def audits_until_drift(rng: np.random.Generator, error: float, most: int) -> int:
    drift = 0.0
    for number in range(1, most + 1):
        drift = add_drift(drift, drift_gain(POLICY, bool(rng.random() < error)))
        if has_drifted(drift):
            return number
    return most


def test_drift_is_seen_within_some_dozens_of_audits() -> None:
    rng = np.random.default_rng(7)
    assert sorted(audits_until_drift(rng, 0.3, 1000) for _ in range(20))[10] < 60


def test_false_alarms_are_rarer_than_promised_while_the_budget_is_kept() -> None:
    rng = np.random.default_rng(8)
    runs = [audits_until_drift(rng, POLICY.error_budget, 20_000) for _ in range(10)]
    assert sum(runs) / len(runs) >= MEAN_RUN
