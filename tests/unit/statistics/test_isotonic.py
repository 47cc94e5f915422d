"""The nearest rising sequence."""

from server.statistics.isotonic import rising


def test_what_rises_stays() -> None:
    assert rising([0.1, 0.2, 0.2, 0.5], [1, 2, 3, 4]) == [0.1, 0.2, 0.2, 0.5]


def test_neighbours_that_fall_take_their_weighted_mean() -> None:
    assert rising([4.0, 1.0], [1, 2]) == [2.0, 2.0]


def test_a_late_fall_pools_all_that_stood_above_it() -> None:
    assert rising([1.0, 2.0, 3.0, 0.0], [1, 1, 1, 3]) == [1.0, 1.0, 1.0, 1.0]
