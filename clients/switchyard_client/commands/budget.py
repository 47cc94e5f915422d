"""`switchyard budget`: how often automation may be wrong, and what it has earned."""

import click

from switchyard_client.commands.asking import ask_client
from switchyard_client.commands.budget_view import FIELDS, show_budget
from switchyard_client.commands.connection_options import connection_options, takes_endpoint
from switchyard_client.commands.console import stdout
from switchyard_client.commands.endpoint import Endpoint
from switchyard_client.commands.options import json_lines_option
from switchyard_client.commands.shares import read_share
from switchyard_client.commands.tables import show_json
from switchyard_client.feedback import FeedbackClient
from switchyard_client.messages.switchyard.feedback.v1 import BudgetTerms, ErrorBudget

_field = click.Choice(list(FIELDS))


@click.group()
@connection_options
def budget() -> None:
    """Error budgets: how often automatic decisions may be wrong about a field.

    Until the evidence is there, everything goes to review; every judged ticket is evidence. A gate
    opens as far as the evidence allows, and closes by itself when answers become worse. Money is
    `switchyard admin budget`.

    \b
      switchyard budget set category --max-error 2%
      switchyard review                             judges what is worth judging
      switchyard budget show
      switchyard report guarantee --out guarantee.html
    """


@budget.command("show")
@click.argument("field", type=_field, required=False)
@json_lines_option
@takes_endpoint
def show(endpoint: Endpoint, field: str | None, *, is_json: bool) -> None:
    """Show what is promised, and how far each gate is open.

    A gate belongs to one engine and model: what one has earned, another has not.

    \b
      switchyard budget show
      switchyard budget show category
      switchyard budget show category --json | jq .gates[0].threshold
    """

    async def find(client: FeedbackClient) -> list[ErrorBudget]:
        fields = [FIELDS[field]] if field else FIELDS.values()
        return [await client.budget(one) for one in fields]

    for number, found in enumerate(ask_client(endpoint, FeedbackClient, find)):
        if is_json:
            show_json(found)
            continue
        if number:
            stdout().print()
        show_budget(found)


@budget.command("set")
@click.argument("field", type=_field)
@click.option(
    "--max-error",
    required=True,
    callback=read_share,
    metavar="SHARE",
    help="Of the automatic decisions, the most that may be wrong: 2%.",
)
@click.option(
    "--confidence",
    default="95%",
    show_default=True,
    callback=read_share,
    metavar="SHARE",
    help="How sure that is.",
)
@click.option(
    "--audit-share",
    default="10%",
    show_default=True,
    callback=read_share,
    metavar="SHARE",
    help="Of the automatic decisions, those that a person looks at afterwards.",
)
@takes_endpoint
def set_budget(
    endpoint: Endpoint, field: str, max_error: float, confidence: float, audit_share: float
) -> None:
    """Promise that at most so many automatic decisions are wrong about FIELD.

    What is known already counts under the new terms.

    \b
      switchyard budget set category --max-error 2%
      switchyard budget set priority --max-error 5% --confidence 99% --audit-share 20%
    """
    terms = BudgetTerms(max_error=max_error, confidence=confidence, audit_share=audit_share)
    wanted = ErrorBudget(field=FIELDS[field], terms=terms)
    show_budget(ask_client(endpoint, FeedbackClient, lambda client: client.set_budget(wanted)))


@budget.command("remove")
@click.argument("field", type=_field)
@takes_endpoint
def remove_budget(endpoint: Endpoint, field: str) -> None:
    """Promise nothing for FIELD any more: the server's fixed confidence decides again.

    \b
      switchyard budget remove category
    """
    wanted = ErrorBudget(field=FIELDS[field])
    show_budget(ask_client(endpoint, FeedbackClient, lambda client: client.set_budget(wanted)))
