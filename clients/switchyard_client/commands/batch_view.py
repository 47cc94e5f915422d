"""A batch as people see it: a table of answers, then the counts."""

from collections import Counter
from typing import Self

from rich.console import Console
from rich.table import Table

from switchyard_client.answers import Answer
from switchyard_client.commands.batch import Tally
from switchyard_client.commands.console import (
    DECISION_STYLES,
    PRIORITY_STYLES,
    duration,
    percent,
    plain,
)

_COLUMNS = ("row", "id", "category", "sure", "priority", "sentiment", "decision", "escalation")


class FirstAnswers:
    """The records of the lowest rows, at most `limit`; the others are only counted."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept: list[Answer] = []
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def flush(self) -> None:
        """Nothing waits."""

    def write(self, answer: Answer) -> None:
        """Keep a record, or count it."""
        self._count += 1
        self._kept.append(answer)
        if len(self._kept) >= 2 * self._limit + 100:
            self._trim()

    def _trim(self) -> None:
        self._kept.sort(key=_row)
        del self._kept[self._limit :]

    def show(self, console: Console) -> None:
        """Print the table, and how many it leaves out."""
        self._trim()
        if self._kept:
            console.print(_table(self._kept))
        if self._count > len(self._kept):
            console.print(f"... and {self._count - len(self._kept):,} more")


def _row(record: Answer) -> int:
    return int(str(record["row"]))


def _table(records: list[Answer]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in _COLUMNS:
        table.add_column(name, justify="right" if name in ("row", "sure") else "left")
    for record in records:
        table.add_row(*(plain(text, style) for text, style in _cells(record)))
    return table


def _cells(record: Answer) -> list[tuple[str, str]]:
    place = [(str(record["row"]), "dim"), (str(record["id"]), "")]
    error = record.get("error")
    if isinstance(error, dict):
        return [*place, (f"{error['code']}: {error_text(error)}"[:60], "red")]
    priority, decision = str(record["priority"]), str(record["decision"])
    return [
        *place,
        (str(record["category"]), ""),
        (percent(float(str(record["category_confidence"]))), "dim"),
        (priority, PRIORITY_STYLES.get(priority, "")),
        (str(record["sentiment"] or ""), ""),
        (decision, DECISION_STYLES.get(decision, "")),
        (_codes(record["escalation_reasons"]), ""),
    ]


def _codes(reasons: object) -> str:
    return ", ".join(reason["code"] for reason in reasons) if isinstance(reasons, list) else ""


def error_text(error: Answer) -> str:
    """The fields at fault, or the message when no field is."""
    fields = error["fields"]
    if isinstance(fields, list) and fields:
        return "; ".join(f"{field['field']}: {field['description']}" for field in fields)
    return str(error["message"])


def show_summary(console: Console, tally: Tally, elapsed_s: float) -> None:
    """Print the counts of what this run did."""
    degraded = f" ({tally.degraded:,} degraded)" if tally.degraded else ""
    counts = [f"{tally.answered:,} answered{degraded}"]
    counts += [f"{tally.failed:,} failed"] if tally.failed else []
    counts += [f"{tally.unreadable:,} unreadable"] if tally.unreadable else []
    counts += [f"{tally.skipped:,} answered before"] if tally.skipped else []
    rate = (tally.answered + tally.failed) / max(elapsed_s, 1e-6)
    console.print(f"{', '.join(counts)} in {duration(elapsed_s)}, {rate:,.0f} a second")
    for name, counter in (("decisions ", tally.decisions), ("categories", tally.categories)):
        if counter:
            console.print(plain(f"{name}  {_counts(counter)}"))


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counter.most_common())


def show_failures(console: Console, tally: Tally) -> None:
    """Print the first failures."""
    for record in tally.failures:
        error = record["error"]
        name = f" ({record['id']})" if record["id"] else ""
        text = error_text(error) if isinstance(error, dict) else ""
        console.print(plain(f"row {record['row']}{name}: {text}", "red"))
    if tally.errors > len(tally.failures):
        console.print(f"... and {tally.errors - len(tally.failures):,} more failed")
