"""An answer whose tags were invalidated while it was made is known."""

from interceptors.cache.invalidations import MOST_REMEMBERED, Invalidations


def test_a_tag_invalidated_since_touches_its_answers() -> None:
    invalidations = Invalidations()
    since = invalidations.count
    invalidations.add("x")
    assert invalidations.have_touched(["x", "y"], since)


def test_other_tags_touch_nothing() -> None:
    invalidations = Invalidations()
    since = invalidations.count
    invalidations.add("x")
    assert not invalidations.have_touched(["y"], since)


def test_what_was_invalidated_before_touches_nothing() -> None:
    invalidations = Invalidations()
    invalidations.add("x")
    assert not invalidations.have_touched(["x"], invalidations.count)


def test_what_is_forgotten_counts_as_touched() -> None:
    invalidations = Invalidations()
    since = invalidations.count
    for _ in range(MOST_REMEMBERED + 1):
        invalidations.add("x")
    assert invalidations.have_touched(["y"], since)
