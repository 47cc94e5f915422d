"""How commands answer: tables and facts for people, JSON for programs."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

import click
from betterproto2 import Casing, Message
from rich.table import Table
from rich.text import Text

from switchyard_client.commands.console import (
    dollars,
    duration,
    moment,
    percent,
    plain,
    stdout,
)
from switchyard_client.commands.result_view import facts_table

Item = TypeVar("Item", bound=Message)
Cell = Text | str | int | datetime | timedelta | None
Row = Mapping[str, Cell]  # by the names of the columns


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """What is shown of a list."""

    items: Sequence[Item]
    has_more: bool = False


def show_page(
    page: Page[Item], row_of: Callable[[Item], Row], *, nothing: str, is_json: bool
) -> None:
    """Print a list as a table, or as JSON one object a line; `nothing` stands for no rows."""
    if is_json:
        for item in page.items:
            show_json(item)
        return
    print_table([row_of(item) for item in page.items], nothing=nothing)
    if page.has_more:
        stdout().print("... there are more: --limit")


def print_table(rows: Sequence[Row], *, nothing: str) -> None:
    """Print rows of equal columns; numbers stand on the right, and nothing is cut."""
    if not rows:
        stdout().print(nothing)
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    cells = [[_text(value) for value in row.values()] for row in rows]
    for i, name in enumerate(rows[0]):
        table.add_column(name, justify=cells[0][i].justify or "left", overflow="fold")
    for line in cells:
        table.add_row(*line)
    # The first column names the thing, to be copied: never broken.
    table.columns[0].no_wrap = True
    table.columns[0].min_width = max(line[0].cell_len for line in cells)
    stdout().print(table)


def print_facts(facts: Row) -> None:
    """Print what is known of one thing, a fact a line; facts that are not known are left out."""
    table = facts_table()
    for name, value in facts.items():
        text = _text(value)
        if text:
            text.justify = "left"
            table.add_row(name, text)
    stdout().print(table)


def show_json(message: Message, indent: int | None = None) -> None:
    """Print a message as the contract's JSON, with every field."""
    record = message.to_dict(casing=Casing.SNAKE, include_default_values=True)
    click.echo(json.dumps(record, ensure_ascii=False, indent=indent))


def share(value: float) -> Text:
    """A share of 0 to 1, to stand among numbers."""
    return Text(percent(value), justify="right")


def amount(micro_usd: int) -> Text:
    """Money, to stand among numbers."""
    return Text(dollars(micro_usd), justify="right")


def _text(value: Cell) -> Text:
    if isinstance(value, Text):
        return value
    if isinstance(value, timedelta):
        return Text(duration(value.total_seconds()), justify="right")
    if isinstance(value, int):
        return Text(f"{value:,}", justify="right")
    return plain(value if isinstance(value, str) else moment(value))
