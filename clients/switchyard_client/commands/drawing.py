"""`--out`: reports as pictures and pages."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from switchyard_client.commands.console import plain
from switchyard_client.commands.failures import CommandFailed, Exit

if TYPE_CHECKING:
    from rich.console import Console

    from switchyard_client.report.files import Report

Command = TypeVar("Command", bound=Callable[..., Any])

_FORMS = ("", ".html", ".png")


def out_option(command: Command) -> Command:
    """Adds --out; a command that cannot draw ends at once where it is given."""
    return click.option(
        "--out",
        type=click.Path(path_type=Path),
        callback=_read_path,
        metavar="PATH",
        help="Draw it, too: FILE.html, FILE.png, or a folder for both.",
    )(command)


def draw(make: "Callable[[], Report]", out: Path, console: "Console") -> None:
    """Write a report, and print what was written. Raises CommandFailed."""
    from switchyard_client.report.files import write_report  # noqa: PLC0415  # imports matplotlib

    try:
        written = write_report(make(), out)
    except OSError as error:
        raise CommandFailed(f"cannot write {out}: {error.strerror}", Exit.USAGE) from None
    for path in written:
        console.print(plain(f"wrote {path}", "dim"))


def _read_path(_: click.Context, __: click.Parameter, path: Path | None) -> Path | None:
    if path is None:
        return None
    if not path.is_dir() and path.suffix.lower() not in _FORMS:
        message = f"{path} is none of a folder, a file .html, a file .png"
        raise click.BadParameter(message)
    try:
        import matplotlib  # noqa: F401, PLC0415  # an extra, and slow to import
    except ImportError:
        message = "drawing needs matplotlib: pip install 'switchyard-client[report]'"
        raise CommandFailed(message, Exit.USAGE) from None
    return path
