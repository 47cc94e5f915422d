"""Draws what error budgets automate and how wrong that is, over the course of streams."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from switchyard_client.report.look import (
    CHALLENGERS,
    HEIGHT_IN,
    INK,
    WIDTH_IN,
    dress,
    mark_y,
    name_axes,
    new_figure,
)

from bench.budget_simulation.run import LEAST_AUTOMATED, Run, course

_MIDDLE = (10, 50, 90)  # percentiles of the runs

Runs = Mapping[tuple[str, float], Sequence[Run]]  # by stream and budget


def draw(path: Path, runs: Runs) -> None:
    """Writes the picture: a row for each kind of stream, with shares and errors."""
    names = list(dict.fromkeys(name for name, _ in runs))
    figure, _ = new_figure()
    figure.clear()
    figure.set_size_inches(1.5 * WIDTH_IN, 0.85 * HEIGHT_IN * len(names))
    panels = figure.subplots(len(names), 2, squeeze=False)
    for name, (shares, errors) in zip(names, panels, strict=True):
        kinds = {budget: some for (other, budget), some in runs.items() if other == name}
        dress(shares, f"{name}: automated so far", "dashed: what an oracle's threshold automates")
        dress(
            errors,
            f"{name}: wrong among them",
            f"from the {LEAST_AUTOMATED}th on; dashed: the budget",
        )
        for color, (budget, some) in zip(CHALLENGERS, kinds.items(), strict=False):
            _draw_budget(shares, errors, color, budget, some)
        shares.set_ylim(0, 1)
        errors.set_ylim(0, 1.5 * max(kinds))
        shares.legend(frameon=False, fontsize=8, loc="upper left")
        for axes in (shares, errors):
            mark_y(axes, lambda part: f"{part:.3g}")
            name_axes(axes, x="tickets")
    figure.savefig(path)


def _draw_budget(
    shares: Axes, errors: Axes, color: str, budget: float, runs: Sequence[Run]
) -> None:
    tickets, automated, wrong = course(list(runs))
    oracle = float(np.mean([run.oracle_share for run in runs]))
    wrong[automated * tickets < LEAST_AUTOMATED] = np.nan  # too few to judge
    for axes, values, mark in ((shares, automated, oracle), (errors, wrong, budget)):
        known = np.isfinite(values).mean(axis=0) >= 0.5
        axes.axhline(mark, color=color, linewidth=1.0, linestyle=(0, (4, 3)))
        if not known.any():
            continue
        low, middle, high = np.nanpercentile(values[:, known], _MIDDLE, axis=0)
        axes.plot(tickets[known], middle, color=color, linewidth=1.8, label=f"budget {budget:.0%}")
        axes.fill_between(tickets[known], low, high, color=color, alpha=0.15, linewidth=0)
    last = float(np.mean(automated[:, -1]))
    shares.annotate(f"{last:.0%}", (tickets[-1], last), color=INK, fontsize=8.5)
