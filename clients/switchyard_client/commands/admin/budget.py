"""`switchyard admin budget`: what language models may cost, and what they did."""

import re
from decimal import Decimal

import click

from switchyard_client.admin.budget import EVERY_TENANT
from switchyard_client.answers import label
from switchyard_client.commands.admin.arguments import tenant_argument, tenant_option
from switchyard_client.commands.admin.asking import ask
from switchyard_client.commands.connection_options import connection_options, takes_endpoint
from switchyard_client.commands.console import dollars, plain, stderr
from switchyard_client.commands.endpoint import Endpoint
from switchyard_client.commands.options import json_lines_option, json_option
from switchyard_client.commands.tables import (
    Page,
    Row,
    amount,
    print_facts,
    show_json,
    show_page,
)
from switchyard_client.messages.switchyard.admin.v1 import Budget, OverBudget, Spending

_OVER_BUDGET = {"degrade": OverBudget.DEGRADE, "refuse": OverBudget.REFUSE}
_MOST_USD = 1_000_000_000
_USD = re.compile(r"[0-9]{1,10}(\.[0-9]{1,6})?")  # to the millionth, as prices are reckoned


@click.group()
@connection_options
def budget() -> None:
    """Money for language models: what a tenant may spend a day (UTC), and what it has spent.

    Administrators see their own tenant's; operators see and set all of them.
    """


@budget.command("show")
@tenant_option
@json_option
@takes_endpoint
def show_budget(endpoint: Endpoint, tenant: str, *, is_json: bool) -> None:
    """Show a tenant's budget, and what is spent of it today.

    \b
      switchyard admin budget show
      switchyard admin budget show --tenant acme
      switchyard admin budget show --json | jq .spent_micro_usd
    """
    found = ask(endpoint, lambda client: client.budget.get(tenant))
    if is_json:
        show_json(found, indent=2)
        return
    print_facts(_facts(found))


def _read_usd(_: click.Context, __: click.Parameter, text: str | None) -> int | None:
    """Dollars as millionths of them."""
    if text is None:
        return None
    if not _USD.fullmatch(text) or Decimal(text) > _MOST_USD:
        raise click.BadParameter(f"{text!r} is no amount such as 25 or 0.50, at most {_MOST_USD:,}")
    return int(Decimal(text) * 1_000_000)


@budget.command("set")
@tenant_argument
@click.option(
    "--daily-usd", "daily_micro_usd", callback=_read_usd, metavar="USD", help="Dollars a day: 25."
)
@click.option("--unlimited", "is_unlimited", is_flag=True, help="It may spend what it likes.")
@click.option(
    "--over-budget",
    type=click.Choice(list(_OVER_BUDGET)),
    default="degrade",
    show_default=True,
    help="What happens to its tickets beyond that.",
)
@takes_endpoint
def set_budget(
    endpoint: Endpoint,
    tenant: str,
    daily_micro_usd: int | None,
    over_budget: str,
    *,
    is_unlimited: bool,
) -> None:
    """Set what TENANT may spend a day. For operators; in force everywhere within two seconds.

    \b
      degrade   the embedded engine answers, and the answer says so
      refuse    tickets are refused until the next day begins

    Money is counted at the prices in the server's file of providers: what a model without them
    costs, no budget sees. `switchyard-server doctor` names such models.

    \b
      switchyard admin budget set acme --daily-usd 25
      switchyard admin budget set acme --daily-usd 2.50 --over-budget refuse
      switchyard admin budget set acme --unlimited
    """
    if is_unlimited == (daily_micro_usd is not None):
        raise click.UsageError("give either --daily-usd or --unlimited")
    beyond = _OVER_BUDGET[over_budget]
    found = ask(endpoint, lambda client: client.budget.set(tenant, daily_micro_usd, beyond))
    print_facts(_facts(found))


@budget.command("spending")
@tenant_option
@click.option("--all", "is_for_all", is_flag=True, help="Of every tenant; for operators.")
@click.option(
    "--days",
    default=7,
    show_default=True,
    type=click.IntRange(1, 90),
    help="Days to go back, today included.",
)
@json_lines_option
@takes_endpoint
def list_spending(
    endpoint: Endpoint, tenant: str, days: int, *, is_for_all: bool, is_json: bool
) -> None:
    """List what was spent by day, tenant and model, the newest day first.

    \b
      switchyard admin budget spending
      switchyard admin budget spending --tenant acme --days 30
      switchyard admin budget spending --all --json | jq -s 'map(.cost_micro_usd | tonumber) | add'
    """
    if is_for_all and tenant:
        raise click.UsageError("give either --tenant or --all")
    whose = EVERY_TENANT if is_for_all else tenant
    found = ask(endpoint, lambda client: client.budget.spending(whose, days=days))
    show_page(Page(found.spending), _row, nothing="nothing was spent", is_json=is_json)
    if found.incomplete:
        stderr().print("there is more: take fewer --days, or one --tenant")


def _facts(budget: Budget) -> Row:
    daily = budget.daily_micro_usd
    facts: dict[str, str] = {"tenant": budget.tenant, "spent": dollars(budget.spent_micro_usd)}
    if daily is None:
        return facts | {"a day": "no limit"}
    return {
        **facts,
        "held": f"{dollars(budget.held_micro_usd)} set aside for calls",
        "a day": dollars(daily),
        "beyond it": plain(label(budget.over_budget)),
        "begins anew": budget.reset_time,
    }


def _row(spending: Spending) -> Row:
    return {
        "day": spending.day,
        "tenant": spending.tenant,
        "model": spending.model,
        "calls": spending.calls,
        "tokens in": spending.input_tokens,
        "tokens out": spending.output_tokens,
        "cost": amount(spending.cost_micro_usd),
    }
