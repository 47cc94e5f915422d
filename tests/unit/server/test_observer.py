"""Times that are noted count as soon as somebody reads them."""

import pytest

from interceptors.timings import FAILED, OK, Timings
from server.composition.ground import MOST_NOTED, observer
from server.settings import Settings


@pytest.fixture
def timings() -> Timings:
    return Timings()


def test_whoever_reads_finds_every_time(timings: Timings) -> None:
    observe = observer(timings, "step", Settings())
    observe("classify", 0.25, OK)
    observe("classify", 0.5, OK)
    ((subject, _, timing),) = timings.of_kind("step")
    assert (subject, timing.count, timing.total_s) == ("classify", 2, 0.75)


def test_what_failed_is_timed_apart(timings: Timings) -> None:
    observe = observer(timings, "step", Settings())
    observe("classify", 0.25, OK)
    observe("classify", 0.5, FAILED)
    assert [(outcome, timing.total_s) for _, outcome, timing in timings.of_kind("step")] == [
        (OK, 0.25),
        (FAILED, 0.5),
    ]


def test_no_more_wait_than_are_bounded(timings: Timings) -> None:
    observe = observer(timings, "step", Settings())
    for _ in range(MOST_NOTED):
        observe("classify", 0.25, OK)
    assert timings.of("step", "classify").count == MOST_NOTED
