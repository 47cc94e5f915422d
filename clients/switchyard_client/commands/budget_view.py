"""Error budgets as people read them: the promise, the gates, what became of them."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from rich.text import Text

from switchyard_client.answers import label
from switchyard_client.commands.console import plain, stdout
from switchyard_client.commands.tables import Row, print_table
from switchyard_client.messages.switchyard.feedback.v1 import (
    BudgetField,
    ErrorBudget,
)
from switchyard_client.report.guarantee.reading import curve_rows, gate_rows, promise, told_history

FIELDS: Mapping[str, BudgetField] = MappingProxyType(
    {str(field.name).lower(): field for field in BudgetField if field}
)
_MOST_MOMENTS = 10


def show_budget(budget: ErrorBudget) -> None:
    """Print what is promised, each gate, and of the busiest what it could do and how it went."""
    stdout().print(plain(f"{label(budget.field)}: {promise(budget.terms)}", "bold"))
    if budget.terms is None:
        return
    print_table(_numbers(gate_rows(budget)), nothing="no engine has answered yet")
    for gate in budget.gates:
        stdout().print(plain(f"{gate.answerer}: {gate.reason}"))
    if not budget.gates:
        return
    busiest = budget.gates[0]
    if busiest.curve:
        stdout().print(f"\nwhat {busiest.answerer} would do at other budgets", markup=False)
        print_table(_numbers(curve_rows(busiest)), nothing="")
    if busiest.history:
        stdout().print(f"\nhow {busiest.answerer} got there", markup=False)
        for line in told_history(busiest)[:_MOST_MOMENTS]:
            stdout().print(plain(line))


def _numbers(rows: Iterable[Mapping[str, str]]) -> list[Row]:
    """The same rows, all but the answerer on the right."""
    return [
        {
            name: cell if name == "answers by" else Text(cell, justify="right")
            for name, cell in row.items()
        }
        for row in rows
    ]
