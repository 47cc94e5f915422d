"""An item as a reviewer sees it: the ticket, the suggestion, what it rests on."""

from collections.abc import Iterable

from rich.columns import Columns
from rich.console import Console
from rich.rule import Rule

from switchyard_client.answers import label
from switchyard_client.commands.console import percent, plain
from switchyard_client.commands.result_view import (
    add_decision,
    add_evidence,
    add_predictions,
    facts_table,
)
from switchyard_client.messages.switchyard.feedback.v1 import ReviewItem
from switchyard_client.messages.switchyard.triage.v1 import (
    Ticket,
    TriageResult,
    TriageRun,
)

_MOST_BODY_CHARACTERS = 4000


def show_item(console: Console, item: ReviewItem, waiting: int) -> None:
    """Print an item, and how many wait with it."""
    run = item.run or TriageRun()
    ticket, result = run.ticket or Ticket(), run.result or TriageResult()
    console.print(Rule(plain(_heading(item, waiting)), align="left", style="dim"))
    if ticket.subject:
        console.print(plain(ticket.subject, "bold"))
    console.print(plain(_cut(ticket.body)))
    console.print()
    table = facts_table()
    add_predictions(table, result)
    add_decision(table, result)
    add_evidence(table, result)
    if result.drafted_reply:
        table.add_row("reply", plain(_cut(result.drafted_reply)))
    table.add_row("run", plain(run.name))
    console.print(table)


def show_names(console: Console, names: Iterable[str], of: Iterable[str]) -> None:
    """Print names with their numbers among all of them."""
    numbers = {name: number for number, name in enumerate(of, start=1)}
    texts = [plain(f"{numbers[name]:>3} {name}") for name in names]
    console.print(Columns(texts, padding=(0, 3), column_first=True))


def _heading(item: ReviewItem, waiting: int) -> str:
    reasons = " and ".join(label(reason).replace("_", " ") for reason in item.reasons)
    like = f", {item.similar_waiting:,} more like it" if item.similar_waiting else ""
    count = f"{waiting:,}" if waiting < 10_000 else "10,000 or more"
    return f"{reasons or 'to review'}, worth {percent(item.value)}{like}; {count} waiting"


def _cut(text: str) -> str:
    if len(text) <= _MOST_BODY_CHARACTERS:
        return text
    return f"{text[:_MOST_BODY_CHARACTERS]}\n... {len(text) - _MOST_BODY_CHARACTERS:,} more"
