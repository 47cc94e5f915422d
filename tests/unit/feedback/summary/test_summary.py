"""Figures that follow from counts."""

import pytest

from server.feedback.summary.summary import Ratings, Share


def test_a_share_of_none_says_nothing() -> None:
    share = Share()
    assert (share.value, share.interval) == (0.0, (0.0, 1.0))


def test_a_share_has_wilsons_interval() -> None:
    assert Share(1, 10).interval == pytest.approx((0.0179, 0.4042), abs=5e-5)


def test_ratings_have_a_mean_and_its_interval() -> None:
    ratings = Ratings((0, 1, 2, 1, 0))
    assert ratings.mean == 3
    assert ratings.interval == pytest.approx((1.70, 4.30), abs=5e-3)


def test_the_interval_of_a_mean_keeps_to_the_scale() -> None:
    assert Ratings((1, 0, 0, 0, 1)).interval == (1, 5)


@pytest.mark.parametrize("counts", [(0, 0, 0, 0, 0), (0, 0, 0, 0, 1)])
def test_fewer_than_two_ratings_have_no_interval(counts: tuple[int, ...]) -> None:
    assert Ratings(counts).interval is None


def test_satisfied_are_ratings_of_four_and_five() -> None:
    satisfied = Ratings((1, 1, 1, 2, 3)).satisfied
    assert (satisfied.count, satisfied.total) == (5, 8)
