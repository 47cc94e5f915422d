"""`switchyard admin cache`: stored answers."""

from datetime import timedelta

import click

from switchyard_client.admin.client import AdminClient
from switchyard_client.commands.admin.asking import ask
from switchyard_client.commands.admin.semantic import semantic
from switchyard_client.commands.asking import confirm
from switchyard_client.commands.connection_options import connection_options, takes_endpoint
from switchyard_client.commands.console import plain, stdout
from switchyard_client.commands.endpoint import Endpoint
from switchyard_client.commands.failures import CommandFailed, Exit
from switchyard_client.commands.options import json_lines_option, json_option, read_span, yes_option
from switchyard_client.commands.tables import (
    Page,
    Row,
    print_facts,
    print_table,
    share,
    show_json,
    show_page,
)
from switchyard_client.messages.switchyard.admin.v1 import (
    CacheConfig,
    CacheFigures,
    CachePart,
    GetCacheStatsResponse,
)


@click.group()
@connection_options
def cache() -> None:
    """Stored responses: what they save, and how long they are kept. For operators.

    METHOD is package.Service/Method, or a part of the server that `stats` names.
    """


cache.add_command(semantic)


@cache.command("stats")
@json_option
@takes_endpoint
def show_stats(endpoint: Endpoint, *, is_json: bool) -> None:
    """Show hits, misses and size, over all processes since they started."""
    stats = ask(endpoint, lambda client: client.cache.stats())
    if is_json:
        show_json(stats, indent=2)
        return
    print_facts(_facts(stats))
    stdout().print()
    print_table([_figures_row(figures) for figures in stats.methods], nothing="no method is cached")


@cache.command("clear")
@click.option("--method", default="", help="Only of this method, package.Service/Method.")
@click.option("--tenant", default="", metavar="ID", help="Only of this tenant.")
@yes_option
@takes_endpoint
def clear_cache(endpoint: Endpoint, method: str, tenant: str, *, is_sure: bool) -> None:
    """Drop stored responses in every process and in Redis.

    \b
      switchyard admin cache clear --tenant acme
      switchyard admin cache clear --method switchyard.triage.v1.TriageService/Triage
      switchyard admin cache clear                            all of them: you are asked
    """
    question = "Drop every stored response? All calls will be worked on anew."
    confirm(question, is_sure=is_sure or bool(method or tenant))
    dropped = ask(endpoint, lambda client: client.cache.clear(method=method, tenant=tenant))
    stdout().print(f"dropped; {dropped:,} responses in the process that answered")


@cache.command("config")
@click.argument("method", default="")
@click.option("--on/--off", "is_enabled", default=None, help="Whether responses are stored.")
@click.option("--ttl", callback=read_span, metavar="SPAN", help="How long they are fresh: 30s, 5m.")
@click.option(
    "--stale-ttl",
    callback=read_span,
    metavar="SPAN",
    help="How long after that they may be answered while a new one is made.",
)
@json_lines_option
@takes_endpoint
def configure_cache(
    endpoint: Endpoint,
    method: str,
    ttl: timedelta | None,
    stale_ttl: timedelta | None,
    *,
    is_enabled: bool | None,
    is_json: bool,
) -> None:
    """Show how responses are stored, or change it for METHOD, package.Service/Method.

    A change holds in every process until the next one, over restarts too.

    \b
      switchyard admin cache config
      switchyard admin cache config switchyard.triage.v1.TriageService/Triage --ttl 5m
      switchyard admin cache config switchyard.triage.v1.TriageService/Triage --off
    """
    is_change = (is_enabled, ttl, stale_ttl) != (None, None, None)
    if is_change and not method:
        raise click.UsageError("say which METHOD to change")

    async def configs(client: AdminClient) -> list[CacheConfig]:
        if is_change:
            wanted = CacheConfig(method=method, enabled=is_enabled, ttl=ttl, stale_ttl=stale_ttl)
            return [await client.cache.update_config(wanted)]
        current = (await client.cache.stats()).configs
        return _of_method(current, method) if method else current

    page = Page(ask(endpoint, configs))
    show_page(page, _config_row, nothing="no method is cached", is_json=is_json)


@cache.command("test")
@json_lines_option
@takes_endpoint
@click.pass_context
def try_cache(context: click.Context, endpoint: Endpoint, *, is_json: bool) -> None:
    """Write, read and delete a value in each part of the cache; ends with 1 when one fails."""
    parts = ask(endpoint, lambda client: client.cache.test())
    show_page(Page(parts), _part_row, nothing="the cache is off", is_json=is_json)
    if not all(part.healthy for part in parts):
        context.exit(Exit.PARTIAL)


def _of_method(configs: list[CacheConfig], method: str) -> list[CacheConfig]:
    found = [config for config in configs if config.method == method]
    if not found:
        known = ", ".join(config.method for config in configs)
        raise CommandFailed(f"{method} has no cache; those that have: {known}", Exit.USAGE)
    return found


def _facts(stats: GetCacheStatsResponse) -> Row:
    total = stats.total or CacheFigures()
    return {
        "saved": f"{share(total.hit_rate)} of all calls",
        "stored": f"{stats.entries:,} responses, {stats.bytes / 1e6:,.1f} MB",
        "processes": stats.processes,
        "shared": "through Redis" if stats.shared else "no: each process has its own",
    }


def _figures_row(figures: CacheFigures) -> Row:
    return {
        "method": figures.method,
        "hits": figures.hits,
        "stale": figures.stale_hits,
        "coalesced": figures.coalesced,
        "misses": figures.misses,
        "saved": share(figures.hit_rate),
    }


def _config_row(config: CacheConfig) -> Row:
    return {
        "method": config.method,
        "stored": plain("yes", "green") if config.enabled else plain("no", "yellow"),
        "fresh for": config.ttl,
        "then stale for": config.stale_ttl,
    }


def _part_row(part: CachePart) -> Row:
    return {
        "part": part.part,
        "state": plain("works", "green") if part.healthy else plain("fails", "red"),
        "took": part.latency,
        "problem": part.problem,
    }
