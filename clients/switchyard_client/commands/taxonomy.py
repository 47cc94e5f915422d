"""`switchyard taxonomy`: the categories that tickets are sorted into."""

import asyncio
from typing import TextIO

import click
from rich.table import Table

from switchyard_client.answers import label
from switchyard_client.client import TriageClient
from switchyard_client.commands.connection_options import connection_options, takes_endpoint
from switchyard_client.commands.console import duration, plain, stdout
from switchyard_client.commands.endpoint import Endpoint
from switchyard_client.commands.failures import CommandFailed, Exit, call_failed
from switchyard_client.errors import Conflict, SwitchyardError
from switchyard_client.messages.switchyard.triage.v1 import Category, Taxonomy
from switchyard_client.taxonomy_files import (
    InvalidTaxonomyFile,
    TaxonomyChange,
    compare_taxonomies,
    dump_taxonomy,
    load_taxonomy,
)


@click.group()
@connection_options
def taxonomy() -> None:
    """The categories that tickets are sorted into."""


@taxonomy.command("show")
@click.option("--json", "is_json", is_flag=True, help="The whole taxonomy, as `set` reads it.")
@takes_endpoint
def show_taxonomy(endpoint: Endpoint, *, is_json: bool) -> None:
    """Show the categories in force."""
    try:
        current = asyncio.run(_get(endpoint))
    except SwitchyardError as error:
        raise call_failed(error, endpoint) from None
    if is_json:
        click.echo(dump_taxonomy(current))
    else:
        _print(current)


@taxonomy.command("set")
@click.argument("file", type=click.File(encoding="utf-8"))
@click.option("--check", "is_check", is_flag=True, help="Check the file and change nothing.")
@takes_endpoint
def set_taxonomy(endpoint: Endpoint, file: TextIO, *, is_check: bool) -> None:
    """Replace the categories with those of FILE; - is standard input.

    Start from what is in force, so that nobody's change is lost:

    \b
      switchyard taxonomy show --json > taxonomy.json
      $EDITOR taxonomy.json
      switchyard taxonomy set taxonomy.json --check
      switchyard taxonomy set taxonomy.json
    """
    wanted = _read(file)
    try:
        asyncio.run(_set(endpoint, wanted, is_check=is_check))
    except Conflict:
        raise CommandFailed(_stale(file.name), Exit.PARTIAL) from None
    except SwitchyardError as error:
        raise call_failed(error, endpoint) from None


async def _get(endpoint: Endpoint) -> Taxonomy:
    async with endpoint.client(TriageClient) as client:
        return await client.get_taxonomy()


async def _set(endpoint: Endpoint, wanted: Taxonomy, *, is_check: bool) -> None:
    async with endpoint.client(TriageClient) as client:
        before = await client.get_taxonomy()
        after = await client.update_taxonomy(wanted, validate_only=is_check)
    change = compare_taxonomies(before, wanted if is_check else after)
    _print_change(change)
    if is_check:
        stdout().print(f"the file is valid; revision {after.revision} is still in force")
    else:
        stdout().print(f"revision {after.revision} is in force, {len(after.categories)} categories")


def _read(file: TextIO) -> Taxonomy:
    try:
        wanted = load_taxonomy(file.read())
    except UnicodeDecodeError:
        raise CommandFailed(f"{file.name} is not UTF-8", Exit.USAGE) from None
    except InvalidTaxonomyFile as error:
        raise CommandFailed(f"{file.name}: {error}", Exit.USAGE) from None
    if not wanted.etag:
        raise CommandFailed(
            f"{file.name} has no etag, which says what it replaces; start from "
            "`switchyard taxonomy show --json`",
            Exit.USAGE,
        )
    return wanted


def _stale(name: str) -> str:
    return (
        f"the taxonomy has changed since {name} was made from it. Get the current one with "
        "`switchyard taxonomy show --json > current.json`, carry your change over to it, and "
        "set that"
    )


def _print(current: Taxonomy) -> None:
    made = current.update_time.strftime(", %Y-%m-%d %H:%M:%SZ") if current.update_time else ""
    stdout().print(plain(f"revision {current.revision}{made}, etag {current.etag}"))
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("category", "title", "examples", "escalation", "resolution"):
        table.add_column(name, justify="right" if name == "examples" else "left")
    for category in current.categories:
        table.add_row(*(plain(cell) for cell in _cells(category)))
    stdout().print(table)


def _cells(category: Category) -> tuple[str, ...]:
    time = category.estimated_resolution
    return (
        category.name,
        category.title,
        str(len(category.examples)),
        label(category.escalation_policy).replace("_", " "),
        duration(time.total_seconds()) if time is not None else "",
    )


def _print_change(change: TaxonomyChange) -> None:
    if not change:
        stdout().print("nothing differs")
    for name in change.added:
        stdout().print(plain(f"+ {name}", "green"))
    for name in change.removed:
        stdout().print(plain(f"- {name}", "red"))
    for name, details in change.changed.items():
        stdout().print(plain(f"~ {name}: {details}", "yellow"))
