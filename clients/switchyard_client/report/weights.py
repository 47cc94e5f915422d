"""The picture of the weights: who got how many of the units, when."""

from datetime import datetime

from matplotlib.axes import Axes

from switchyard_client.messages.switchyard.experiment.v1 import ExperimentResults
from switchyard_client.report import figures
from switchyard_client.report.look import (
    Label,
    dress,
    label_column,
    mark_times,
    mark_y,
    name_axes,
    say,
)
from switchyard_client.report.shown import Shown, left_out, shown_variants

_ROOM = 1.12  # of the largest weight


def draw_weights(axes: Axes, results: ExperimentResults) -> None:
    """Weight of each variant, by time."""
    subtitle = "Share of the enrolled units that each variant gets."
    dress(axes, "Weights", subtitle + left_out(results))
    steps = [(one.start_time, one.weights) for one in results.configurations if one.start_time]
    if not steps:
        say(axes, "no configuration is known")
        return
    last = max(results.time or steps[-1][0], steps[-1][0])
    steps.append((last, steps[-1][1]))
    variants = shown_variants(results)
    for one in variants:
        _draw(axes, steps, one)
    axes.margins(x=0)
    top = max(max(weights) for _, weights in steps) * _ROOM
    axes.set_ylim(0, min(1.04, top))
    label_column(axes, last, [_label(one, steps[-1][1]) for one in variants])
    mark_times(axes)
    mark_y(axes, lambda weight: f"{weight * 100:.3g} %")
    name_axes(axes, x="time, UTC", y="weight")


def _label(one: Shown, weights: list[float]) -> Label:
    weight = weights[one.index]
    return Label(f"{one.name} {figures.share(weight)}", one.color, weight)


def _draw(axes: Axes, steps: list[tuple[datetime, list[float]]], one: Shown) -> None:
    times = [time for time, _ in steps]
    axes.step(
        times,  # type: ignore[arg-type]  # dates are places, too
        [weights[one.index] for _, weights in steps],
        where="post",
        color=one.color,
        linewidth=1.8,
        # On top, with gaps: at equal weights the control would hide another, or be hidden.
        linestyle="-" if one.index else (0, (4, 3)),
        zorder=2 if one.index else 3,
    )
