"""How often a random walk has left its bounds by each look."""

from math import inf, sqrt

import numpy as np
import pytest
from scipy.special import ndtr

from server.statistics.crossing import chances_to_have_left


def test_one_look_is_a_tail_of_the_normal_distribution() -> None:
    chances = chances_to_have_left([4.0], [-inf], [3.0], drift=0.5)
    assert chances == pytest.approx([float(ndtr(-0.5))], abs=1e-12)


def test_both_tails_are_counted() -> None:
    chances = chances_to_have_left([1.0], [-1.0], [2.0], drift=0.0)
    assert chances == pytest.approx([float(ndtr(-1.0) + ndtr(-2.0))], abs=1e-12)


def test_without_bounds_nothing_leaves() -> None:
    assert chances_to_have_left([1, 2, 9], [-inf] * 3, [inf] * 3, 1.0) == pytest.approx([0] * 3)


def test_a_walk_that_is_carried_far_beyond_its_bounds_has_left() -> None:
    chances = chances_to_have_left([1, 100, 200], [-1] * 3, [1] * 3, drift=50.0)
    assert chances == pytest.approx([1, 1, 1])


def test_many_looks_come_to_what_walks_do() -> None:
    rng, runs = np.random.default_rng(1), 20_000
    times = np.array([1.0, 1.5, 4.0, 5.0, 9.0])
    lower, upper = -1.5 * np.sqrt(times), np.array([4.0, 3.0, 2.0, 3.0, 5.0])
    steps = np.diff(times, prepend=0)
    walks = (0.2 * steps + rng.standard_normal((runs, 5)) * np.sqrt(steps)).cumsum(axis=1)
    has_left = np.logical_or.accumulate((walks < lower) | (walks > upper), axis=1).mean(axis=0)
    chances = chances_to_have_left(list(times), list(lower), list(upper), 0.2)
    assert chances == pytest.approx(has_left, abs=4 * sqrt(0.25 / runs))
