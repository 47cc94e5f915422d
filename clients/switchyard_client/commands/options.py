"""Options that several commands take."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import click

from switchyard_client.client import DEFAULT_ADDRESS
from switchyard_client.messages.switchyard.triage.v1 import Decision, TriagePart

Command = TypeVar("Command", bound=Callable[..., Any])

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def server_option(command: Command) -> Command:
    """Adds --server to a command; what stands nearest to the command counts."""
    return click.option(
        "--server",
        "address",
        metavar="HOST:PORT",
        envvar="SWITCHYARD_SERVER",
        callback=_nearest_address,
        help=f"Where the server is.  [env: SWITCHYARD_SERVER; default: {DEFAULT_ADDRESS}]",
    )(command)


def _nearest_address(context: click.Context, option: click.Parameter, value: str | None) -> str:
    source = context.get_parameter_source(option.name or "")
    given_above = context.parent.obj if context.parent else None
    if given_above and source is not click.core.ParameterSource.COMMANDLINE:
        value = given_above
    context.obj = value
    return value or DEFAULT_ADDRESS


def time_reader(
    clock: Callable[[], datetime],
) -> Callable[[click.Context, click.Parameter, str | None], datetime | None]:
    """Reads a time: RFC 3339 such as 2026-11-16T06:12Z, or so long ago: 30m, 24h, 7d, 2w."""

    def read(_: click.Context, __: click.Parameter, text: str | None) -> datetime | None:
        return None if text is None else parse_time(text, clock)

    return read


def parse_time(text: str, clock: Callable[[], datetime]) -> datetime:
    """The time of such a text, in UTC. Raises click.BadParameter."""
    try:
        if text[:-1].isdecimal() and text[-1:] in _UNITS:
            return clock() - timedelta(**{_UNITS[text[-1]]: int(text[:-1])})
        time = datetime.fromisoformat(text)
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        message = f"{text!r} is neither a time such as 2026-11-16T06:12Z nor 30m, 24h, 7d"
        raise click.BadParameter(message) from None


DECISIONS = {str(d.name).lower(): d for d in Decision if d}
PARTS = {str(p.name).lower(): p for p in TriagePart if p}


def parse_parts(text: str) -> list[TriagePart]:
    """Of a text such as "summary,reply"; empty: all of them."""
    names = [name.strip().lower() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        raise click.BadParameter(
            f"{unknown[0]!r} is none of {', '.join(PARTS)}", param_hint="--parts"
        )
    return [PARTS[name] for name in names]


def parse_attributes(pairs: tuple[str, ...]) -> dict[str, str]:
    """Of texts such as "plan=enterprise"."""
    attributes = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise click.BadParameter(f"{pair!r} is not KEY=VALUE", param_hint="--attribute")
        attributes[key] = value
    return attributes
