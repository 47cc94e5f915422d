"""Asymptotic confidence sequences: bounds for large samples, valid at every look."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from server.statistics.confidence_sequence import one_sided_radius, two_sided_radius

ALPHA = 0.1
STREAMS = 400
MOST_MISSES = STREAMS * ALPHA + 3 * math.sqrt(STREAMS * ALPHA * (1 - ALPHA))
FROM = 200  # observations: it is asymptotic
LENGTH = 3000

Radius = Callable[[int, float, float, int], float]


@pytest.mark.parametrize("radius", [two_sided_radius, one_sided_radius])
def test_nothing_observed_says_nothing(radius: Radius) -> None:
    assert radius(0, 0.0, 0.05, 100) == math.inf


def test_a_two_sided_radius_by_hand() -> None:
    # rho^2 = (5.991465 + log 6.991465) / 100 = 0.0793616, so n rho^2 + 1 = 8.936155;
    # log(sqrt(8.936155) / 0.05) = 4.090797; sqrt(2 * 100 * 8.936155 / 7.936155 * 4.090797) / 100.
    assert two_sided_radius(100, 1.0, 0.05, 100) == pytest.approx(0.303521, abs=2e-6)


def test_a_one_sided_radius_by_hand() -> None:
    # rho^2 = (4.605170 + log 5.605170) / 100 = 0.0632886, so n rho^2 + 1 = 7.328860;
    # log(1 + sqrt(7.328860) / 0.1) = 3.334768; sqrt(200 * 7.328860 / 6.328860 * 3.334768) / 100.
    assert one_sided_radius(100, 1.0, 0.05, 100) == pytest.approx(0.277909, abs=2e-6)


@pytest.mark.parametrize("radius", [two_sided_radius, one_sided_radius])
def test_the_radius_is_in_the_unit_of_the_deviation(radius: Radius) -> None:
    assert radius(500, 3.0, 0.05, 100) == pytest.approx(3 * radius(500, 1.0, 0.05, 100))


def test_it_is_narrowest_at_the_size_that_it_is_tuned_for() -> None:
    sizes = [100, 500, 1000, 2000, 10_000]
    assert min(sizes, key=lambda size: two_sided_radius(1000, 1.0, 0.05, size)) == 1000


def ever_outside(radius: Radius, is_outside: Callable[[float, float], bool]) -> int:
    """In how many streams of skewed values of mean 0.05 a bound was ever broken."""
    rng, broken = np.random.default_rng(4), 0
    values = (rng.random((STREAMS, LENGTH)) < 0.05).astype(float)
    sizes = np.arange(1, LENGTH + 1)
    means = values.cumsum(axis=1) / sizes
    deviations = np.sqrt(means * (1 - means))
    for row in range(STREAMS):
        broken += any(
            is_outside(means[row, n - 1] - 0.05, radius(n, deviations[row, n - 1], ALPHA, 1000))
            for n in range(FROM, LENGTH, 20)
        )
    return broken


def test_two_sides_hold_at_every_look() -> None:
    assert ever_outside(two_sided_radius, lambda off, radius: abs(off) > radius) <= MOST_MISSES


def test_one_side_holds_at_every_look() -> None:
    assert ever_outside(one_sided_radius, lambda off, radius: -off > radius) <= MOST_MISSES
