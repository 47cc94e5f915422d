"""How commands ask: the server, and the user."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

import click
from betterproto2 import Message

from switchyard_client.commands.endpoint import Client, Endpoint
from switchyard_client.commands.failures import CommandFailed, Exit, call_failed
from switchyard_client.commands.tables import Page
from switchyard_client.errors import SwitchyardError

Item = TypeVar("Item", bound=Message)
Answer = TypeVar("Answer")


def ask_client(
    endpoint: Endpoint,
    kind: type[Client],
    question: Callable[[Client], Awaitable[Answer]],
    way_on: str = "",
) -> Answer:
    """The server's answer by a client of that kind; a call that fails ends the command.

    way_on  what to do where the server is gone
    """

    async def asked() -> Answer:
        async with endpoint.client(kind) as client:
            return await question(client)

    try:
        return asyncio.run(asked())
    except SwitchyardError as error:
        raise call_failed(error, endpoint, way_on) from None


async def first_page(items: AsyncIterator[Item], limit: int) -> Page[Item]:
    """The first `limit` of what the server lists, and whether there is more."""
    found: list[Item] = []
    async for item in items:
        found.append(item)
        if len(found) > limit:
            break
    return Page(found[:limit], has_more=len(found) > limit)


def confirm(question: str, *, is_sure: bool) -> None:
    """Ends the command unless the user says yes, or has said so with --yes."""
    if not is_sure and not _answer(lambda: click.confirm(question, err=True)):
        raise CommandFailed("nothing was changed", Exit.PARTIAL)


def confirm_by_name(warning: str, name: str, *, is_sure: bool) -> None:
    """Ends the command unless the user types the name, or has said --yes."""
    if is_sure:
        return
    prompt = f"{warning}\nType {name} to go on"
    if _answer(lambda: click.prompt(prompt, err=True, default="", show_default=False)) != name:
        raise CommandFailed("that is not its name; nothing was changed", Exit.PARTIAL)


def _answer(prompt: Callable[[], Answer]) -> Answer:
    try:
        return prompt()
    except click.Abort:  # Ctrl-C, or nobody to ask
        message = "nothing was changed; --yes goes on without asking"
        raise CommandFailed(message, Exit.INTERRUPTED) from None
