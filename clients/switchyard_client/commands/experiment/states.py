"""`switchyard experiment start`, `pause`, `stop` and `archive`."""

from collections.abc import Awaitable, Callable

import click

from switchyard_client.commands.asking import ask_client, confirm
from switchyard_client.commands.connection_options import takes_endpoint
from switchyard_client.commands.console import plain, stdout
from switchyard_client.commands.endpoint import Endpoint
from switchyard_client.commands.experiment.arguments import describe, experiment_argument
from switchyard_client.commands.options import yes_option
from switchyard_client.experiments import ExperimentClient
from switchyard_client.messages.switchyard.experiment.v1 import Experiment


@click.command("start")
@experiment_argument
@takes_endpoint
def start_experiment(endpoint: Endpoint, name: str) -> None:
    """Start a draft, go on with a paused one, or reopen a stopped one.

    What is reopened begins a new phase: fresh units, and no outcomes.

    \b
      switchyard experiment start lower-threshold
    """
    change(endpoint, lambda client: client.start(name))


@click.command("pause")
@experiment_argument
@takes_endpoint
def pause_experiment(endpoint: Endpoint, name: str) -> None:
    """Enrol no new units for now. Those that are in keep their variant, and outcomes count.

    \b
      switchyard experiment pause lower-threshold
    """
    change(endpoint, lambda client: client.pause(name))


@click.command("stop")
@experiment_argument
@click.option("--reason", default="", help="Why, for the record.")
@takes_endpoint
def stop_experiment(endpoint: Endpoint, name: str, reason: str) -> None:
    """End an experiment by hand. Late outcomes are still counted.

    \b
      switchyard experiment stop lower-threshold --reason "a better one is ready"
    """
    change(endpoint, lambda client: client.stop(name, reason=reason))


@click.command("archive")
@experiment_argument
@yes_option
@takes_endpoint
def archive_experiment(endpoint: Endpoint, name: str, *, is_sure: bool) -> None:
    """Put a draft or a stopped experiment away for good.

    \b
      switchyard experiment archive lower-threshold
    """
    confirm(f"Put {name} away? Nothing can change it any more.", is_sure=is_sure)
    change(endpoint, lambda client: client.archive(name))


def change(
    endpoint: Endpoint,
    order: Callable[[ExperimentClient], Awaitable[Experiment]],
    consequence: str = "",
) -> None:
    """Do something to an experiment, and say how it is then, and what follows from it."""
    now = ask_client(endpoint, ExperimentClient, order)
    stdout().print(plain(describe(now)))
    if consequence:
        stdout().print(plain(consequence))
