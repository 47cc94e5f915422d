"""The pictures over time: the bound of each gate under its budget, and the threshold."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from matplotlib.axes import Axes

from switchyard_client.messages.switchyard.feedback.v1 import ErrorBudget
from switchyard_client.report.guarantee.reading import share
from switchyard_client.report.guarantee.shown import (
    Shown,
    Stretch,
    left_out,
    shown_gates,
    stretches,
)
from switchyard_client.report.look import (
    INK,
    Label,
    dress,
    label_column,
    mark_times,
    mark_y,
    name_axes,
    say,
)

_ROOM = 1.3  # of the budget


def draw_bounds(axes: Axes, budget: ErrorBudget, now: datetime) -> None:
    """Upper bound of the error of each gate while it was open, and the budget."""
    subtitle = "Of the automatic answers, at most so many are wrong. A gap: the gate was closed."
    dress(axes, "Bound over time", subtitle + left_out(budget))
    lines = _lines(budget, now, lambda one: one.error_bound)
    most = max((height for line in lines for height in line.heights), default=0.0)
    if lines and budget.terms is not None:
        most = max(most, budget.terms.max_error)
        axes.axhline(budget.terms.max_error, color=INK, linewidth=1.0, linestyle=(0, (4, 3)))
    axes.set_ylim(0, most * _ROOM or 1.0)
    _draw(axes, lines, now, "wrong at most")


def draw_thresholds(axes: Axes, budget: ErrorBudget, now: datetime) -> None:
    """Confidence that each gate needed while it was open."""
    subtitle = "Confidence that an answer needed to pass. A gap: the gate was closed."
    dress(axes, "Threshold over time", subtitle + left_out(budget))
    axes.set_ylim(0, 1.04)
    _draw(axes, _lines(budget, now, lambda one: one.threshold), now, "confidence needed")


@dataclass(frozen=True, slots=True)
class _Line:
    """What is drawn of a gate: its stretches, and how high each lies."""

    shown: Shown
    stretches: list[Stretch]
    heights: list[float]

    @property
    def label(self) -> Label:
        """Who answers, and how high it is now."""
        is_open = self.shown.gate.threshold is not None
        told = share(self.heights[-1]) if is_open else "closed"
        return Label(f"{self.shown.name} {told}", self.shown.color, self.heights[-1])


def _lines(
    budget: ErrorBudget, now: datetime, height_of: Callable[[Stretch], float]
) -> list[_Line]:
    lines = []
    for one in shown_gates(budget):
        found = stretches(one.gate, now)
        if found:
            lines.append(_Line(one, found, [height_of(stretch) for stretch in found]))
    return lines


def _draw(axes: Axes, lines: list[_Line], now: datetime, unit: str) -> None:
    if not lines:
        say(axes, "no gate has opened yet")
        return
    for line in lines:
        _draw_line(axes, line)
    axes.margins(x=0)
    label_column(axes, now, [line.label for line in lines])
    mark_times(axes)
    mark_y(axes, lambda height: f"{height * 100:.3g} %")
    name_axes(axes, x="time, UTC", y=unit)


def _draw_line(axes: Axes, line: _Line) -> None:
    """Steps where one stretch follows another at once, and gaps where it does not."""
    times: list[datetime] = []
    heights: list[float] = []
    for stretch, height in zip(line.stretches, line.heights, strict=True):
        if times and times[-1] != stretch.start:
            _plot(axes, line, times, heights)
            times, heights = [], []
        times += [stretch.start, stretch.end]
        heights += [height, height]
    _plot(axes, line, times, heights)


def _plot(axes: Axes, line: _Line, times: list[datetime], heights: list[float]) -> None:
    axes.plot(times, heights, color=line.shown.color, linewidth=1.8)  # type: ignore[arg-type]  # dates are places, too
