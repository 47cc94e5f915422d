"""How administration commands ask the server."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

from betterproto2 import Message

from switchyard_client.admin.client import AdminClient
from switchyard_client.commands.asking import ask_client, first_page
from switchyard_client.commands.endpoint import Endpoint
from switchyard_client.commands.tables import Page

Item = TypeVar("Item", bound=Message)
Answer = TypeVar("Answer")


def ask(endpoint: Endpoint, question: Callable[[AdminClient], Awaitable[Answer]]) -> Answer:
    """The server's answer; a call that fails ends the command."""
    return ask_client(endpoint, AdminClient, question)


def ask_first(
    endpoint: Endpoint, question: Callable[[AdminClient], AsyncIterator[Item]], limit: int
) -> Page[Item]:
    """The first `limit` of what the server lists, and whether there is more."""
    return ask(endpoint, lambda client: first_page(question(client), limit))
