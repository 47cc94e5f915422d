"""The picture of the lift: how it and its sequence went as units came in."""

from collections.abc import Iterator
from dataclasses import dataclass

from matplotlib.axes import Axes

from switchyard_client.messages.switchyard.experiment.v1 import (
    ExperimentResults,
    MetricKind,
    MetricResults,
    ResultsMoment,
    VariantMoment,
)
from switchyard_client.report import figures
from switchyard_client.report.look import (
    INK,
    Label,
    dress,
    label_column,
    mark_x,
    mark_y,
    name_axes,
    say,
)
from switchyard_client.report.reading import design_of, is_minimized, primary_of
from switchyard_client.report.shown import Shown, left_out, merit, shown_variants

_MOST_BANDS = 3
_ROOM = 1.15  # of the bands' height


def draw_lift(axes: Axes, results: ExperimentResults) -> None:
    """Lift of each challenger over the control with its interval, by units.

    Where there are many, the best alone has its band.
    """
    metric = primary_of(results) or MetricResults()
    better = "less" if is_minimized(design_of(results, metric)) else "more"
    subtitle = f"Difference to the control in {metric.metric}; {better} is better."
    dress(axes, "Lift", f"{subtitle} Bands hold at every look.{left_out(results)}")
    moments = [*results.history, *_now(results.history, metric)]
    lines = [
        line for one in shown_variants(results) if one.index and (line := _line(moments, one)).units
    ]
    if not lines:
        say(axes, "no lift can be told yet")
        return
    banded = lines if len(lines) <= _MOST_BANDS else [_best(results, lines)]
    for line in lines:
        _draw(axes, line, has_band=line in banded)
    axes.axhline(0, color=INK, linewidth=1.0)
    axes.margins(x=0)
    _frame(axes, banded)
    labels = [_label(line, metric.kind) for line in lines]
    label_column(axes, max(line.units[-1] for line in lines), labels)
    mark_x(axes, lambda units: f"{units:,.0f}", counts=True)
    mark_y(axes, lambda lift: _tick(lift, metric.kind))
    unit = "percentage points" if metric.kind is MetricKind.BINARY else "the metric's unit"
    name_axes(axes, x="units that count", y=f"lift, {unit}")


@dataclass(frozen=True, slots=True)
class _Line:
    """A challenger's lifts and their bounds, by units."""

    shown: Shown
    units: list[int]
    lifts: list[float]
    lows: list[float]
    highs: list[float]


def _now(history: list[ResultsMoment], metric: MetricResults) -> Iterator[ResultsMoment]:
    """The results as they are now, where units have come since the last moment of the history."""
    units = sum(one.units for one in metric.variants)
    if units and (not history or units > history[-1].units):
        variants = [
            VariantMoment(units=one.units, lift=one.lift, lift_interval=one.lift_interval)
            for one in metric.variants
        ]
        yield ResultsMoment(units=units, variants=variants)


def _line(history: list[ResultsMoment], one: Shown) -> _Line:
    line = _Line(one, [], [], [], [])
    for moment in history:
        figure = moment.variants[one.index] if one.index < len(moment.variants) else None
        if figure is None or figure.lift is None or figure.lift_interval is None:
            continue
        line.units.append(moment.units)
        line.lifts.append(figure.lift)
        line.lows.append(figure.lift_interval.lower)
        line.highs.append(figure.lift_interval.upper)
    return line


def _best(results: ExperimentResults, lines: list[_Line]) -> _Line:
    return max(lines, key=lambda line: merit(results, line.shown.index))


def _draw(axes: Axes, line: _Line, *, has_band: bool) -> None:
    color, is_point = line.shown.color, len(line.units) == 1
    if has_band and is_point:
        axes.vlines(line.units, line.lows, line.highs, color=color, alpha=0.25, linewidth=7)
    elif has_band:
        axes.fill_between(line.units, line.lows, line.highs, color=color, alpha=0.10, linewidth=0)
        for edge in (line.lows, line.highs):
            axes.plot(line.units, edge, color=color, alpha=0.45, linewidth=0.8)
    axes.plot(line.units, line.lifts, color=color, linewidth=1.8, marker="o" if is_point else "")


def _frame(axes: Axes, lines: list[_Line]) -> None:
    """Show the later two thirds of the bands in full: early ones are wider than any lift."""
    late = [(line, slice(len(line.units) // 3, None)) for line in lines]
    low = min(min(line.lows[part]) for line, part in late)
    high = max(max(line.highs[part]) for line, part in late)
    reach = max(abs(low), abs(high))
    if reach:
        axes.set_ylim(min(low, -reach / 4) * _ROOM, max(high, reach / 4) * _ROOM)


def _label(line: _Line, kind: MetricKind) -> Label:
    text = f"{line.shown.name} {figures.difference(line.lifts[-1], kind)}"
    return Label(text, line.shown.color, line.lifts[-1])


def _tick(lift: float, kind: MetricKind) -> str:
    scaled = lift * 100 if kind is MetricKind.BINARY else lift
    return "0" if abs(scaled) < 1e-12 else f"{scaled:+.4g}"
