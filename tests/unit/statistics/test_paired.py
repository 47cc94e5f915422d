"""Two shares on the same items."""

import numpy as np
import pytest

from server.statistics.paired import lower_difference


def test_the_interval_is_that_of_bonett_and_price() -> None:
    # 50 items, 10 against 4: (11 - 5) / 52, less 1.645 deviations.
    first, second = 11 / 52, 5 / 52
    deviation = np.sqrt((first + second - (first - second) ** 2) / 52)
    assert lower_difference(50, 10, 4) == pytest.approx(first - second - 1.6448536 * deviation)


@pytest.mark.parametrize(("items", "first", "second"), [(30, 0.1, 0.1), (200, 0.05, 0.02)])
def test_it_lies_above_the_truth_as_seldom_as_stated(
    items: int, first: float, second: float
) -> None:
    rng = np.random.default_rng(7)
    drawn = rng.multinomial(items, [first, second, 1 - first - second], size=4000)
    above = [lower_difference(items, a, b) > first - second for a, b, _ in drawn.tolist()]
    assert np.mean(above) < 0.06


def test_no_disagreement_among_few_items_shows_little() -> None:
    assert lower_difference(10, 0, 0) < -0.1
    assert lower_difference(1000, 0, 0) > -0.01


def test_it_never_leaves_the_range_of_differences() -> None:
    assert lower_difference(1, 0, 1) >= -1.0
