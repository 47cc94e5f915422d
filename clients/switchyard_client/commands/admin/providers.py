"""`switchyard admin providers`: who answers tickets with language models."""

import click

from switchyard_client.answers import label
from switchyard_client.commands.admin.asking import ask
from switchyard_client.commands.asking import confirm
from switchyard_client.commands.connection_options import connection_options, takes_endpoint
from switchyard_client.commands.console import plain, stdout
from switchyard_client.commands.endpoint import Endpoint
from switchyard_client.commands.options import json_lines_option, yes_option
from switchyard_client.commands.tables import Page, Row, amount, share, show_page
from switchyard_client.messages.switchyard.admin.v1 import Provider

_STATE_STYLES = {"closed": "green", "open": "bold red", "half open": "yellow"}


@click.group()
@connection_options
def providers() -> None:
    """Providers of language models, and a drill for the day that one fails. For operators."""


@providers.command("list")
@json_lines_option
@takes_endpoint
def list_providers(endpoint: Endpoint, *, is_json: bool) -> None:
    """List the providers as the process that answers knows them, in the order of the settings.

    `breakers` knows their circuit breakers by the names in --json. Prices are of a million tokens.

    \b
      switchyard admin providers list
      switchyard admin providers list --json | jq 'select(.drilled) | .provider'
    """
    found = ask(endpoint, lambda client: client.resilience.providers())
    nothing = "no providers: the embedded engine answers alone"
    show_page(Page(found), _row, nothing=nothing, is_json=is_json)


@providers.command("drill")
@click.argument("provider")
@click.option("--off", "is_over", is_flag=True, help="End the drill.")
@yes_option
@takes_endpoint
def drill_provider(endpoint: Endpoint, provider: str, *, is_over: bool, is_sure: bool) -> None:
    """Make every call of PROVIDER fail, in every process, until the drill is ended.

    Restarts keep it. Tickets go to the next provider, or to the embedded engine, as on the day that
    it really fails.

    \b
      switchyard admin providers drill openai --yes
      switchyard admin providers drill openai --off
    """
    question = f"Let every call of {provider} fail from now on?"
    confirm(question, is_sure=is_sure or is_over)
    found = ask(
        endpoint, lambda client: client.resilience.drill_provider(provider, drilled=not is_over)
    )
    told = "fails every call: end the drill with --off" if found.drilled else "is asked as usual"
    stdout().print(plain(f"{found.provider} {told}"))


def _row(provider: Provider) -> Row:
    state = label(provider.state).replace("_", " ")
    return {
        "provider": provider.provider,
        "model": provider.model,
        "circuit": plain(state, _STATE_STYLES.get(state, "")),
        "answered": share(provider.success_share),
        "p95": provider.p95,
        "in": amount(provider.input_micro_usd_per_million_tokens),
        "out": amount(provider.output_micro_usd_per_million_tokens),
        "drill": plain("on", "bold red") if provider.drilled else "off",
    }
