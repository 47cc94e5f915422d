"""`switchyard admin letters`: tickets that no language model answered."""

import functools
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import click

from switchyard_client.admin.client import AdminClient
from switchyard_client.answers import label
from switchyard_client.commands.admin.arguments import tenant_option
from switchyard_client.commands.admin.asking import ask, ask_first
from switchyard_client.commands.asking import confirm
from switchyard_client.commands.connection_options import connection_options, takes_endpoint
from switchyard_client.commands.console import plain, stdout
from switchyard_client.commands.endpoint import Endpoint
from switchyard_client.commands.failures import Exit
from switchyard_client.commands.options import (
    json_lines_option,
    json_option,
    limit_option,
    time_reader,
    yes_option,
)
from switchyard_client.commands.tables import (
    Row,
    print_facts,
    print_table,
    show_json,
    show_page,
)
from switchyard_client.messages.switchyard.admin.v1 import (
    DeadLetter,
    DeadLetterFilter,
    DeadLetterSeverity,
    DeadLetterState,
    ReplayDeadLettersResponse,
)

Command = TypeVar("Command", bound=Callable[..., Any])

_LARGEST_PAGE = 50
_NAME = "deadLetters/"
_SEVERITIES = {str(one.name).lower(): one for one in DeadLetterSeverity if one}
_STATES = {str(one.name).lower(): one for one in DeadLetterState if one}
_STYLES = {"critical": "bold red", "error": "red", "waiting": "yellow", "replayed": "green"}
_read_time = time_reader(lambda: datetime.now(UTC))
_OPTIONS = (
    click.option("--function", default="", help="Only what failed there: triage.classify."),
    click.option("--severity", type=click.Choice(list(_SEVERITIES)), help="Only as bad as that."),
    click.option("--state", type=click.Choice(list(_STATES)), help="Only in this state."),
    click.option("--since", callback=_read_time, metavar="TIME", help="Failed then or later."),
    click.option("--until", callback=_read_time, metavar="TIME", help="Failed before."),
)


def takes_filter(command: Command) -> Command:
    """Adds the options that choose letters, and gives the command `which`."""

    @functools.wraps(command)
    def run(*arguments: Any, names: Sequence[str] = (), **options: Any) -> Any:
        which = DeadLetterFilter(
            names=[_NAME + name.removeprefix(_NAME) for name in names],
            function=options.pop("function"),
            severity=_SEVERITIES.get(options.pop("severity"), DeadLetterSeverity(0)),
            state=_STATES.get(options.pop("state"), DeadLetterState(0)),
            start_time=options.pop("since"),
            end_time=options.pop("until"),
        )
        return command(*arguments, which=which, **options)

    for option in reversed(_OPTIONS):
        run = option(run)
    return run  # type: ignore[return-value]  # it has other parameters


@click.group()
@connection_options
def letters() -> None:
    """Dead letters: tickets that no language model answered, though it was asked.

    The embedded engine answered them, flagged. Replayed, they get a model's answer after all. TIME
    is RFC 3339 such as 2026-11-16T06:12Z, or so long ago: 30m, 24h, 7d, 2w.
    """


@letters.command("list")
@takes_filter
@tenant_option
@limit_option
@json_lines_option
@takes_endpoint
def list_letters(
    endpoint: Endpoint, which: DeadLetterFilter, tenant: str, limit: int, *, is_json: bool
) -> None:
    """List letters, the newest first; --json also holds what was asked and what was tried.

    \b
      switchyard admin letters list
      switchyard admin letters list --state waiting --since 24h
      switchyard admin letters list --severity critical --json | jq '{reason, attempts}'
    """
    page_size = min(limit + 1, _LARGEST_PAGE)
    page = ask_first(
        endpoint,
        lambda client: client.letters.list(which, tenant=tenant, page_size=page_size),
        limit,
    )
    show_page(page, _row, nothing="no dead letters", is_json=is_json)


@letters.command("stats")
@takes_filter
@tenant_option
@json_option
@takes_endpoint
def show_stats(endpoint: Endpoint, which: DeadLetterFilter, tenant: str, *, is_json: bool) -> None:
    """Count letters by what failed and by how bad it is.

    \b
      switchyard admin letters stats
      switchyard admin letters stats --state waiting --tenant acme
    """
    stats = ask(endpoint, lambda client: client.letters.stats(which, tenant=tenant))
    if is_json:
        show_json(stats, indent=2)
        return
    print_facts({"letters": stats.total})
    stdout().print()
    counts = [(label(count.severity), count.letters) for count in stats.by_severity]
    counts += [(count.function, count.letters) for count in stats.by_function]
    rows: list[Row] = [
        {"letters by": plain(name, _STYLES.get(name, "")), "": count} for name, count in counts
    ]
    print_table(rows, nothing="no dead letters")


@letters.command("replay")
@click.argument("names", metavar="[LETTER]...", nargs=-1)
@takes_filter
@tenant_option
@click.option(
    "--limit",
    default=100,
    show_default=True,
    type=click.IntRange(1, 100),
    help="Most letters to replay.",
)
@json_lines_option
@takes_endpoint
@click.pass_context
def replay_letters(
    context: click.Context,
    endpoint: Endpoint,
    which: DeadLetterFilter,
    tenant: str,
    limit: int,
    *,
    is_json: bool,
) -> None:
    """Triage the tickets of letters that wait anew, the oldest first.

    Each is told as it is done; those that fail again wait on, and end the command with 1. No
    letter is replayed twice, whoever else replays at the same time.

    \b
      switchyard admin letters replay
      switchyard admin letters replay --since 24h --limit 10
      switchyard admin letters replay deadLetters/019a8b7c6d5e4f30a1b2c3d4e5f60718
    """
    show = show_json if is_json else _show_replay

    async def replay(client: AdminClient) -> list[ReplayDeadLettersResponse]:
        done = []
        async for replayed in client.letters.replay(which, tenant=tenant, most=limit):
            show(replayed)
            done.append(replayed)
        return done

    done = ask(endpoint, replay)
    if not (done or is_json):
        stdout().print("no letter waits")
    if any(replayed.failure for replayed in done):
        context.exit(Exit.PARTIAL)


@letters.command("purge")
@click.argument("names", metavar="[LETTER]...", nargs=-1)
@takes_filter
@tenant_option
@yes_option
@takes_endpoint
def purge_letters(
    endpoint: Endpoint, which: DeadLetterFilter, tenant: str, *, is_sure: bool
) -> None:
    """Forget what the tickets of letters said. It cannot be undone; that they failed stays.

    \b
      switchyard admin letters purge --state replayed --until 30d
      switchyard admin letters purge deadLetters/019a8b7c6d5e4f30a1b2c3d4e5f60718 --yes
    """
    question = "Forget what the tickets of these letters said? They cannot be replayed after that."
    confirm(question, is_sure=is_sure)
    purged = ask(endpoint, lambda client: client.letters.purge(which, tenant=tenant))
    stdout().print(f"{purged:,} letters were purged")


def _show_replay(replayed: ReplayDeadLettersResponse) -> None:
    outcome = replayed.run or f"failed again: {replayed.failure}"
    stdout().print(plain(f"{replayed.name}  {outcome}"))


def _row(letter: DeadLetter) -> Row:
    severity, state = label(letter.severity), label(letter.state)
    return {
        "letter": letter.name,
        "failed at": letter.create_time,
        "function": letter.function,
        "severity": plain(severity, _STYLES.get(severity, "")),
        "reason": letter.reason,
        "tries": len(letter.attempts),
        "state": plain(state, _STYLES.get(state, "")),
        "run": letter.replay_run,
    }
