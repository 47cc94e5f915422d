"""Draws how accuracy grows with feedback."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.ticker import FixedLocator, NullLocator
from switchyard_client.report.look import (
    CHALLENGERS,
    CONTROL,
    Label,
    dress,
    label_column,
    mark_x,
    mark_y,
    name_axes,
    new_figure,
)

from bench.learning_curve.marks import Line

COLORS = (CONTROL, *CHALLENGERS)
FIRST = 100  # from here on the axis is logarithmic


def draw(path: Path, lines: Sequence[Line]) -> None:
    """Writes the picture."""
    figure, (axes,) = new_figure()
    dress(axes, "Learning from feedback", subtitle(lines))
    labels = []
    for color, line in zip(COLORS, lines, strict=False):
        feedback = [mark.feedback for mark in line.marks]
        accuracy = [mark.exam.accuracy for mark in line.marks]
        axes.plot(
            feedback, accuracy, color=color, linewidth=1.8, marker="o", markersize=4, clip_on=False
        )
        labels.append(Label(f"{line.name} {accuracy[-1]:.0%}", color, accuracy[-1]))
    marks = sorted({mark.feedback for line in lines for mark in line.marks})
    axes.set_xscale("symlog", linthresh=FIRST, linscale=0.5)
    axes.set_xlim(0, marks[-1])
    mark_x(axes, lambda feedback: f"{feedback:,.0f}")
    axes.xaxis.set_major_locator(FixedLocator(marks))
    axes.xaxis.set_minor_locator(NullLocator())
    mark_y(axes, lambda share: f"{share:.0%}")
    label_column(axes, marks[-1], labels)
    name_axes(axes, x="tickets with feedback", y="right categories")
    figure.savefig(path)


def subtitle(lines: Sequence[Line]) -> str:
    """What was asked."""
    asked = len(lines[0].marks[0].exam.right)
    return f"Share of right categories among {asked:,} bank customers' questions nobody taught."
