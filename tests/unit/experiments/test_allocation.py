"""When an algorithm moves the weights, and to what."""

from dataclasses import replace
from typing import Any

import pytest

from server.experiments.allocation import is_due, next_weights
from server.experiments.experiment import (
    Algorithm,
    Allocation,
    Cause,
    Configuration,
    Design,
    Metric,
    MetricKind,
    Role,
)
from server.experiments.results import MetricSums, Tally
from server.statistics.moments import Moments, total
from tests.unit.experiments.designs import NOW, RATE, THOMPSON, design, running

ADAPTIVE = [algorithm for algorithm in Algorithm if algorithm is not Algorithm.FIXED]


def successes(units: int, good: int) -> Moments:
    """Units of a binary metric."""
    return Moments(float(units), float(good), float(good))


def tally(*configurations: tuple[Moments, ...], metric: str = RATE.name) -> Tally:
    """What the units of each configuration have brought in one metric."""
    return Tally(
        configurations=tuple(
            Configuration(version + 1, (0.5, 0.5), 1.0, Cause.ALGORITHM, NOW)
            for version in range(len(configurations))
        ),
        exposures=tuple(tuple(int(cell.n) for cell in row) for row in configurations),
        metrics={metric: MetricSums(configurations)},
    )


def sizes(*units: int) -> Tally:
    """Configurations that so many units count in, half of them of each arm."""
    return tally(*((successes(n // 2, 0), successes(n - n // 2, 0)) for n in units))


def adaptive(algorithm: Algorithm = Algorithm.THOMPSON, **fields: Any) -> Design:
    return design(allocation=Allocation(algorithm, **fields))


def measuring(metric: Metric, algorithm: Algorithm = Algorithm.EPSILON_GREEDY) -> Design:
    return design(metrics=(metric,), allocation=Allocation(algorithm))


@pytest.mark.parametrize(
    ("units", "expected"),
    [
        ((), False),
        ((0,), False),
        ((99,), False),
        ((100,), True),
        ((100, 99), False),
        ((100, 100), True),
        ((9900, 199), False),
        ((9800, 200), True),
    ],
)
def test_weights_move_once_a_batch_counts(units: tuple[int, ...], expected: bool) -> None:
    experiment = running("new", adaptive(batch_units=100))
    assert is_due(experiment, sizes(*units)) is expected


def test_fixed_weights_never_move() -> None:
    assert not is_due(running(), sizes(10_000))


def test_ten_million_units_make_some_hundred_configurations() -> None:
    experiment = running("new", adaptive(batch_units=100))
    before, batch, changes = 0, 100, 0
    while before < 10_000_000:
        while not is_due(experiment, sizes(before, batch)):
            batch += 1 + batch // 100
        before, changes = before + batch, changes + 1
    assert 200 < changes < 500


@pytest.mark.parametrize("algorithm", ADAPTIVE)
def test_the_better_variant_gets_more(algorithm: Algorithm) -> None:
    weights = next_weights(adaptive(algorithm), tally((successes(200, 80), successes(200, 130))))
    assert weights[1] >= 0.5
    assert sum(weights) == pytest.approx(1.0)
    assert min(weights) >= 0.02


@pytest.mark.parametrize("algorithm", sorted(set(ADAPTIVE) - {Algorithm.TOP_TWO}))
def test_less_is_better_where_the_metric_says_so(algorithm: Algorithm) -> None:
    wanted = measuring(replace(RATE, is_minimized=True), algorithm)
    weights = next_weights(wanted, tally((successes(200, 80), successes(200, 130))))
    assert weights[0] > weights[1]


def test_fixed_weights_stay_what_they_are() -> None:
    assert next_weights(design((0.2, 0.8)), sizes(1000)) == (0.2, 0.8)


@pytest.mark.parametrize("algorithm", ADAPTIVE)
def test_nothing_known_yet_means_equal_weights(algorithm: Algorithm) -> None:
    assert next_weights(adaptive(algorithm), sizes(0)) == (0.5, 0.5)


@pytest.mark.parametrize("algorithm", ADAPTIVE)
@pytest.mark.parametrize("good", [0, 200])
def test_arms_that_all_fail_or_all_succeed_share_equally(algorithm: Algorithm, good: int) -> None:
    cells = (successes(200, good), successes(200, good))
    assert next_weights(adaptive(algorithm), tally(cells)) == pytest.approx((0.5, 0.5))


@pytest.mark.parametrize("algorithm", ADAPTIVE)
def test_no_weight_falls_below_the_floor(algorithm: Algorithm) -> None:
    hopeless = tally((successes(5000, 10), successes(5000, 4990)))
    assert min(next_weights(adaptive(algorithm, floor=0.1), hopeless)) >= 0.1


def test_a_discount_follows_what_is_new() -> None:
    drifted = tally(
        (successes(1000, 900), successes(1000, 100)), (successes(200, 20), successes(200, 180))
    )
    assert next_weights(adaptive(discount=1.0), drifted)[0] > 0.9
    assert next_weights(adaptive(discount=0.01), drifted)[1] > 0.9


def test_the_share_that_explores_is_the_design_s() -> None:
    seen = tally((successes(200, 80), successes(200, 130)))
    greedy = next_weights(adaptive(Algorithm.EPSILON_GREEDY, epsilon=0.2), seen)
    assert greedy == pytest.approx((0.1, 0.9))


def test_a_ratio_is_compared_by_its_ratio_and_not_by_its_numerator() -> None:
    wanted = measuring(Metric("cost", MetricKind.RATIO, Role.PRIMARY))
    units = [(y, x) for y, x in [(4.0, 1.0), (6.0, 2.0), (5.0, 1.0)] * 20]
    dear = total(Moments.of_unit(y, x) for y, x in units)
    busy = total(Moments.of_unit(2 * y, 5 * x) for y, x in units)
    weights = next_weights(wanted, tally((dear, busy), metric="cost"))
    assert weights[0] > 0.9


def test_what_units_had_before_is_not_taken_for_what_a_variant_did() -> None:
    wanted = measuring(Metric("spent", MetricKind.MEAN, Role.PRIMARY, uses_pre_period=True))
    poor = total(Moments.of_unit(x + 1.0 + x % 2 / 10, x) for x in map(float, range(100)))
    rich = total(Moments.of_unit(x + x % 2 / 10, x) for x in map(float, range(50, 150)))
    weights = next_weights(wanted, tally((poor, rich), metric="spent"))
    assert weights[0] > 0.9


def test_the_same_sums_give_the_same_weights_bit_for_bit() -> None:
    seen = tally((successes(210, 80), successes(190, 83)), (successes(150, 70), successes(90, 41)))
    wanted = design(allocation=THOMPSON)
    assert next_weights(wanted, seen) == next_weights(wanted, seen)
