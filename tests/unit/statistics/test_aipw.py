"""Means and differences when the weights followed the outcomes."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest

from server.statistics.aipw import aipw_difference, aipw_means, ratio_scores_of
from server.statistics.aipw import scores_of as scores_of_cells
from server.statistics.betting import FloatArray
from server.statistics.estimate import Estimate, difference
from server.statistics.moments import Moments, total


@dataclass(frozen=True)
class Trial:
    """Units [n_configurations][n_units] that were given arms with changing propensities."""

    arms: list[npt.NDArray[np.int64]]
    values: list[FloatArray]
    propensities: FloatArray  # [n_configurations, n_arms]

    @property
    def cells(self) -> list[list[Moments]]:
        return [
            [
                total(Moments.of_unit(float(value)) for value in values[arms == arm])
                for arm in range(self.propensities.shape[1])
            ]
            for arms, values in zip(self.arms, self.values, strict=True)
        ]


@pytest.fixture(scope="module")
def trial() -> Trial:
    rng = np.random.default_rng(1)
    propensities = rng.dirichlet([3.0, 3.0, 3.0], 8)
    arms = [rng.choice(3, 40, p=row) for row in propensities]
    values = [rng.normal(3.0 + of_units - 0.2 * at, 1.0) for at, of_units in enumerate(arms)]
    return Trial(arms, values, propensities)


def scores_of(trial: Trial, arm: int) -> FloatArray:
    """The score of every unit for an arm, unit by unit; every arm is in the first configuration."""
    scores: list[float] = []
    weight = value = 0.0
    for at, (arms, values) in enumerate(zip(trial.arms, trial.values, strict=True)):
        chance, mine = trial.propensities[at, arm], arms == arm
        guess = value / weight if weight else values[mine].mean()
        scores += list(guess + mine * (values - guess) / chance)
        weight += mine.sum() / chance
        value += values[mine].sum() / chance
    return np.array(scores)


def found(estimate: Estimate | None) -> Estimate:
    assert estimate is not None
    return estimate


def assert_is_mean_of(scores: FloatArray, estimate: Estimate) -> None:
    assert estimate.value == pytest.approx(scores.mean())
    assert estimate.deviation == pytest.approx(scores.std(ddof=1))
    assert estimate.units == len(scores)


@pytest.mark.parametrize("arm", [0, 1, 2])
def test_the_mean_of_an_arm_is_that_of_the_scores_of_all_units(trial: Trial, arm: int) -> None:
    estimates = aipw_means(trial.cells, trial.propensities.tolist())
    assert_is_mean_of(scores_of(trial, arm), found(estimates[arm]))


def test_the_difference_is_that_of_the_scores_of_all_units(trial: Trial) -> None:
    estimate = aipw_difference(trial.cells, trial.propensities.tolist(), 2, 0)
    assert_is_mean_of(scores_of(trial, 2) - scores_of(trial, 0), found(estimate))


def test_with_one_configuration_it_is_the_plain_difference_in_means(trial: Trial) -> None:
    cells = [trial.cells[0]]
    estimate = aipw_difference(cells, trial.propensities[:1].tolist(), 1, 0)
    assert found(estimate).value == pytest.approx(found(difference(cells, 1, 0)).value)


def test_an_arm_that_comes_late_is_guessed_to_be_like_the_others_before() -> None:
    # Guess 0.5 in the first configuration, its own 1.0 in the second: 0.5 and 1.0 a unit.
    rows = [[Moments(10, 5, 5), Moments()], [Moments(5, 3, 3), Moments(5, 5, 5)]]
    estimate = aipw_means(rows, [[0.9, 0.1], [0.5, 0.5]], span=1.0)[1]
    assert found(estimate).value == pytest.approx(0.75)


def test_a_configuration_without_units_changes_nothing(trial: Trial) -> None:
    nobody, chances = [Moments()] * 3, [0.2, 0.3, 0.5]
    cells, propensities = trial.cells, trial.propensities.tolist()
    with_it = aipw_means([nobody, *cells, nobody], [chances, *propensities, chances])
    assert with_it == aipw_means(cells, propensities)


def test_no_configuration_gives_no_estimate() -> None:
    assert aipw_means([], []) == []
    assert aipw_difference([], [], 0, 1) is None


@pytest.mark.parametrize("units", [0, 1])
def test_an_arm_below_two_units_has_no_estimate(units: int) -> None:
    cells, even = [[Moments(50, 30, 30), Moments(units, units, units)]], [[0.5, 0.5]]
    assert aipw_means(cells, even, span=1.0)[1] is None
    assert aipw_difference(cells, even, 0, 1, span=1.0) is None


def test_equal_values_of_an_unknown_span_give_no_estimate() -> None:
    cells = [[Moments(50, 50, 50), Moments(50, 50, 50)]]
    assert aipw_means(cells, [[0.5, 0.5]]) == [None, None]


def test_arms_without_any_exception_are_not_taken_for_certain() -> None:
    # Every arm is as if one of 100 units were away by the span: variance 1 / 100, over 0.5.
    cells = [[Moments(99, 99, 99), Moments(99, 0, 0)]]
    estimate = found(aipw_difference(cells, [[0.5, 0.5]], 0, 1, span=1.0))
    assert estimate.value == 1.0
    assert estimate.deviation == pytest.approx(math.sqrt((0.02 + 0.02) * 198 / 197))


def test_an_arm_of_small_propensity_without_rare_events_is_not_taken_for_certain() -> None:
    cells = [[Moments(980, 30, 30), Moments(20, 0, 0)], [Moments(980, 28, 28), Moments(20, 1, 1)]]
    estimate = found(aipw_difference(cells, [[0.98, 0.02]] * 2, 0, 1, span=1.0))
    variance = 59 / 2000 * (1 - 59 / 2000)
    expected = math.sqrt(variance * (1 / 0.98 + 1 / 0.02))
    assert estimate.deviation == pytest.approx(expected, rel=0.01)


def test_what_arms_vary_by_at_least_may_be_given() -> None:
    cells = [[Moments(100, 2, 2), Moments(100, 0, 0)]]
    scores = scores_of_cells(cells, [[0.5, 0.5]], 1.0)
    estimate = found(scores.difference(0, 1, (0.04, 0.09)))
    assert estimate.deviation == pytest.approx(math.sqrt((0.04 + 0.09) / 0.5 * 200 / 199))


def adaptive_cells(
    rng: np.random.Generator, rates: FloatArray
) -> tuple[list[list[Moments]], list[list[float]]]:
    """Two arms in batches of 20 of which the one that did better so far gets 90 %."""
    won, seen = np.zeros(2), np.zeros(2)
    cells, propensities, chances = [], [], np.array([0.5, 0.5])
    for rate in rates:
        units = rng.multinomial(20, chances)
        ones = rng.binomial(units, rate)
        cells.append([Moments(*of_arm) for of_arm in zip(units, ones, ones, strict=True)])
        propensities.append(chances.tolist())
        won, seen = won + ones, seen + units
        is_second = won[1] * seen[0] > won[0] * seen[1]
        chances = np.array([0.1, 0.9] if is_second else [0.9, 0.1])
    return cells, propensities


def test_bad_luck_early_does_not_bias_the_mean_of_an_arm() -> None:
    rng, runs = np.random.default_rng(2), 1500
    plain, weighted = [], []
    for _ in range(runs):
        cells, propensities = adaptive_cells(rng, np.full(10, 0.5))
        arm = total(row[0] for row in cells)
        plain.append(arm.y / arm.n)
        weighted.append(found(aipw_means(cells, propensities, span=1.0)[0]).value)
    error = np.std(weighted) / math.sqrt(runs)
    assert abs(np.mean(weighted) - 0.5) < 3 * error
    assert np.mean(plain) < 0.5 - 3 * error


def test_drift_does_not_pass_for_a_difference_of_the_arms() -> None:
    rng, runs = np.random.default_rng(3), 400
    gaps = []
    for _ in range(runs):
        cells, propensities = adaptive_cells(rng, np.linspace(0.9, 0.2, 20))
        gaps.append(found(aipw_difference(cells, propensities, 0, 1, span=1.0)).value)
    assert abs(np.mean(gaps)) < 3 * np.std(gaps) / math.sqrt(runs)


def ratio_cell(values: list[float], denominators: list[float], times: int) -> Moments:
    pairs = zip(values * times, denominators * times, strict=True)
    return total(Moments.of_unit(y, x) for y, x in pairs)


def test_the_mean_score_of_a_ratio_is_the_ratio_of_the_mean_scores() -> None:
    cells = [
        [ratio_cell([1.0, 3.0], [1.0, 2.0], 40), ratio_cell([2.0, 3.0], [2.0, 1.0], 10)],
        [ratio_cell([4.0, 6.0], [2.0, 5.0], 15), ratio_cell([5.0, 9.0], [3.0, 2.0], 35)],
    ]
    propensities = [[0.8, 0.2], [0.3, 0.7]]
    denominators = [[cell.linear(0.0, 1.0) for cell in row] for row in cells]
    of_y, of_x = (aipw_means(table, propensities) for table in (cells, denominators))
    ratios = [found(y).value / found(x).value for y, x in zip(of_y, of_x, strict=True)]
    scores = ratio_scores_of(cells, propensities)
    assert [found(mean).value for mean in scores.means()] == pytest.approx(ratios)
    assert found(scores.difference(1, 0)).value == pytest.approx(ratios[1] - ratios[0])


def test_an_arm_without_denominators_has_no_ratio() -> None:
    none, some = ratio_cell([1.0, 3.0], [0.0, 0.0], 5), ratio_cell([1.0, 3.0], [1.0, 2.0], 5)
    scores = ratio_scores_of([[none, some]], [[0.5, 0.5]])
    assert scores.means()[0] is None
    assert scores.difference(1, 0) is None
