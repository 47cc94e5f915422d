"""The picture of risk and coverage: what would be automatic at other budgets."""

from matplotlib.axes import Axes

from switchyard_client.messages.switchyard.feedback.v1 import ErrorBudget
from switchyard_client.report.guarantee.reading import share
from switchyard_client.report.guarantee.shown import Shown, left_out, shown_gates
from switchyard_client.report.look import (
    INK,
    Label,
    dress,
    label_beside,
    label_column,
    mark_x,
    mark_y,
    name_axes,
    say,
)

_ROOM = 1.15  # of the largest share


def draw_coverage(axes: Axes, budget: ErrorBudget) -> None:
    """Share of the answers that would be automatic, by budget; a line for each gate."""
    subtitle = "Share of the answers that each budget would let pass, by the evidence so far."
    dress(axes, "Risk and coverage", subtitle + left_out(budget))
    gates = [one for one in shown_gates(budget) if one.gate.curve]
    if not gates:
        say(axes, "no curve can be drawn yet")
        return
    for one in gates:
        risks = [point.max_error for point in one.gate.curve]
        shares = [point.automated_share for point in one.gate.curve]
        axes.plot(risks, shares, color=one.color, linewidth=1.8, marker="o", markersize=3.5)
    points = [point for one in gates for point in one.gate.curve]
    most = max(point.automated_share for point in points)
    axes.set_ylim(0, min(1.04, most * _ROOM) or 1.0)
    axes.set_xlim(left=0)
    if budget.terms is not None:
        _mark_budget(axes, budget.terms.max_error)
    right = max(point.max_error for point in points)
    label_column(axes, right, [_label(one) for one in gates])
    mark_x(axes, lambda risk: f"{risk * 100:.3g} %")
    mark_y(axes, lambda part: f"{part * 100:.3g} %")
    name_axes(axes, x="budget: the most that may be wrong", y="automatic")


def _label(one: Shown) -> Label:
    last = one.gate.curve[-1].automated_share
    return Label(f"{one.name} {share(last)}", one.color, last)


def _mark_budget(axes: Axes, max_error: float) -> None:
    axes.axvline(max_error, color=INK, linewidth=1.0, linestyle=(0, (4, 3)))
    label_beside(axes, max_error, axes.get_ylim()[1] * 0.95, f"in force: {share(max_error)}", INK)
