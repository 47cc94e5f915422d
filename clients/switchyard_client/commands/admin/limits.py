"""`switchyard admin limits`: who may call how often, and who does."""

import click

from switchyard_client.commands.admin.arguments import key_argument, tenant_option
from switchyard_client.commands.admin.asking import ask, ask_first
from switchyard_client.commands.connection_options import connection_options, takes_endpoint
from switchyard_client.commands.console import plain, stdout
from switchyard_client.commands.endpoint import Endpoint
from switchyard_client.commands.options import json_lines_option, json_option, limit_option
from switchyard_client.commands.tables import (
    Page,
    Row,
    print_facts,
    print_table,
    show_json,
    show_page,
)
from switchyard_client.messages.switchyard.admin.v1 import (
    CallerUsage,
    CustomLimit,
    GetStatusResponse,
    Limits,
    Tier,
    WindowStatus,
)

_WINDOWS = ("per_second", "per_minute", "per_hour", "per_day")


@click.group()
@connection_options
def limits() -> None:
    """Rate limits: tiers, exceptions from them, and usage.

    A call spends the units that its method costs, in each of four sliding windows. A caller is
    named as `limits top` shows it: tenant/apiKeys/0123456789abcdef, or address/203.0.113.7.
    """


@limits.command("tiers")
@json_lines_option
@takes_endpoint
def list_tiers(endpoint: Endpoint, *, is_json: bool) -> None:
    """List the tiers and what each allows."""
    tiers = ask(endpoint, lambda client: client.limits.tiers())
    show_page(Page(tiers), _tier_row, nothing="no tiers", is_json=is_json)


@limits.command("set-tier")
@key_argument
@click.argument("tier")
@takes_endpoint
def set_tier(endpoint: Endpoint, key: str, tier: str) -> None:
    """Move KEY to TIER.

    \b
      switchyard admin limits set-tier apiKeys/0123456789abcdef pro
    """
    ask(endpoint, lambda client: client.limits.set_tier(key, tier))
    stdout().print(plain(f"{key} has tier {tier}"))


@limits.command("set")
@click.option("--caller", default="", help="Whose limits.  [default: every caller of --method]")
@click.option("--method", default="", help="Of which package.Service/Method.  [default: all]")
@click.option("--per-second", type=click.IntRange(min=0), help="Units in any second; 0: no limit.")
@click.option("--per-minute", type=click.IntRange(min=0), help="Units in any minute.")
@click.option("--per-hour", type=click.IntRange(min=0), help="Units in any hour.")
@click.option("--per-day", type=click.IntRange(min=0), help="Units in any 24 hours.")
@takes_endpoint
def set_limit(endpoint: Endpoint, caller: str, method: str, **units: int | None) -> None:
    """Give a caller, a method, or a caller at a method limits of its own.

    They replace those of the tier as a whole: a window that is not named has no limit.

    \b
      switchyard admin limits set --caller acme/apiKeys/0123456789abcdef --per-minute 600
      switchyard admin limits set --method switchyard.triage.v1.TriageService/BatchTriage \\
          --per-second 50 --per-day 1000000
    """
    _check_subject(caller, method)
    if all(count is None for count in units.values()):
        raise click.UsageError("give at least one --per-...; `limits unset` takes limits back")
    wanted = Limits(**{name: count or 0 for name, count in units.items()})
    ask(
        endpoint,
        lambda client: client.limits.set_custom_limit(wanted, caller=caller, method=method),
    )
    stdout().print("the limits are in force")


@limits.command("unset")
@click.option("--caller", default="", help="Whose limits.")
@click.option("--method", default="", help="Of which package.Service/Method.")
@takes_endpoint
def unset_limit(endpoint: Endpoint, caller: str, method: str) -> None:
    """Take back what `limits set` gave to the same --caller and --method.

    \b
      switchyard admin limits unset --caller acme/apiKeys/0123456789abcdef
    """
    _check_subject(caller, method)
    ask(endpoint, lambda client: client.limits.set_custom_limit(None, caller=caller, method=method))
    stdout().print("the limits of the tier are in force")


@limits.command("list")
@click.option(
    "--tenant",
    default="",
    metavar="ID",
    help="Of this tenant's callers.  [default: of all, for operators]",
)
@limit_option
@json_lines_option
@takes_endpoint
def list_custom_limits(endpoint: Endpoint, tenant: str, limit: int, *, is_json: bool) -> None:
    """List what `limits set` gave, by caller and method."""
    page_size = min(limit + 1, 1000)
    page = ask_first(
        endpoint,
        lambda client: client.limits.custom_limits(tenant=tenant, page_size=page_size),
        limit,
    )
    show_page(page, _custom_row, nothing="no custom limits", is_json=is_json)


@limits.command("status")
@click.argument("caller", default="")
@json_option
@takes_endpoint
def show_status(endpoint: Endpoint, caller: str, *, is_json: bool) -> None:
    """Show what CALLER has left in each window; without CALLER, what the own key has.

    \b
      switchyard admin limits status
      switchyard admin limits status acme/apiKeys/0123456789abcdef
    """
    status = ask(endpoint, lambda client: client.limits.status(caller))
    if is_json:
        show_json(status, indent=2)
        return
    print_facts(_status_facts(status))
    stdout().print()
    print_table([_window_row(window) for window in status.windows], nothing="no limits")


@limits.command("usage")
@tenant_option
@json_lines_option
@takes_endpoint
def show_usage(endpoint: Endpoint, tenant: str, *, is_json: bool) -> None:
    """List what the callers of a tenant have used, the largest first."""
    callers = ask(endpoint, lambda client: client.limits.usage(tenant=tenant))
    show_page(Page(callers), _usage_row, nothing="no calls yet", is_json=is_json)


@limits.command("top")
@click.option(
    "--limit", default=20, show_default=True, type=click.IntRange(1, 1000), help="Most callers."
)
@json_lines_option
@takes_endpoint
def list_top_callers(endpoint: Endpoint, limit: int, *, is_json: bool) -> None:
    """List the callers of all tenants that use most. For operators."""
    callers = ask(endpoint, lambda client: client.limits.top_callers(limit))
    show_page(Page(callers), _usage_row, nothing="no calls yet", is_json=is_json)


@limits.command("reset")
@click.argument("caller")
@takes_endpoint
def reset_limits(endpoint: Endpoint, caller: str) -> None:
    """Give CALLER all its units back.

    \b
      switchyard admin limits reset acme/apiKeys/0123456789abcdef
    """
    ask(endpoint, lambda client: client.limits.reset(caller))
    stdout().print(plain(f"{caller} has all its units back"))


def _check_subject(caller: str, method: str) -> None:
    if not caller and not method:
        raise click.UsageError("give --caller, --method or both")


def _tier_row(tier: Tier) -> Row:
    return {"tier": tier.tier, **_units(tier.limits)}


def _custom_row(custom: CustomLimit) -> Row:
    return {
        "caller": custom.caller or "every caller",
        "method": custom.method or "all methods",
        **_units(custom.limits),
    }


def _units(limits: Limits | None) -> Row:
    allowed = limits or Limits()
    return {name.replace("_", " "): getattr(allowed, name) or "no limit" for name in _WINDOWS}


def _status_facts(status: GetStatusResponse) -> Row:
    return {
        "caller": status.caller,
        "tier": status.tier,
        "counted": "in Redis, over all processes" if status.shared else "in one process",
        "refusals": "only counted, not carried out" if status.shadow else "carried out",
    }


def _window_row(window: WindowStatus) -> Row:
    return {
        "in any": window.window,
        "left": window.remaining,
        "of": window.limit,
        "all back in": window.reset,
        "method": window.method or "all together",
    }


def _usage_row(usage: CallerUsage) -> Row:
    return {
        "caller": usage.caller,
        "units admitted": usage.admitted_units,
        "units refused": usage.refused_units,
    }
