"""`switchyard experiment report`: what it has shown, in words and pictures."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from switchyard_client.commands.asking import ask_client
from switchyard_client.commands.connection_options import takes_endpoint
from switchyard_client.commands.console import stderr, stdout
from switchyard_client.commands.drawing import draw, out_option
from switchyard_client.commands.endpoint import Endpoint
from switchyard_client.commands.experiment.arguments import experiment_argument
from switchyard_client.commands.experiment.results_view import full_view
from switchyard_client.commands.options import json_option
from switchyard_client.commands.tables import show_json
from switchyard_client.experiments import ExperimentClient
from switchyard_client.messages.switchyard.experiment.v1 import ExperimentResults

if TYPE_CHECKING:
    from switchyard_client.report.files import Report


@click.command("report")
@experiment_argument
@out_option
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
    with_history = out is not None or is_json
    results = ask_client(
        endpoint, ExperimentClient, lambda client: client.results(name, with_history=with_history)
    )
    if is_json:
        show_json(results, indent=2)
    else:
        stdout().print(full_view(results))
    if out is not None:
        # Behind JSON a program reads nothing else.
        draw(lambda: _report_of(results), out, stderr() if is_json else stdout())


def _report_of(results: ExperimentResults) -> "Report":
    from switchyard_client.report.pictures import report_of  # noqa: PLC0415  # imports matplotlib

    return report_of(results)
