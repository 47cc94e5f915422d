"""`switchyard admin performance`: where the time goes, and what failed."""

import click

from switchyard_client.commands.admin.asking import ask
from switchyard_client.commands.connection_options import takes_endpoint
from switchyard_client.commands.console import stdout
from switchyard_client.commands.endpoint import Endpoint
from switchyard_client.commands.options import json_option
from switchyard_client.commands.tables import Row, print_table, show_json
from switchyard_client.messages.switchyard.admin.v1 import Performance, RecentError

_KINDS = ("method", "step", "query", "part")


@click.command()
@click.option("--kind", type=click.Choice(_KINDS), help="Only the work of this kind.")
@click.option(
    "--limit",
    default=20,
    show_default=True,
    type=click.IntRange(min=1),
    help="Most rows of each table.",
)
@json_option
@takes_endpoint
def performance(endpoint: Endpoint, kind: str | None, limit: int, *, is_json: bool) -> None:
    """Show the time of every method, step and database query, and the newest errors.

    The dearest work stands first. Of a part, what the server stands on, it is the time to answer
    when asked how it is. --json holds all of it, whatever --limit and --kind say.

    \b
      switchyard admin performance --kind query
      switchyard admin performance --json | jq '.recent_errors[0]'
    """
    answer = ask(endpoint, lambda client: client.resilience.performance())
    if is_json:
        show_json(answer, indent=2)
        return
    if not answer.measuring:
        stdout().print("measuring is switched off by a setting of the server")
    work = [_work_row(item) for item in answer.performance if kind in (None, item.kind)]
    print_table(work[:limit], nothing="no calls yet")
    stdout().print()
    errors = [_error_row(error) for error in answer.recent_errors]
    print_table(errors[:limit], nothing="no errors")


def _work_row(work: Performance) -> Row:
    return {
        "work": work.subject,
        "kind": work.kind,
        "calls": work.calls,
        "errors": work.errors,
        "total": work.total,
        "fastest": work.minimum,
        "p50": work.p50,
        "p95": work.p95,
        "p99": work.p99,
        "slowest": work.maximum,
    }


def _error_row(error: RecentError) -> Row:
    return {
        "failed at": error.time,
        "method": error.method,
        "code": error.code,
        "reason": error.reason,
        "tenant": error.tenant,
        "took": error.duration,
        "call": error.call_id,
    }
