"""Sums over units give what the units themselves would."""

from collections.abc import Sequence

import numpy as np
import pytest

from server.statistics.betting import FloatArray
from server.statistics.moments import Moments, adjusted, linearised, theta_of, total


def moments_of(y: FloatArray, x: FloatArray | None = None) -> Moments:
    beside = np.zeros_like(y) if x is None else x
    return total(Moments.of_unit(float(a), float(b)) for a, b in zip(y, beside, strict=True))


def sums(moments: Moments) -> list[float]:
    return [moments.n, moments.y, moments.yy, moments.x, moments.xx, moments.xy]


@pytest.fixture
def pair() -> tuple[FloatArray, FloatArray]:
    rng = np.random.default_rng(1)
    x = rng.gamma(2.0, 3.0, 200)
    return 0.7 * x + rng.normal(5.0, 2.0, 200), x


def test_cells_add_up_to_all_their_units(pair: tuple[FloatArray, FloatArray]) -> None:
    y, x = pair
    halves = total([moments_of(y[:90], x[:90]), moments_of(y[90:], x[90:])])
    whole = [200, y.sum(), y @ y, x.sum(), x @ x, x @ y]
    assert sums(halves) == pytest.approx(whole)


def test_mean_and_variance_are_those_of_the_units(pair: tuple[FloatArray, FloatArray]) -> None:
    found = moments_of(*pair)
    assert found.mean == pytest.approx(pair[0].mean())
    assert found.variance == pytest.approx(pair[0].var(ddof=1))


def test_values_far_from_zero_vary_by_what_is_between_them() -> None:
    values = 1e6 + np.tile([-0.5, 0.5], 100_000)
    assert moments_of(values).variance == pytest.approx(0.25, rel=0.01)


def test_without_units_there_is_no_mean() -> None:
    assert Moments().mean is None


@pytest.mark.parametrize("units", [0, 1])
def test_below_two_units_there_is_no_variance(units: int) -> None:
    assert moments_of(np.full(units, 3.0)).variance is None


@pytest.mark.parametrize("value", [0.0, 1.0, 0.1, 1e6 / 3])
def test_equal_values_have_no_variance_whatever_rounding_leaves(value: float) -> None:
    assert moments_of(np.full(1001, value)).variance == 0.0


def test_moments_of_a_combination_are_those_of_the_combined(
    pair: tuple[FloatArray, FloatArray],
) -> None:
    y, x = pair
    found = moments_of(y, x).linear(2.0, -0.5, 3.0)
    assert sums(found) == pytest.approx(sums(moments_of(2 * y - 0.5 * x + 3)))


def two_arms(seed: int) -> tuple[list[list[FloatArray]], list[list[FloatArray]]]:
    """Values y and x [n_configurations][n_arms]; both drift and the arms differ."""
    rng = np.random.default_rng(seed)
    x = [[rng.gamma(2.0, 1.0 + at, size) for size in (40, 60 + at)] for at in range(3)]
    y = [
        [
            1.5 * values + 10 * at + arm + rng.normal(0, 1, len(values))
            for arm, values in enumerate(row)
        ]
        for at, row in enumerate(x)
    ]
    return y, x


def table(
    y: Sequence[Sequence[FloatArray]], x: Sequence[Sequence[FloatArray]]
) -> list[list[Moments]]:
    return [
        [moments_of(*cell) for cell in zip(*row, strict=True)] for row in zip(y, x, strict=True)
    ]


def flat(nested: Sequence[Sequence[FloatArray]]) -> list[FloatArray]:
    return [cell for row in nested for cell in row]


def test_theta_is_the_slope_within_cells() -> None:
    y, x = two_arms(2)
    within_y = np.concatenate([cell - cell.mean() for cell in flat(y)])
    within_x = np.concatenate([cell - cell.mean() for cell in flat(x)])
    cells = [cell for row in table(y, x) for cell in row]
    assert theta_of(cells) == pytest.approx(within_x @ within_y / (within_x @ within_x))


@pytest.mark.parametrize(
    "cells",
    [
        [],
        [Moments()],
        [Moments.of_unit(3.0, 0.1)],
        [moments_of(np.arange(50.0), np.full(50, 0.1)), Moments.of_unit(9.0, 5.0)],
    ],
)
def test_theta_is_zero_where_nothing_varies_within_a_cell(cells: list[Moments]) -> None:
    assert theta_of(cells) == 0.0


def test_adjusted_values_are_relative_to_the_mean_of_x_over_all_arms() -> None:
    y, x = two_arms(3)
    centre = np.concatenate(flat(x)).mean()
    expected = [moments_of(a - 0.8 * (b - centre)) for a, b in zip(flat(y), flat(x), strict=True)]
    found = [cell for row in adjusted(table(y, x), 0.8) for cell in row]
    assert [sums(cell) for cell in found] == [pytest.approx(sums(cell)) for cell in expected]


def test_an_adjustment_of_no_units_is_no_units() -> None:
    assert adjusted([[Moments(), Moments()]], 0.8) == [[Moments(), Moments()]]


def test_the_mean_of_a_linearised_arm_is_the_ratio_of_its_sums() -> None:
    y, x = two_arms(4)
    arms = [total(arm) for arm in zip(*linearised(table(y, x)), strict=True)]
    ratios = [
        np.concatenate(of_y).sum() / np.concatenate(of_x).sum()
        for of_y, of_x in zip(zip(*y, strict=True), zip(*x, strict=True), strict=True)
    ]
    assert [arm.mean for arm in arms] == pytest.approx(ratios)


def test_the_variance_of_a_linearised_arm_is_that_of_the_delta_method(
    pair: tuple[FloatArray, FloatArray],
) -> None:
    y, x = pair
    covariances = np.cov(y, x)
    slopes = np.array([1 / x.mean(), -y.mean() / x.mean() ** 2])
    [[found]] = linearised([[moments_of(y, x)]])
    assert found.variance == pytest.approx(slopes @ covariances @ slopes)


def test_an_arm_that_has_no_ratio_has_no_units() -> None:
    some, none = Moments.of_unit(3.0, 2.0), Moments.of_unit(3.0, 0.0)
    assert [row[1] for row in linearised([[some, none], [some, Moments()]])] == [Moments()] * 2
