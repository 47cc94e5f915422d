"""`switchyard experiment watch`: results as outcomes arrive."""

from contextlib import ExitStack
from datetime import timedelta
from typing import Self

import click
from rich.console import Console
from rich.live import Live

from switchyard_client.commands.asking import ask_client
from switchyard_client.commands.connection_options import takes_endpoint
from switchyard_client.commands.console import stdout
from switchyard_client.commands.endpoint import Endpoint
from switchyard_client.commands.experiment.arguments import experiment_argument
from switchyard_client.commands.experiment.results_view import brief_view, full_view, one_line
from switchyard_client.commands.options import read_span
from switchyard_client.commands.tables import show_json
from switchyard_client.experiments import ExperimentClient
from switchyard_client.messages.switchyard.experiment.v1 import ExperimentResults


@click.command("watch")
@experiment_argument
@click.option(
    "--every",
    default="1s",
    show_default=True,
    callback=read_span,
    metavar="SPAN",
    help="Shortest time between two looks.",
)
@click.option("--json", "is_json", is_flag=True, help="Each time all of it as JSON, one a line.")
@takes_endpoint
def watch_experiment(endpoint: Endpoint, name: str, every: timedelta, *, is_json: bool) -> None:
    """Show the results whenever they change, until the experiment ends or you press Ctrl-C.

    A table that is drawn over itself; a line each time where the output is no terminal.

    \b
      switchyard experiment watch lower-threshold
      switchyard experiment watch lower-threshold --every 1m >> threshold.log
    """

    async def watch(client: ExperimentClient) -> None:
        results = client.watch(name, min_interval_s=every.total_seconds())
        with _View(stdout(), is_json=is_json) as view:
            async for shown in results:
                view.show(shown)

    ask_client(endpoint, ExperimentClient, watch)


class _View:
    """Shows results, one after the other; a context manager."""

    def __init__(self, console: Console, *, is_json: bool) -> None:
        self._console = console
        self._is_json = is_json
        self._last: ExperimentResults | None = None
        self._live = Live(console=console, transient=True, auto_refresh=False)
        self._closing = ExitStack()

    def __enter__(self) -> Self:
        if self._is_drawn:
            self._closing.enter_context(self._live)
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()
        if self._is_drawn and self._last is not None:
            self._console.print(full_view(self._last))

    @property
    def _is_drawn(self) -> bool:
        return self._console.is_terminal and not self._is_json

    def show(self, results: ExperimentResults) -> None:
        """Show them in place of those before, or below."""
        self._last = results
        if self._is_json:
            show_json(results)
        elif self._is_drawn:
            self._live.update(brief_view(results), refresh=True)
        else:
            self._console.print(one_line(results))
