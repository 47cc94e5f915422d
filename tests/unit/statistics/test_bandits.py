"""Which arm gets how many of the next units."""

from functools import partial

import numpy as np
import pytest

from server.statistics.bandits import (
    Rule,
    epsilon_decaying,
    epsilon_greedy,
    next_weights,
    thompson,
    top_two,
    ucb1,
)
from server.statistics.best_arm import bernoulli_divergence, optimal_shares
from server.statistics.moments import Moments, Table

EPSILON = 0.1
FLOOR = 0.02
RULES: list[Rule] = [
    partial(epsilon_greedy, epsilon=EPSILON),
    partial(epsilon_decaying, epsilon=EPSILON),
    ucb1,
    thompson,
    top_two,
]
EVERY_RULE = pytest.mark.parametrize(
    "rule", RULES, ids=["epsilon_greedy", "epsilon_decaying", "ucb1", "thompson", "top_two"]
)
KINDS = pytest.mark.parametrize("is_binary", [True, False], ids=["binary", "mean"])


def batch(*arms: tuple[int, int]) -> tuple[Moments, ...]:
    """Successes and units of each arm."""
    return tuple(Moments(units, successes, successes) for successes, units in arms)


CLEAR: Table = [batch((500, 1000), (600, 1000), (900, 1000))]


@EVERY_RULE
@KINDS
@pytest.mark.parametrize(
    "table",
    [
        [batch((0, 0), (0, 0), (0, 0))],
        [batch((80, 100), (0, 0), (90, 100))],
        [batch((1, 1), (0, 1), (1, 1))],
    ],
    ids=["nothing known", "one arm unknown", "one unit each"],
)
def test_arms_are_equal_until_each_has_two_units(rule: Rule, is_binary: bool, table: Table) -> None:
    assert next_weights(rule, table, is_binary=is_binary) == pytest.approx([1 / 3] * 3)


@EVERY_RULE
@KINDS
def test_the_best_arm_gets_most(rule: Rule, is_binary: bool) -> None:
    assert next_weights(rule, CLEAR, is_binary=is_binary).argmax() == 2


@EVERY_RULE
@KINDS
def test_the_smallest_mean_gets_most_where_less_is_better(rule: Rule, is_binary: bool) -> None:
    weights = next_weights(rule, CLEAR, is_binary=is_binary, is_minimized=True)
    assert weights.argmax() == 0


@EVERY_RULE
@KINDS
def test_failures_minimised_weigh_as_successes_maximised(rule: Rule, is_binary: bool) -> None:
    table = [batch((70, 100), (80, 100)), batch((85, 100), (90, 100))]
    mirrored = [batch((30, 100), (20, 100)), batch((15, 100), (10, 100))]
    expected = next_weights(rule, table, is_binary=is_binary)
    found = next_weights(rule, mirrored, is_binary=is_binary, is_minimized=True)
    assert found == pytest.approx(expected, abs=1e-6)


@EVERY_RULE
@KINDS
@pytest.mark.parametrize("floor", [0.0, FLOOR, 0.2, 1 / 3])
def test_weights_sum_to_one_and_keep_the_floor(rule: Rule, is_binary: bool, floor: float) -> None:
    weights = next_weights(rule, CLEAR, is_binary=is_binary, floor=floor)
    assert (weights.sum(), weights.min() >= floor) == (pytest.approx(1.0), True)


@EVERY_RULE
def test_a_hundred_arms_keep_a_floor_of_half_their_share(rule: Rule) -> None:
    table = [batch(*((at, 200) for at in range(100)))]
    weights = next_weights(rule, table, is_binary=True, floor=0.005)
    assert (weights.sum(), weights.min()) == (pytest.approx(1.0), pytest.approx(0.005))


@EVERY_RULE
@KINDS
@pytest.mark.parametrize("successes", [0, 1000])
def test_arms_that_never_vary_and_agree_are_equal(
    rule: Rule, is_binary: bool, successes: int
) -> None:
    weights = next_weights(rule, [batch(*[(successes, 1000)] * 4)], is_binary=is_binary)
    assert weights == pytest.approx([0.25] * 4)


@EVERY_RULE
def test_with_a_discount_a_new_order_of_the_arms_is_followed(rule: Rule) -> None:
    long_ago, lately = batch((600, 1000), (900, 1000)), batch((900, 1000), (600, 1000))
    table = [long_ago] * 5 + [lately] * 3
    assert next_weights(rule, table, is_binary=True).argmax() == 1
    assert next_weights(rule, table, is_binary=True, discount=0.5).argmax() == 0


@EVERY_RULE
def test_what_was_earned_in_which_batch_is_the_same_without_a_discount(rule: Rule) -> None:
    apart = [batch((30, 50), (10, 20)), batch((7, 10), (70, 90))]
    together = [batch((37, 60), (80, 110))]
    expected = next_weights(rule, together, is_binary=True)
    assert next_weights(rule, apart, is_binary=True) == pytest.approx(expected)


@EVERY_RULE
def test_means_in_another_unit_give_the_same_weights(rule: Rule) -> None:
    table = [(Moments(50, 100, 260), Moments(60, 150, 420))]
    scaled = [tuple(cell.linear(1e-3, 0.0) for cell in row) for row in table]
    expected = next_weights(rule, table, is_binary=False)
    assert next_weights(rule, scaled, is_binary=False) == pytest.approx(expected, abs=1e-6)


def test_epsilon_is_divided_by_all_arms() -> None:
    rule = partial(epsilon_greedy, epsilon=0.3)
    assert next_weights(rule, CLEAR, is_binary=True) == pytest.approx([0.1, 0.1, 0.8])


@pytest.mark.parametrize(
    ("units", "explores"), [(50, EPSILON), (100, EPSILON), (400, EPSILON / 2), (10_000, 0.01)]
)
def test_what_explores_falls_with_the_square_root_of_units(units: int, explores: float) -> None:
    rule = partial(epsilon_decaying, epsilon=EPSILON)
    table = [batch((units, units), (0, units))]  # two arms: it falls from 200 units in all on
    weights = next_weights(rule, table, is_binary=True, floor=0.0)
    assert weights == pytest.approx([1 - explores / 2, explores / 2])


def test_ucb1_prefers_an_arm_that_might_be_better() -> None:
    # By hand: 0.9 + sqrt(2 log 1010 / 1000) = 1.018, but 0.8 + sqrt(2 log 1010 / 10) = 1.976.
    table = [batch((900, 1000), (8, 10))]
    weights = next_weights(ucb1, table, is_binary=True)
    assert weights == pytest.approx([FLOOR, 1 - FLOOR])


def test_thompson_of_two_arms_is_the_chance_that_one_is_better() -> None:
    # Beta(3, 1) against Beta(1, 3): the integral of 3 x^2 (1 - (1 - x)^3) over [0, 1] is 19 / 20.
    weights = next_weights(thompson, [batch((2, 2), (0, 2))], is_binary=True, floor=0.0)
    assert weights == pytest.approx([19 / 20, 1 / 20], abs=1e-6)


def test_top_two_gives_two_normal_arms_half_each() -> None:
    table = [(Moments(100, 500, 2700), Moments(100, 300, 1100))]
    assert next_weights(top_two, table, is_binary=False) == pytest.approx([0.5, 0.5], abs=1e-4)


def test_top_two_agrees_with_draws() -> None:
    successes, units = np.array([80, 84, 87]), 100
    table = [batch(*((int(each), units) for each in successes))]
    draws = np.random.default_rng(5).beta(1 + successes, 1 + units - successes, size=(400_000, 3))
    first = np.bincount(draws.argmax(axis=1), minlength=3) / len(draws)
    # Given the arm named first (a row), draws are repeated until they name another (a column).
    second = (1 - np.eye(3)) * first / (1 - first)[:, None]
    kept = optimal_shares((1 + successes) / (2 + units), bernoulli_divergence)[2]
    weights = next_weights(top_two, table, is_binary=True, floor=0.0)
    assert weights == pytest.approx(kept * first + (1 - kept) * (first @ second), abs=0.003)


def test_top_two_goes_on_with_rivals_that_thompson_gives_up() -> None:
    table = [batch((800, 1000), (850, 1000), (600, 1000))]
    earning = next_weights(thompson, table, is_binary=True)
    finding = next_weights(top_two, table, is_binary=True)
    assert (earning[0] < 0.03, finding[0] > 0.3) == (True, True)
