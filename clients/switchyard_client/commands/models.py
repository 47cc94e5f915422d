"""`switchyard models`: versions, which one answers, and the way back."""

import re

import click

from switchyard_client.commands.asking import ask_client, first_page
from switchyard_client.commands.connection_options import connection_options, takes_endpoint
from switchyard_client.commands.console import plain, stdout
from switchyard_client.commands.endpoint import Endpoint
from switchyard_client.commands.failures import CommandFailed, Exit
from switchyard_client.commands.model_view import model_row, show_model
from switchyard_client.commands.options import json_lines_option, json_option, limit_option
from switchyard_client.commands.tables import show_json, show_page
from switchyard_client.feedback import FeedbackClient
from switchyard_client.messages.switchyard.feedback.v1 import Model

_LARGEST_PAGE = 100
_VERSION = re.compile(r"(?:models/)?(0|[1-9][0-9]{0,17})")


def _read_version(_: click.Context, __: click.Parameter, text: str) -> int:
    match = _VERSION.fullmatch(text)
    if match is None:
        raise click.BadParameter(f"{text!r} is no version such as 7 or models/7")
    return int(match[1])


@click.group()
@connection_options
def models() -> None:
    """Models that were trained on the labels: versions that never change.

    \b
      switchyard models list
      switchyard models show 7
      switchyard models activate 6      back to an earlier one, in every process at once
    """


@models.command("list")
@limit_option
@json_lines_option
@takes_endpoint
def list_models(endpoint: Endpoint, limit: int, *, is_json: bool) -> None:
    """List models, the newest first.

    \b
      switchyard models list
      switchyard models list --json | jq '{version, accuracy: .figures.accuracy}'
    """
    page_size = min(limit + 1, _LARGEST_PAGE)
    page = ask_client(
        endpoint,
        FeedbackClient,
        lambda client: first_page(client.models(page_size=page_size), limit),
    )
    nothing = "no model was trained; the taxonomy's example sentences answer"
    show_page(page, model_row, nothing=nothing, is_json=is_json)


@models.command("show")
@click.argument("version", callback=_read_version)
@json_option
@takes_endpoint
def show_one_model(endpoint: Endpoint, version: int, *, is_json: bool) -> None:
    """Show what a model was made of, how good it is, and how it compares.

    \b
      switchyard models show 7
      switchyard models show 7 --json | jq .figures.categories
    """
    found = ask_client(endpoint, FeedbackClient, lambda client: _find(client, version))
    if found is None:
        raise CommandFailed(f"there is no model {version}", Exit.PARTIAL)
    if is_json:
        show_json(found, indent=2)
    else:
        show_model(found)


async def _find(client: FeedbackClient, version: int) -> Model | None:
    """The model of a version; the taxonomy's own is listed last."""
    async for model in client.models(page_size=_LARGEST_PAGE):
        if model.version == version:
            return model
    return None


@models.command("activate")
@click.argument("version", callback=_read_version)
@takes_endpoint
def activate_model(endpoint: Endpoint, version: int) -> None:
    """Let another model answer, in every process at once. 0 is the taxonomy's own.

    \b
      switchyard models activate 6
    """
    model = ask_client(endpoint, FeedbackClient, lambda client: client.activate(version))
    stdout().print(plain(f"{model.name} answers from now on"))
