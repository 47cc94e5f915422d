"""Evidence that a share exceeds a bound: how often it is wrong, and how soon it is there."""

from math import log

import numpy as np
import pytest

from server.statistics.excess import FRACTIONS, Attempt, gains

ALPHA = 0.01
BOUND = 0.1


def items_until_alarm(failures: np.ndarray, weights: np.ndarray, ceiling: float = 1.0) -> int:
    """How many items it takes; 0: there was no alarm."""
    attempt = Attempt()
    for at, (has_failed, weight) in enumerate(zip(failures, weights, strict=True)):
        attempt = attempt.plus(gains(BOUND, bool(has_failed), weight, ceiling))
        if attempt.log_evidence >= -log(ALPHA):
            return at + 1
        if attempt.is_lost:
            attempt = attempt.after()
    return 0


def test_a_share_at_the_bound_alarms_no_oftener_than_promised() -> None:
    rng, runs = np.random.default_rng(7), 60
    draws = rng.random((runs, 2000)) < BOUND
    alarms = sum(items_until_alarm(draw, np.ones(2000)) > 0 for draw in draws)
    assert alarms <= 2  # one in a hundred is promised


def test_a_share_that_rises_after_a_long_good_time_is_seen_soon() -> None:
    rng = np.random.default_rng(8)
    good, bad = rng.random((30, 1000)) < BOUND / 2, rng.random((30, 400)) < 3 * BOUND
    taken = [
        items_until_alarm(np.concatenate(draw), np.ones(1400))
        for draw in zip(good, bad, strict=True)
    ]
    assert min(taken) > 1000
    assert np.median(taken) < 1150


def test_weights_make_the_share_that_of_all_items_not_of_those_looked_at() -> None:
    """Of all items 6 in 10 are looked at one time in ten; of those that are, 23 in 100 fail."""
    rng, runs, n = np.random.default_rng(9), 60, 1000
    is_rare = rng.random((runs, n)) < 0.06 / 0.46
    failures = rng.random((runs, n)) < np.where(is_rare, 0.01, 0.235)
    weights = np.where(is_rare, 10.0, 1.0)
    plain, weighed = (
        sum(items_until_alarm(*draw, ceiling=10.0) > 0 for draw in zip(failures, each, strict=True))
        for each in (np.ones((runs, n)), weights)
    )
    assert plain > runs / 2
    assert weighed <= 1


def test_gains_are_taken_back_whole() -> None:
    before = Attempt().plus(gains(BOUND, has_failed=False))
    gained = gains(BOUND, has_failed=True)
    after = before.plus(gained).plus(-gained)
    assert after.log_capitals == pytest.approx(before.log_capitals)


def test_an_item_that_does_not_fail_ruins_nobody() -> None:
    assert np.isfinite(gains(0.9, has_failed=False)).all()
    assert len(gains(0.9, has_failed=True)) == len(FRACTIONS)


def test_each_attempt_needs_more_than_the_one_before() -> None:
    gained = np.full(len(FRACTIONS), 3.0)
    first = Attempt().plus(gained)
    second = Attempt().after().plus(gained)
    assert first.log_evidence - second.log_evidence == pytest.approx(log(3))
