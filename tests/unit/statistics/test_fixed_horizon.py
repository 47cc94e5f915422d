"""Classical tests: where they are defined, and which way they point."""

import pytest

from server.statistics.fixed_horizon import chi_square, two_proportion_z, welch_t
from server.statistics.moments import Moments, total

NONE = Moments()


def rate(successes: float, units: float) -> Moments:
    return Moments(units, successes, successes)


def values(*numbers: float) -> Moments:
    return total(Moments.of_unit(number) for number in numbers)


def test_a_higher_rate_than_the_controls_has_a_positive_z() -> None:
    found = two_proportion_z(rate(10, 100), rate(20, 100))
    assert found is not None
    assert found.statistic > 0


def test_a_higher_mean_than_the_controls_has_a_positive_t() -> None:
    found = welch_t(values(1, 2, 3), values(4, 5, 6))
    assert found is not None
    assert found.statistic > 0


def test_chi_square_of_two_arms_is_the_square_of_z() -> None:
    control, arm = rate(10, 100), rate(20, 110)
    z, square = two_proportion_z(control, arm), chi_square([control, arm])
    assert z is not None
    assert square is not None
    assert square.statistic == pytest.approx(z.statistic**2)
    assert square.p_value == pytest.approx(z.p_value)


def test_equal_arms_have_a_p_value_of_one() -> None:
    found = chi_square([rate(3, 10), rate(3, 10), rate(6, 20)])
    assert found is not None
    assert found.p_value == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("control", "arm"),
    [(NONE, rate(1, 2)), (rate(1, 2), NONE), (rate(0, 5), rate(0, 9)), (rate(5, 5), rate(9, 9))],
)
def test_rates_that_do_not_vary_are_not_tested(control: Moments, arm: Moments) -> None:
    assert two_proportion_z(control, arm) is None
    assert chi_square([control, arm]) is None


def test_one_arm_is_not_tested() -> None:
    assert chi_square([rate(1, 2)]) is None


@pytest.mark.parametrize(
    ("control", "arm"),
    [
        (NONE, values(1, 2)),
        (values(1, 2), values(1)),
        (values(2, 2), values(3, 3)),
        (values(0.1, 0.1, 0.1), values(0.3, 0.3)),
    ],
)
def test_means_without_a_variance_are_not_tested(control: Moments, arm: Moments) -> None:
    assert welch_t(control, arm) is None


def test_an_arm_that_does_not_vary_is_tested_by_the_other_ones_variance() -> None:
    found = welch_t(values(2, 2, 2), values(3, 4, 5))
    assert found is not None
    assert found.degrees == pytest.approx(2)
