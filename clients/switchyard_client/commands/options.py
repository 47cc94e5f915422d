"""Options that several commands take."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import click

from switchyard_client.messages.switchyard.triage.v1 import Decision, TriagePart
from switchyard_client.spans import InvalidSpan, span_of

Command = TypeVar("Command", bound=Callable[..., Any])

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


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


def read_span(_: click.Context, __: click.Parameter, text: str | None) -> timedelta | None:
    """Reads a time span: 500ms, 90s, 15m, 24h, 30d."""
    return None if text is None else parse_span(text)


def parse_span(text: str) -> timedelta:
    """The time span of such a text. Raises click.BadParameter."""
    try:
        return span_of(text)
    except InvalidSpan as error:
        raise click.BadParameter(str(error)) from None


DECISIONS = {str(d.name).lower(): d for d in Decision if d}
PARTS = {str(p.name).lower(): p for p in TriagePart if p}


def parse_parts(text: str) -> list[TriagePart]:
    """Of a text such as "summary,reply", in one order however they are named; empty: all."""
    names = [name.strip().lower() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        raise click.BadParameter(
            f"{unknown[0]!r} is none of {', '.join(PARTS)}", param_hint="--parts"
        )
    return sorted({PARTS[name] for name in names})


def parse_attributes(pairs: tuple[str, ...]) -> dict[str, str]:
    """Of texts such as "plan=enterprise"."""
    attributes = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise click.BadParameter(f"{pair!r} is not KEY=VALUE", param_hint="--attribute")
        attributes[key] = value
    return attributes


def json_option(command: Command) -> Command:
    """Adds --json to a command that shows one thing."""
    return click.option("--json", "is_json", is_flag=True, help="All of it as JSON.")(command)


def json_lines_option(command: Command) -> Command:
    """Adds --json to a command that lists things."""
    help_text = "Everything known of each as JSON, one a line."
    return click.option("--json", "is_json", is_flag=True, help=help_text)(command)


def limit_option(command: Command) -> Command:
    """Adds --limit to a command that lists things."""
    return click.option(
        "--limit", default=50, show_default=True, type=click.IntRange(min=1), help="Most to show."
    )(command)


def yes_option(command: Command) -> Command:
    """Adds --yes to a command that would ask."""
    return click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")(command)
