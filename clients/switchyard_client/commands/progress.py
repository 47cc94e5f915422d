"""How far a batch is: a bar on a terminal, a line now and then anywhere else."""

from collections.abc import Callable
from typing import Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

from switchyard_client.commands.console import duration

_LINE_EVERY_S = 5.0


class Counts(Protocol):
    """Of rows so far."""

    @property
    def done(self) -> int:
        """Those that need nothing more."""

    @property
    def skipped(self) -> int:
        """Those that had been done before, and are among the done."""

    @property
    def errors(self) -> int:
        """Those that failed."""


class BatchProgress(Protocol):
    """Shows how far a batch is; a context manager."""

    def __enter__(self) -> Self:
        """Begin."""

    def __exit__(self, *_: object) -> None:
        """End, and leave the terminal as it was."""

    def show(self, tally: Counts) -> None:
        """Called a few times a second."""


class Pace:
    """Rate and time left, of the rows done since the start."""

    def __init__(self, total: int | None, clock: Callable[[], float]) -> None:
        self.total = total
        self._clock = clock
        self._start_s = clock()

    @property
    def elapsed_s(self) -> float:
        """Since the start."""
        return self._clock() - self._start_s

    def rate(self, tally: Counts) -> float:
        """Rows a second, those skipped not counted."""
        return (tally.done - tally.skipped) / max(self.elapsed_s, 1e-6)

    def describe(self, tally: Counts) -> str:
        """Rate, time left and errors, such as "412/s, 21 s left, 3 errors"; of rows that are all
        on their way, that the server is waited for.
        """
        rate = self.rate(tally)
        parts = [f"{rate:,.0f}/s"]
        if self.total and rate > 0 and tally.done < self.total:
            parts.append(f"{duration(max(1.0, (self.total - tally.done) / rate))} left")
        if self.total and tally.done >= self.total:
            parts.append("waiting for the server")
        if tally.errors:
            parts.append(f"{tally.errors:,} error{'s' if tally.errors > 1 else ''}")
        return ", ".join(parts)

    def done_of_total(self, tally: Counts) -> str:
        """Such as "1,200/10,000"."""
        return f"{tally.done:,}/{self.total:,}" if self.total else f"{tally.done:,}"


class ProgressBar:
    """A bar that is drawn over itself."""

    def __init__(self, console: Console, pace: Pace) -> None:
        self._pace = pace
        self._progress = Progress(
            SpinnerColumn(),
            BarColumn(bar_width=30),
            TextColumn("{task.fields[done]} {task.fields[pace]}"),
            console=console,
            auto_refresh=False,
            transient=True,
        )
        self._task = self._progress.add_task("", total=pace.total, done="0", pace="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, tally: Counts) -> None:
        """Draw the bar again."""
        self._progress.update(
            self._task,
            completed=tally.done,
            done=self._pace.done_of_total(tally),
            pace=self._pace.describe(tally),
            refresh=True,
        )


class ProgressLines:
    """A line every five seconds, for logs."""

    def __init__(self, console: Console, pace: Pace) -> None:
        self._console = console
        self._pace = pace
        self._last_s = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def show(self, tally: Counts) -> None:
        """Print a line when the last one is old enough."""
        if self._pace.elapsed_s - self._last_s >= _LINE_EVERY_S:
            self._last_s = self._pace.elapsed_s
            line = f"{self._pace.done_of_total(tally)} rows, {self._pace.describe(tally)}"
            self._console.print(line, markup=False)


def progress_on(console: Console, pace: Pace) -> BatchProgress:
    """What suits the console: a bar on a terminal, lines anywhere else."""
    return ProgressBar(console, pace) if console.is_terminal else ProgressLines(console, pace)
