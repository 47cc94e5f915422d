"""`switchyard train`: a model, made of the labels."""

from contextlib import ExitStack
from typing import Self

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

from switchyard_client.commands.asking import ask_client
from switchyard_client.commands.connection_options import takes_endpoint
from switchyard_client.commands.console import plain, stderr, stdout
from switchyard_client.commands.endpoint import Endpoint
from switchyard_client.commands.failures import CommandFailed, Exit
from switchyard_client.commands.model_view import show_model
from switchyard_client.commands.options import json_option
from switchyard_client.commands.tables import show_json
from switchyard_client.feedback import FeedbackClient
from switchyard_client.messages.switchyard.feedback.v1 import Model, TrainingProgress

_WAY_ON = "to get a model, give the same command again"


@click.command("train")
@click.option("--no-activate", "is_kept", is_flag=True, help="Keep it; another one goes on.")
@click.option(
    "--dry-run", "is_check", is_flag=True, help="Check that there is enough to learn from."
)
@json_option
@takes_endpoint
def train(endpoint: Endpoint, *, is_kept: bool, is_check: bool, is_json: bool) -> None:
    """Train a model on the labels, and let it answer.

    It answers when it is no worse than the one that does, on labels that neither has learned from;
    `switchyard models activate` lets it by hand, and brings an earlier one back. Tickets are
    answered meanwhile as before. Ctrl-C ends the training, and nothing is kept of it.

    \b
      switchyard train --dry-run
      switchyard train
      switchyard train --no-activate
      switchyard train --json | jq .figures.accuracy
    """

    async def follow(client: FeedbackClient) -> Model | None:
        model = None
        with _Stages(stderr()) as stages:
            async for event in client.train(activate=not is_kept, validate_only=is_check):
                if event.progress is not None:
                    stages.show(event.progress)
                model = event.model or model
        return model

    model = ask_client(endpoint, FeedbackClient, follow, _WAY_ON)
    if is_check:
        stdout().print("there is enough to learn from; nothing was trained")
    elif model is None:
        raise CommandFailed("the server ended the training without a model", Exit.FAILED)
    elif is_json:
        show_json(model, indent=2)
    else:
        show_model(model)


class _Stages:
    """What a training does: a bar on a terminal, a line for each stage that is over; a context
    manager.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._last: TrainingProgress | None = None
        self._closing = ExitStack()
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description:<12}"),
            BarColumn(bar_width=30),
            TextColumn("{task.percentage:>3.0f} %  {task.fields[finding]}"),
            console=console,
            transient=True,
        )
        self._task = self._bar.add_task("", total=1.0, finding="")

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._closing.enter_context(self._bar)
        return self

    def __exit__(self, *_: object) -> None:
        self._end_stage()
        self._closing.close()

    def show(self, now: TrainingProgress) -> None:
        """Show how far it is."""
        if self._last is not None and self._last.stage != now.stage:
            self._end_stage()
        self._last = now
        finding = plain(now.finding).markup
        self._bar.update(self._task, description=now.stage, completed=now.done, finding=finding)

    def _end_stage(self) -> None:
        if self._last is not None:
            line = f"{self._last.stage:<12}{self._last.finding}".rstrip()
            self._console.print(plain(line, "dim"))
        self._last = None
