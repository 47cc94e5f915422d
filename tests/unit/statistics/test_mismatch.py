"""Evidence that units do not come to the arms as the weights say."""

from collections.abc import Iterator
from itertools import product
from math import factorial, inf, prod

import numpy as np
import pytest

from server.statistics.betting import FloatArray
from server.statistics.mismatch import log_mismatch

ALPHA = 0.05
EVEN = np.array([[0.5, 0.5]])


def splits(units: int, chances: FloatArray) -> Iterator[tuple[FloatArray, float]]:
    """All ways in which units can come to three arms, with their probabilities."""
    for a, b in product(range(units + 1), repeat=2):
        if a + b <= units:
            counts = (a, b, units - a - b)
            ways = factorial(units) / prod(factorial(count) for count in counts)
            yield np.array(counts, dtype=float), ways * float(np.prod(chances**counts))


def test_units_that_come_as_they_should_pay_one_on_average() -> None:
    chances = np.array([[0.2, 0.3, 0.5], [0.6, 0.1, 0.3]])
    average = sum(
        early_chance * late_chance * np.exp(log_mismatch(np.array([early, late]), chances))
        for early, early_chance in splits(5, chances[0])
        for late, late_chance in splits(4, chances[1])
    )
    assert average == pytest.approx(1.0)


def test_one_unit_says_nothing() -> None:
    assert log_mismatch(np.array([[1.0, 0.0]]), EVEN) == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("counts", [np.zeros((0, 2)), np.zeros((1, 2))])
def test_nothing_observed_says_nothing(counts: FloatArray) -> None:
    assert log_mismatch(counts, np.full(counts.shape, 0.5)) == pytest.approx(0.0)


def test_two_units_by_hand() -> None:
    # Both in one arm: (c / 2 + 1) / (c + 1) / 0.5 for c of 100, 1000 and 10000.
    expected = np.mean([(c / 2 + 1) / (c + 1) / 0.5 for c in (100, 1000, 10_000)])
    assert log_mismatch(np.array([[2.0, 0.0]]), EVEN) == pytest.approx(np.log(expected))


def test_a_new_configuration_of_the_same_weights_changes_nothing() -> None:
    whole = log_mismatch(np.array([[330.0, 170.0, 250.0]]), np.array([[0.4, 0.2, 0.4]]))
    parts = np.array([[100.0, 70.0, 30.0], [200.0, 50.0, 100.0], [30.0, 50.0, 120.0]])
    assert log_mismatch(parts, np.tile([0.4, 0.2, 0.4], (3, 1))) == pytest.approx(whole)


def test_an_arm_that_loses_units_under_all_weights_is_found() -> None:
    chances = np.array([[share, 1 - share] for share in np.linspace(0.2, 0.8, 50)])
    kept = chances * [1.0, 0.85]
    counts = np.round(200 * kept / kept.sum(axis=1, keepdims=True))
    assert log_mismatch(counts, chances) > np.log(1 / ALPHA)


def test_shares_as_they_should_be_are_evidence_of_no_mismatch() -> None:
    assert log_mismatch(np.array([[50_000.0, 50_000.0]]), EVEN) < -1.0


@pytest.mark.parametrize("counts", [[560.0, 440.0], [5200.0, 4800.0], [50_700.0, 49_300.0]])
def test_a_clear_mismatch_is_found_at_any_size(counts: list[float]) -> None:
    assert log_mismatch(np.array([counts]), EVEN) > np.log(1 / ALPHA)


def test_an_arm_without_a_chance_and_without_units_says_nothing() -> None:
    with_it = log_mismatch(np.array([[60.0, 0.0, 40.0]]), np.array([[0.5, 0.0, 0.5]]))
    assert with_it == pytest.approx(log_mismatch(np.array([[60.0, 40.0]]), EVEN))


def test_a_unit_of_an_arm_without_a_chance_is_proof() -> None:
    assert log_mismatch(np.array([[60.0, 1.0]]), np.array([[1.0, 0.0]])) == inf


def test_an_arm_that_gets_its_chance_later_is_judged_from_then_on() -> None:
    chances = np.array([[1.0, 0.0], [0.5, 0.5]])
    counts = np.array([[900.0, 0.0], [560.0, 440.0]])
    late = log_mismatch(counts, chances)
    assert np.isfinite(late)
    assert late > 0.0


def test_false_alarms_are_no_more_frequent_than_promised() -> None:
    rng, runs, alarms = np.random.default_rng(1), 200, 0
    for _ in range(runs):
        counts = rng.multinomial(50, [0.5, 0.3, 0.2], 40).cumsum(axis=0).astype(float)
        chances = np.array([[0.5, 0.3, 0.2]])
        alarms += any(log_mismatch(row[None], chances) >= np.log(1 / ALPHA) for row in counts)
    assert alarms <= runs * ALPHA
