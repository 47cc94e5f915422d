"""Exact evidence that one of two arms succeeds more often."""

from functools import cache
from itertools import product

import numpy as np
import pytest

from server.statistics.betting import FloatArray
from server.statistics.two_proportions import log_e_value, log_e_value_better

EVEN = np.array([0.5])


def counts(*rows: tuple[int, int, int, int]) -> FloatArray:
    return np.array(rows, dtype=float)


def average_capital(rates: FloatArray, chances: FloatArray, is_one_sided: bool) -> float:
    """The expected capital, by all that may happen.

    rates    [n_units, 2]  of success in arm a and in arm b
    chances  [n_units]     of arm a
    """
    capital, average = (log_e_value_better if is_one_sided else log_e_value), 0.0
    for outcomes in product(range(4), repeat=len(rates)):
        seen = np.eye(4)[list(outcomes)]
        in_arms = np.array([chances, 1 - chances]).T.repeat(2, axis=1)
        ends = np.stack([rates, 1 - rates], axis=2).reshape(len(rates), 4)
        probability = np.prod((seen * in_arms * ends).sum(axis=1))
        average += probability * np.exp(capital(seen, chances))
    return average


@pytest.mark.parametrize("is_one_sided", [False, True])
@pytest.mark.parametrize("common", [[0.5, 0.5, 0.5, 0.5], [0.99, 0.8, 0.3, 0.01]])
def test_equal_arms_pay_one_on_average_at_most_whatever_their_rate_does(
    common: list[float], is_one_sided: bool
) -> None:
    rates = np.repeat(np.array(common)[:, None], 2, axis=1)
    chances = np.array([0.5, 0.1, 0.7, 0.98])
    assert 0.5 < average_capital(rates, chances, is_one_sided) <= 1.0


def most_by_stopping(arms: tuple[int, ...], rate: float) -> float:
    """The expected capital of who stops at the best moment, outcomes coming in this order."""

    def value(seen: tuple[int, int, int, int]) -> float:
        capital, known = float(np.exp(log_e_value_better(counts(seen), EVEN))), sum(seen)
        if known == len(arms):
            return capital
        won, lost = (
            tuple(seen[at] + (at == 2 * arms[known] + is_lost) for at in range(4))
            for is_lost in (0, 1)
        )
        return max(capital, rate * of(won) + (1 - rate) * of(lost))

    of = cache(value)
    return of((0, 0, 0, 0))


@pytest.mark.parametrize("rate", [0.03, 0.5, 0.9, 0.97])
@pytest.mark.parametrize(
    "arms", [(0,) * 12, (0,) * 6 + (1,) * 6, (1,) * 8 + (0,) * 4, (0, 0, 1) * 4, (0, 1, 1, 1) * 3]
)
def test_answers_that_come_later_of_one_arm_pay_no_more_whenever_one_stops(
    arms: tuple[int, ...], rate: float
) -> None:
    assert most_by_stopping(arms, rate) == pytest.approx(1.0)


@pytest.mark.parametrize(("known", "rival_known"), [(2000, 1000), (1000, 2000)])
@pytest.mark.parametrize("rate", [0.5, 0.97])
def test_answers_that_are_lost_of_one_arm_are_no_evidence(
    known: int, rival_known: int, rate: float
) -> None:
    won, rival_won = round(known * rate), round(rival_known * rate)
    seen = counts((won, known - won, rival_won, rival_known - rival_won))
    assert log_e_value(seen, EVEN) < 0


def test_on_one_side_a_worse_arm_pays_less_than_one_on_average() -> None:
    rates = np.tile([0.6, 0.7], (4, 1))
    assert average_capital(rates, np.full(4, 0.4), is_one_sided=True) < 1.0


def test_nothing_observed_says_nothing() -> None:
    assert log_e_value(counts((0, 0, 0, 0)), EVEN) == pytest.approx(0.0)
    assert log_e_value(np.zeros((0, 4)), np.zeros(0)) == pytest.approx(0.0)


def test_the_arms_are_treated_alike() -> None:
    forth = log_e_value(counts((80, 20, 60, 40)), np.array([0.3]))
    back = log_e_value(counts((60, 40, 80, 20)), np.array([0.7]))
    assert forth == pytest.approx(back)


def test_a_configuration_in_which_only_one_arm_was_possible_says_nothing() -> None:
    alone = log_e_value(counts((80, 20, 60, 40)), EVEN)
    both = log_e_value(counts((80, 20, 60, 40), (500, 3, 0, 0)), np.array([0.5, 1.0]))
    assert both == pytest.approx(alone)


@pytest.mark.parametrize(
    "seen", [(100, 0, 100, 0), (0, 100, 0, 100), (80, 20, 80, 20), (1, 0, 0, 0)]
)
def test_arms_that_do_equally_well_give_no_evidence(seen: tuple[int, int, int, int]) -> None:
    assert log_e_value(counts(seen), EVEN) <= 1e-12


@pytest.mark.parametrize(
    "seen",
    [(47, 3, 33, 17), (60, 40, 30, 70), (910, 90, 850, 150), (99, 1, 1, 99), (60, 940, 25, 975)],
)
def test_a_clear_difference_is_found_in_small_samples(seen: tuple[int, int, int, int]) -> None:
    assert log_e_value(counts(seen), EVEN) > np.log(20)
    assert log_e_value_better(counts(seen), EVEN) > np.log(20)


def test_on_one_side_a_worse_arm_never_looks_better() -> None:
    assert log_e_value_better(counts((60, 40, 90, 10)), EVEN) < 0.0


def test_only_success_on_one_side_and_only_failure_on_the_other_is_finite() -> None:
    assert np.isfinite(log_e_value(counts((1_000_000, 0, 0, 1_000_000)), EVEN))
