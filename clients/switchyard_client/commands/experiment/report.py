"""`switchyard experiment report`: what it has shown, in words and pictures."""

from pathlib import Path

import click

from switchyard_client.commands.asking import ask_client
from switchyard_client.commands.connection_options import takes_endpoint
from switchyard_client.commands.console import plain, stderr, stdout
from switchyard_client.commands.endpoint import Endpoint
from switchyard_client.commands.experiment.arguments import experiment_argument
from switchyard_client.commands.experiment.results_view import full_view
from switchyard_client.commands.failures import CommandFailed, Exit
from switchyard_client.commands.options import json_option
from switchyard_client.commands.tables import show_json
from switchyard_client.experiments import ExperimentClient
from switchyard_client.messages.switchyard.experiment.v1 import ExperimentResults

_FORMS = ("", ".html", ".png")


def _read_path(_: click.Context, __: click.Parameter, path: Path | None) -> Path | None:
    if path is not None and not path.is_dir() and path.suffix.lower() not in _FORMS:
        message = f"{path} is none of a folder, a file .html, a file .png"
        raise click.BadParameter(message)
    return path


@click.command("report")
@experiment_argument
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    callback=_read_path,
    metavar="PATH",
    help="Draw it, too: FILE.html, FILE.png, or a folder for both.",
)
@json_option
@takes_endpoint
def report_experiment(endpoint: Endpoint, name: str, out: Path | None, *, is_json: bool) -> None:
    """Tell what an experiment has shown so far: a table of each metric, the winner, how sure it is,
    and what to know before believing it.

    With --out it draws the lift with its intervals, the weights over time and the posteriors; that
    needs pip install 'switchyard-client[report]'. An HTML file holds everything in itself.

    \b
      switchyard experiment report lower-threshold
      switchyard experiment report lower-threshold --out report.html
      switchyard experiment report lower-threshold --out pictures/
      switchyard experiment report lower-threshold --json | jq .winner
    """
    if out is not None:
        _check_that_it_can_draw()
    with_history = out is not None or is_json
    results = ask_client(
        endpoint, ExperimentClient, lambda client: client.results(name, with_history=with_history)
    )
    if is_json:
        show_json(results, indent=2)
    else:
        stdout().print(full_view(results))
    if out is not None:
        written = _draw(results, out)
        console = stderr() if is_json else stdout()  # behind JSON a program reads nothing else
        for path in written:
            console.print(plain(f"wrote {path}", "dim"))


def _check_that_it_can_draw() -> None:
    try:
        import matplotlib  # noqa: F401, PLC0415  # an extra, and slow to import
    except ImportError:
        message = "drawing needs matplotlib: pip install 'switchyard-client[report]'"
        raise CommandFailed(message, Exit.USAGE) from None


def _draw(results: ExperimentResults, out: Path) -> list[Path]:
    from switchyard_client.report.files import write_report  # noqa: PLC0415  # imports matplotlib

    try:
        return write_report(results, out)
    except OSError as error:
        raise CommandFailed(f"cannot write {out}: {error.strerror}", Exit.USAGE) from None
