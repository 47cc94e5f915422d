"""Worked examples from the literature and from other systems' documentation, for many looks.

Each is compared to the precision in which its source prints it; the source stands in the test's
docstring.
"""

from math import sqrt

import numpy as np
import pytest

from server.statistics.confidence_sequence import two_sided_radius
from server.statistics.crossing import chances_to_have_left
from server.statistics.moments import Moments

ALPHA = 0.05


def chance_to_reject(boundary: list[float]) -> float:
    """That |z| exceeds the boundary at any of equally spaced looks, without an effect."""
    times = np.arange(1.0, len(boundary) + 1)
    bounds = np.array(boundary) * np.sqrt(times)
    return float(chances_to_have_left(list(times), list(-bounds), list(bounds), 0.0)[-1])


@pytest.mark.parametrize(
    ("looks", "chance"),
    [(1, 0.050), (2, 0.083), (3, 0.107), (4, 0.126), (5, 0.142), (10, 0.193), (20, 0.248)],
)
def test_repeated_looks_reject_as_often_as_published(looks: int, chance: float) -> None:
    """Armitage, McPherson and Rowe (1969), "Repeated significance tests on accumulating data",
    Journal of the Royal Statistical Society A 132, table 2, nominal level 0.05.
    """
    assert chance_to_reject([1.96] * looks) == pytest.approx(chance, abs=6e-4)


@pytest.mark.parametrize(
    ("looks", "constant"), [(2, 2.178), (3, 2.289), (4, 2.361), (5, 2.413), (10, 2.555)]
)
def test_pococks_constant_spends_alpha(looks: int, constant: float) -> None:
    """Pocock (1977), Biometrika 64, to three decimals in Jennison and Turnbull (2000), "Group
    sequential methods", table 2.1.
    """
    assert chance_to_reject([constant + 6e-4] * looks) < ALPHA
    assert chance_to_reject([constant - 6e-4] * looks) > ALPHA


@pytest.mark.parametrize(
    ("looks", "constant"), [(2, 1.977), (3, 2.004), (4, 2.024), (5, 2.040), (10, 2.087)]
)
def test_obrien_and_flemings_constant_spends_alpha(looks: int, constant: float) -> None:
    """O'Brien and Fleming (1979), Biometrics 35, to three decimals in Jennison and Turnbull
    (2000), table 2.3.
    """
    shape = [sqrt(looks / look) for look in range(1, looks + 1)]
    assert chance_to_reject([(constant + 6e-4) * at for at in shape]) < ALPHA
    assert chance_to_reject([(constant - 6e-4) * at for at in shape]) > ALPHA


def test_obrien_and_flemings_boundaries_for_five_looks_spend_alpha() -> None:
    """O'Brien and Fleming (1979): 4.562, 3.226, 2.634, 2.281 and 2.040."""
    assert chance_to_reject([4.562, 3.226, 2.634, 2.281, 2.040]) == pytest.approx(ALPHA, abs=1e-4)


def test_a_confidence_sequence_spends_less_at_five_looks_than_obrien_and_fleming() -> None:
    """It has all other looks to spend on; compare the boundaries above."""
    looks = range(1, 6)
    boundary = [two_sided_radius(n, 1.0, ALPHA, tuned_for=5) * sqrt(n) for n in looks]
    assert boundary[-1] > 2.040
    assert chance_to_reject(boundary) < ALPHA


def test_the_radius_is_the_boundary_of_confseq() -> None:
    """Howard, Ramdas, McAuliffe and Sekhon (2021), their library confseq,
    test/uniform_boundaries_unittest.cpp: two-sided normal mixture, 30.35209 at variance 100.
    """
    assert 100 * two_sided_radius(100, 1.0, ALPHA, 100) == pytest.approx(30.35209, abs=5e-6)


def growthbook_lift(
    control: Moments, arm: Moments, adjusted: tuple[Moments, Moments]
) -> tuple[float, float]:
    """Relative lift and its standard error by GrowthBook's delta method.

    adjusted  control and arm less what is known of their past
    """
    assert control.mean
    assert arm.mean
    means = [one.mean or 0.0 for one in adjusted]
    squared = [(one.variance or 0.0) / one.n for one in adjusted]
    error = sqrt(squared[1] + squared[0] * (arm.mean / control.mean) ** 2) / control.mean
    return (means[1] - means[0]) / control.mean, error


def growthbook_interval(lift: float, error: float, units: float, tuned_for: int) -> list[float]:
    radius = two_sided_radius(units, error * sqrt(units), ALPHA, tuned_for)
    return [lift - radius, lift + radius]


# GrowthBook, packages/stats/tests/frequentist/test_tests.py, class TestSequentialTTest.
CONTROL = Moments(3000, 1396.87, 52377.9767, 16.87, 527.9767, 12525)
ARM = Moments(3461, 2422.7, 134698.29, 22.7, 1348.29, 3333)


def test_the_sequence_of_two_means_is_growthbooks() -> None:
    """test_sequential_test_runs: tuned for 1,000 units."""
    lift, error = growthbook_lift(CONTROL, ARM, (CONTROL, ARM))
    assert (lift, error) == pytest.approx((0.50336, 0.33341), abs=5e-6)
    interval = growthbook_interval(lift, error, CONTROL.n + ARM.n, 1000)
    assert interval == pytest.approx([-0.55844, 1.56516], abs=5e-6)


def test_the_sequence_of_two_rates_is_growthbooks() -> None:
    """test_sequential_test_runs_prop: its default of 5,000 units, printed lift and error."""
    interval = growthbook_interval(0.50386, 0.03386, 6461, 5000)
    assert interval == pytest.approx([0.40098, 0.60675], abs=2e-5)


def test_the_sequence_of_two_means_less_their_past_is_growthbooks() -> None:
    """test_sequential_test_runs_ra: CUPED with a theta of 0.5, default of 5,000 units."""
    adjusted = (CONTROL.linear(1, -0.5), ARM.linear(1, -0.5))
    lift, error = growthbook_lift(CONTROL, ARM, adjusted)
    assert (lift, error) == pytest.approx((0.50236, 0.30930), abs=5e-6)
    interval = growthbook_interval(lift, error, CONTROL.n + ARM.n, 5000)
    assert interval == pytest.approx([-0.43745, 1.44217], abs=5e-6)
