"""Figures of a measurement: a table for people, and the same as JSON in build/."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

BUILD = Path(__file__).resolve().parent.parent / "build"


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number. `goal` is text such as ">= 0.25", empty where there is none."""

    case: str
    metric: str
    value: float
    unit: str
    goal: str = ""
    against: str = ""

    @property
    def meets_goal(self) -> bool | None:
        """Whether the goal is met; None where there is none."""
        if self.bound is None:
            return None
        is_least = self.goal.startswith(">=")
        return self.value >= self.bound if is_least else self.value <= self.bound

    @property
    def bound(self) -> float | None:
        """The number of the goal; None where there is none."""
        return float(self.goal.split()[1]) if self.goal else None


def report(name: str, figures: Sequence[Figure], notes: Sequence[str] = ()) -> None:
    """Print the figures and write them to build/<name>.json."""
    table = Table(title=f"make {name}", title_justify="left")
    for column in ("case", "metric", "value", "unit", "goal", "against"):
        table.add_column(column, justify="right" if column == "value" else "left")
    for figure in figures:
        mark = {None: "", True: "[green]met[/]", False: "[red]missed[/]"}[figure.meets_goal]
        goal = f"{figure.goal} {mark}".strip()
        shown = f"{figure.value:,.4g}" if abs(figure.value) < 100 else f"{figure.value:,.0f}"
        table.add_row(figure.case, figure.metric, shown, figure.unit, goal, figure.against)
    console = Console(width=110)
    console.print(table)
    for note in notes:
        console.print(note, style="dim")
    BUILD.mkdir(exist_ok=True)
    records = [
        {**asdict(each), "bound": each.bound, "meets_goal": each.meets_goal} for each in figures
    ]
    (BUILD / f"{name}.json").write_text(json.dumps(records, indent=1) + "\n")
