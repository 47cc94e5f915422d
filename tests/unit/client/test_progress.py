"""How far a batch is, in words."""

import io

import pytest
from rich.console import Console
from switchyard_client.commands.batch import Tally
from switchyard_client.commands.console import duration, percent
from switchyard_client.commands.progress import Pace, ProgressBar, ProgressLines


class Clock:
    """Stands still until it is set."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    """At 100 seconds."""
    return Clock()


def test_pace_tells_rate_time_left_and_errors(clock: Clock) -> None:
    pace = Pace(1_000, clock)
    clock.now_s += 10
    tally = Tally(answered=190, failed=9, unreadable=1, skipped=300)
    assert pace.describe(tally) == "20/s, 25.0 s left, 10 errors"
    assert pace.done_of_total(tally) == "500/1,000"


def test_pace_without_a_total_tells_no_time_left(clock: Clock) -> None:
    pace = Pace(None, clock)
    clock.now_s += 10
    assert pace.describe(Tally(answered=100)) == "10/s"
    assert pace.done_of_total(Tally(answered=1_100)) == "1,100"


def test_pace_says_what_is_waited_for_when_all_rows_are_on_their_way(clock: Clock) -> None:
    pace = Pace(100, clock)
    clock.now_s += 10
    assert pace.describe(Tally(answered=100)) == "10/s, waiting for the server"


def test_logs_get_a_line_every_five_seconds(clock: Clock) -> None:
    out = io.StringIO()
    with ProgressLines(Console(file=out, width=100), Pace(100, clock)) as progress:
        for _ in range(44):
            clock.now_s += 0.25
            progress.show(Tally(answered=40))
    assert out.getvalue().splitlines() == [
        "40/100 rows, 8/s, 7.5 s left",
        "40/100 rows, 4/s, 15.0 s left",
    ]


def test_a_terminal_gets_a_bar_that_leaves_nothing_behind(clock: Clock) -> None:
    out = io.StringIO()
    console = Console(file=out, width=100, force_terminal=True)
    with ProgressBar(console, Pace(100, clock)) as progress:
        clock.now_s += 1
        progress.show(Tally(answered=40, failed=1))
    assert "41/100 41/s, 1.4 s left, 1 error" in out.getvalue()
    assert out.getvalue().endswith("\x1b[2K")  # the line is erased


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0004, "0.4 ms"),
        (3.25, "3.2 s"),
        (59.99, "60.0 s"),
        (61, "1 min 1 s"),
        (7_200, "2 h"),
        (129_600, "1 d 12 h"),
    ],
)
def test_time_spans_are_told_in_two_units(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("chance", "text"), [(0.0, "0 %"), (0.001, "<1 %"), (0.456, "46 %"), (1.0, "100 %")]
)
def test_chances_are_percentages(chance: float, text: str) -> None:
    assert percent(chance) == text
