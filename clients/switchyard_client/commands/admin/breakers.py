"""`switchyard admin breakers`: what is refused because it fails."""

from datetime import timedelta

import click

from switchyard_client.answers import label
from switchyard_client.commands.admin.asking import ask
from switchyard_client.commands.asking import confirm
from switchyard_client.commands.connection_options import connection_options, takes_endpoint
from switchyard_client.commands.console import plain
from switchyard_client.commands.endpoint import Endpoint
from switchyard_client.commands.options import json_lines_option, read_span, yes_option
from switchyard_client.commands.tables import Page, Row, print_facts, share, show_page
from switchyard_client.messages.switchyard.admin.v1 import (
    CircuitBreaker,
    CircuitBreakerMode,
    CircuitBreakerSettings,
)

_STATE_STYLES = {"closed": "green", "open": "bold red", "half open": "yellow"}
_MODES = {str(mode.name).lower().replace("_", "-"): mode for mode in CircuitBreakerMode if mode}
_Rate = click.FloatRange(0, 1, min_open=True)
_Count = click.IntRange(min=1)


@click.group()
@connection_options
def breakers() -> None:
    """Circuit breakers: what is refused for a while because it fails. For operators."""


@breakers.command("list")
@json_lines_option
@takes_endpoint
def list_breakers(endpoint: Endpoint, *, is_json: bool) -> None:
    """List the breakers of the process that answers; --json also holds their settings.

    \b
      switchyard admin breakers list
      switchyard admin breakers list --json | jq 'select(.refused != "0") | {breaker, settings}'
    """
    found = ask(endpoint, lambda client: client.resilience.breakers())
    show_page(Page(found), _row, nothing="no breakers", is_json=is_json)


@breakers.command("reset")
@click.argument("breaker")
@takes_endpoint
def reset_breaker(endpoint: Endpoint, breaker: str) -> None:
    """Close BREAKER and forget its counts, in every process.

    \b
      switchyard admin breakers reset switchyard.triage.v1.TriageService/Triage
    """
    _show(ask(endpoint, lambda client: client.resilience.reset_breaker(breaker)))


@breakers.command("update")
@click.argument("breaker")
@click.option("--consecutive-failures", type=_Count, help="Failures in a row that open it.")
@click.option("--failure-rate", type=_Rate, help="Share of failures that opens it: 0.5.")
@click.option("--slow-call-rate", type=_Rate, help="Share of slow calls that opens it: 0.8.")
@click.option("--slow-call", callback=read_span, metavar="SPAN", help="Slow from then on: 500ms.")
@click.option("--window-calls", type=_Count, help="Calls that its window holds.")
@click.option("--window", callback=read_span, metavar="SPAN", help="Time of its window: 60s.")
@click.option("--minimum-calls", type=_Count, help="Calls in the window before rates count.")
@click.option("--open", callback=read_span, metavar="SPAN", help="How long it stays open: 30s.")
@click.option("--half-open-calls", type=_Count, help="Calls at once that try whether it works.")
@click.option("--successes-to-close", type=_Count, help="Successes that close it again.")
@takes_endpoint
def update_breaker(endpoint: Endpoint, breaker: str, **settings: float | timedelta | None) -> None:
    """Change what opens and closes BREAKER, in every process and over restarts.

    What is not given stays as it is.

    \b
      switchyard admin breakers update switchyard.triage.v1.TriageService/Triage \\
          --failure-rate 0.3 --window 60s --open 10s
    """
    changes = {name: value for name, value in settings.items() if value is not None}
    if not changes:
        raise click.UsageError("give at least one setting to change")
    wanted = CircuitBreakerSettings(**changes)  # type: ignore[arg-type]  # options are named as its fields
    _show(ask(endpoint, lambda client: client.resilience.update_breaker(breaker, wanted)))


@breakers.command("mode")
@click.argument("breaker")
@click.argument("mode", type=click.Choice(list(_MODES)))
@yes_option
@takes_endpoint
def set_mode(endpoint: Endpoint, breaker: str, mode: str, *, is_sure: bool) -> None:
    """Order how BREAKER works, in every process.

    \b
      automatic      it decides, as usual
      forced-open    every call is refused: you are asked
      disabled       every call passes, nothing is counted
      metrics-only   every call passes and is counted

    \b
      switchyard admin breakers mode switchyard.triage.v1.TriageService/Triage forced-open
      switchyard admin breakers mode switchyard.triage.v1.TriageService/Triage automatic
    """
    question = f"Refuse every call of {breaker} from now on?"
    confirm(question, is_sure=is_sure or mode != "forced-open")
    _show(ask(endpoint, lambda client: client.resilience.set_breaker_mode(breaker, _MODES[mode])))


def _row(breaker: CircuitBreaker) -> Row:
    state = label(breaker.state).replace("_", " ")
    return {
        "breaker": breaker.breaker,
        "state": plain(state, _STATE_STYLES.get(state, "")),
        "mode": label(breaker.mode).replace("_", " "),
        "calls": breaker.calls,
        "failed": share(breaker.failure_rate),
        "slow": share(breaker.slow_call_rate),
        "refused": breaker.refused,
        "since": breaker.change_time or "its start",
    }


def _show(breaker: CircuitBreaker) -> None:
    """Print one breaker with its settings."""
    settings = breaker.settings or CircuitBreakerSettings()
    print_facts(
        {
            **_row(breaker),
            "opens after": f"{settings.consecutive_failures:,} failures in a row",
            "or when": f"{share(settings.failure_rate)} failed or "
            f"{share(settings.slow_call_rate)} were slow",
            "slow from": settings.slow_call,
            "looks at": f"{settings.window_calls:,} calls, from {settings.minimum_calls:,} on",
            "of the last": settings.window,
            "stays open": settings.open,
            "then tries": f"{settings.half_open_calls:,} calls at once, "
            f"and closes after {settings.successes_to_close:,} successes",
        }
    )
