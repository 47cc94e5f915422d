"""`switchyard runs`: the record of every decision."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import click
from betterproto2 import Casing
from rich.console import Console
from rich.table import Table
from rich.text import Text

from switchyard_client.answers import label
from switchyard_client.client import TriageClient
from switchyard_client.commands.connection_options import connection_options, takes_endpoint
from switchyard_client.commands.console import (
    DECISION_STYLES,
    PRIORITY_STYLES,
    moment,
    percent,
    plain,
    stdout,
)
from switchyard_client.commands.endpoint import Endpoint
from switchyard_client.commands.failures import call_failed
from switchyard_client.commands.options import DECISIONS, time_reader
from switchyard_client.commands.result_view import facts_table, show_result
from switchyard_client.commands.watching import describe_step, show_attempt
from switchyard_client.errors import SwitchyardError
from switchyard_client.messages.switchyard.triage.v1 import (
    CategoryPrediction,
    Decision,
    PriorityPrediction,
    Ticket,
    TriageResult,
    TriageRun,
)

_LARGEST_PAGE = 100
_WIDE = 118  # columns of a terminal
_COLUMNS = ("time", "ticket", "category", "sure", "priority", "decision", "run")
_FEWER_COLUMNS = ("ticket", "category", "decision", "run")
_read_time = time_reader(lambda: datetime.now(UTC))


@click.group()
@connection_options
def runs() -> None:
    """The record of every decision: what came in, what was found, and why."""


@runs.command("list")
@click.option("--category", default="", help="Only of this category.")
@click.option("--decision", type=click.Choice(list(DECISIONS)), help="Only with this decision.")
@click.option("--ticket", "ticket_id", default="", metavar="ID", help="Only of this ticket.")
@click.option("--since", callback=_read_time, metavar="TIME", help="Recorded then or later.")
@click.option("--until", callback=_read_time, metavar="TIME", help="Recorded before.")
@click.option(
    "--limit", default=20, show_default=True, type=click.IntRange(min=1), help="Most runs."
)
@click.option("--json", "is_json", is_flag=True, help="Whole records as JSON, one a line.")
@takes_endpoint
def list_runs(endpoint: Endpoint, **options: Any) -> None:
    """List runs, the newest first.

    TIME is RFC 3339 such as 2026-11-16T06:12Z, or so long ago: 30m, 24h, 7d, 2w.

    \b
      switchyard runs list --decision escalate --since 24h
      switchyard runs list --ticket T-1002
      switchyard runs list --limit 1000 --json | jq -r .ticket.id
    """
    try:
        asyncio.run(_list(endpoint, options))
    except SwitchyardError as error:
        raise call_failed(error, endpoint) from None


@runs.command("show")
@click.argument("name")
@click.option("--json", "is_json", is_flag=True, help="The whole record as JSON.")
@takes_endpoint
def show_run(endpoint: Endpoint, name: str, *, is_json: bool) -> None:
    """Show all there is to know about one decision.

    NAME is as printed by `runs list`: triageRuns/ and 32 hexadecimal digits, or the digits alone.
    """
    try:
        run = asyncio.run(_get(endpoint, name if "/" in name else f"triageRuns/{name}"))
    except SwitchyardError as error:
        raise call_failed(error, endpoint) from None
    if is_json:
        stdout().print(_json(run, indent=2), markup=False)
    else:
        _show(stdout(), run)


async def _get(endpoint: Endpoint, name: str) -> TriageRun:
    async with endpoint.client(TriageClient) as client:
        return await client.get_run(name)


async def _list(endpoint: Endpoint, options: dict[str, Any]) -> None:
    limit = options["limit"]
    async with endpoint.client(TriageClient) as client:
        found = client.list_runs(
            category=options["category"],
            decision=DECISIONS.get(options["decision"], Decision.UNSPECIFIED),
            ticket_id=options["ticket_id"],
            start_time=options["since"],
            end_time=options["until"],
            page_size=min(limit + 1, _LARGEST_PAGE),
        )
        if options["is_json"]:
            async for run in _first(found, limit):
                click.echo(_json(run))
        else:
            await _print_table(found, limit)


async def _first(runs: AsyncIterator[TriageRun], limit: int) -> AsyncIterator[TriageRun]:
    count = 0
    async for run in runs:
        yield run
        count += 1
        if count == limit:
            return


async def _print_table(found: AsyncIterator[TriageRun], limit: int) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    columns = _COLUMNS if stdout().width >= _WIDE else _FEWER_COLUMNS
    for name in columns:
        # The name of a run is there to be copied: never cut.
        table.add_column(name, no_wrap=True, min_width=32 if name == "run" else None)
    has_more = False
    async for run in _first(found, limit + 1):
        has_more = table.row_count == limit
        if not has_more:
            cells = _cells(run)
            table.add_row(*(cells[name] for name in columns))
    stdout().print(table if table.row_count else "no runs")
    if has_more:
        stdout().print("... there are more: --limit")


def _cells(run: TriageRun) -> dict[str, Text]:
    result = run.result or TriageResult()
    category = result.category or CategoryPrediction()
    priority = label((result.priority or PriorityPrediction()).priority)
    decision = label(result.decision)
    return {
        "time": plain(moment(run.create_time)),
        "ticket": plain((run.ticket or Ticket()).id),
        "category": plain(category.category),
        "sure": plain(percent(category.confidence)),
        "priority": plain(priority, PRIORITY_STYLES.get(priority, "")),
        "decision": plain(decision, DECISION_STYLES.get(decision, "")),
        "run": plain(run.name.removeprefix("triageRuns/")),
    }


def _show(console: Console, run: TriageRun) -> None:
    table = facts_table()
    ticket = run.ticket or Ticket()
    table.add_row("ticket", plain(ticket.id))
    facts = {
        "subject": ticket.subject,
        "customer": ticket.customer_id,
        "channel": label(ticket.channel) if ticket.channel else "",
        "hint": ticket.language_hint,
        "written": moment(ticket.created_time),
        **{f"  {key}": value for key, value in sorted(ticket.attributes.items())},
    }
    for name, value in facts.items():
        if value:
            table.add_row(plain(name), plain(value))
    table.add_row("body", plain(ticket.body))
    console.print(table)
    console.print()
    result = run.result or TriageResult()
    for step in result.steps:
        console.print(plain(describe_step(step), "dim"))
    for attempt in result.attempts:
        show_attempt(console, attempt)
    console.print()
    show_result(console, result)
    console.print()
    _show_origin(console, run)


def _show_origin(console: Console, run: TriageRun) -> None:
    table = facts_table()
    table.add_row("recorded", moment(run.create_time))
    engine = run.result.engine if run.result else None
    if engine:
        table.add_row("version", plain(engine.version))
        table.add_row("taxonomy", f"revision {engine.taxonomy_revision}")
    table.add_row("server", plain(run.server_version))
    table.add_row("digest", run.ticket_digest.hex())
    if run.request_id:
        table.add_row("request", plain(run.request_id))
    console.print(table)


def _json(run: TriageRun, indent: int | None = None) -> str:
    return json.dumps(run.to_dict(casing=Casing.SNAKE), ensure_ascii=False, indent=indent)
