"""Options and arguments that several administration commands take."""

import re
from collections.abc import Callable
from typing import Any, TypeVar

import click

from switchyard_client.messages.switchyard.admin.v1 import Role

Command = TypeVar("Command", bound=Callable[..., Any])

ROLES = {str(role.name).lower(): role for role in Role if role}
_KEY = re.compile(r"(?:apiKeys/|sy_)?([0-9a-f]{16})")
_TENANT = re.compile(r"(?:tenants/)?([a-z][a-z0-9-]{0,62})")


def tenant_option(command: Command) -> Command:
    """Adds --tenant."""
    return click.option(
        "--tenant", default="", metavar="ID", help="Of this tenant.  [default: the caller's]"
    )(command)


def role_option(command: Command) -> Command:
    """Adds --role, once or several times."""
    return click.option(
        "--role",
        "role_names",
        multiple=True,
        type=click.Choice(list(ROLES)),
        help="What it may do; repeatable.",
    )(command)


def key_argument(command: Command) -> Command:
    """Adds KEY: apiKeys/ and 16 digits, the digits alone, or the prefix that begins the secret."""
    return click.argument("key", metavar="KEY", callback=_key_name)(command)


def tenant_argument(command: Command) -> Command:
    """Adds TENANT: its id, or tenants/ and its id."""
    return click.argument("tenant", metavar="TENANT", callback=_tenant_id)(command)


def _key_name(_: click.Context, __: click.Parameter, text: str) -> str:
    match = _KEY.fullmatch(text)
    if match is None:
        # Not repeated: it may be a whole secret.
        raise click.BadParameter("a key is named apiKeys/ and 16 digits, as `keys list` shows it")
    return f"apiKeys/{match[1]}"


def _tenant_id(_: click.Context, __: click.Parameter, text: str) -> str:
    match = _TENANT.fullmatch(text)
    if match is None:
        raise click.BadParameter(f"{text!r} is no tenant: a-z, 0-9 and hyphens, a letter first")
    return match[1]
