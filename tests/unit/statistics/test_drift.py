"""Errors that become more frequent are noticed; usual ones are not."""

import math
from collections import Counter

import numpy as np
import pytest

from server.statistics.drift import (
    MEAN_RUN,
    add_drift,
    drift_gain,
    has_drifted,
    is_doubtful,
    usual_errors,
)
from server.statistics.risk_control import Observation, RiskPolicy

POLICY = RiskPolicy(error_budget=0.02, thresholds=(0.9, 0.8, 0.7), audit_rate=0.1)
RATES = {0.9: 0.002, 0.8: 0.01, 0.7: 0.04}


def known(items: int = 1000) -> Counter[Observation]:
    """What is known where each step had so many items."""
    return Counter(
        {
            Observation(threshold, 1.0, True, is_wrong): round(items * share)
            for threshold, rate in RATES.items()
            for is_wrong, share in ((True, rate), (False, 1 - rate))
        }
    )


def audit(threshold: float, is_wrong: bool) -> Observation:
    return Observation(threshold, 0.1, False, is_wrong)


def audits_until_drift(rng: np.random.Generator, rates: dict[float, float], most: int) -> int:
    gains = {
        (threshold, is_wrong): drift_gain(POLICY, known(), audit(threshold, is_wrong))
        for threshold in rates
        for is_wrong in (True, False)
    }
    drift = 0.0
    for number in range(1, most + 1):
        threshold = float(rng.choice(list(rates)))
        gain = gains[threshold, bool(rng.random() < rates[threshold])]
        drift = add_drift(drift, gain)
        if has_drifted(drift):
            return number
    return most


def test_usual_errors_are_near_what_was_seen() -> None:
    assert usual_errors(POLICY, known(10_000)) == pytest.approx([0.005, 0.01, 0.04], rel=0.05)


def test_without_evidence_the_budget_is_usual() -> None:
    assert usual_errors(POLICY, {}) == [0.02, 0.02, 0.02]


def test_an_error_where_there_were_hardly_any_says_more() -> None:
    gains = [drift_gain(POLICY, known(), audit(threshold, True)) for threshold in RATES]
    assert gains == sorted(gains, reverse=True)
    assert gains[-1] > 0


def test_a_right_item_speaks_against_drift() -> None:
    assert drift_gain(POLICY, known(), audit(0.9, False)) < 0


def test_one_error_is_no_drift() -> None:
    gain = drift_gain(POLICY, known(100_000), audit(0.9, True))
    assert not has_drifted(add_drift(0.0, gain))


def test_one_error_where_there_were_hardly_any_is_a_doubt() -> None:
    gain = drift_gain(POLICY, known(), audit(0.9, True))
    assert is_doubtful(add_drift(0.0, gain))


def test_one_error_where_errors_are_usual_is_no_doubt() -> None:
    rates = {True: 100, False: 900}
    often = {audit(0.7, is_wrong): items for is_wrong, items in rates.items()}
    gain = drift_gain(POLICY, often, audit(0.7, True))
    assert not is_doubtful(add_drift(0.0, gain))


def test_right_items_settle_a_doubt() -> None:
    drift = add_drift(0.0, drift_gain(POLICY, known(), audit(0.9, True)))
    for _ in range(20):
        drift = add_drift(drift, drift_gain(POLICY, known(), audit(0.9, False)))
    assert not is_doubtful(drift)


def test_evidence_that_lost_its_stake_starts_anew() -> None:
    assert add_drift(-3.0, 1.0) == add_drift(0.0, 1.0)


def test_most_jumps_to_fifteen_percent_are_seen_within_forty_audits() -> None:
    rng = np.random.default_rng(7)
    found = sorted(audits_until_drift(rng, dict.fromkeys(RATES, 0.15), 1000) for _ in range(100))
    assert found[84] <= 40


def test_false_alarms_are_rarer_than_promised() -> None:
    rng = np.random.default_rng(8)
    runs = [audits_until_drift(rng, RATES, 5000) for _ in range(20)]
    assert sum(runs) / len(runs) >= MEAN_RUN


def test_an_alarm_needs_what_a_false_one_is_to_cost() -> None:
    assert has_drifted(math.log(MEAN_RUN) + 1e-9)
    assert not has_drifted(math.log(MEAN_RUN) - 1e-9)
