"""`switchyard feedback settings`: how feedback is put to use."""

from datetime import timedelta

import click

from switchyard_client.commands.asking import ask_client
from switchyard_client.commands.connection_options import connection_options, takes_endpoint
from switchyard_client.commands.console import counted, duration
from switchyard_client.commands.endpoint import Endpoint
from switchyard_client.commands.options import json_option, parse_span
from switchyard_client.commands.shares import read_share
from switchyard_client.commands.tables import Row, print_facts, show_json
from switchyard_client.feedback import FeedbackClient
from switchyard_client.messages.switchyard.feedback.v1 import FeedbackSettings
from switchyard_client.report import figures

_NEVER = timedelta()


def _read_every(_: click.Context, __: click.Parameter, text: str | None) -> timedelta | None:
    if text is None:
        return None
    return _NEVER if text == "never" else parse_span(text)


@click.group()
@connection_options
def settings() -> None:
    """How feedback is put to use: when models are trained, and what raises an alarm.

    \b
      switchyard feedback settings show
      switchyard feedback settings set --train-after 500 --most-overturned 20%
    """


@settings.command("show")
@json_option
@takes_endpoint
def show_settings(endpoint: Endpoint, *, is_json: bool) -> None:
    """Show the settings in force.

    \b
      switchyard feedback settings show
    """
    found = ask_client(endpoint, FeedbackClient, lambda client: client.settings())
    if is_json:
        show_json(found, indent=2)
    else:
        print_facts(_facts(found))


@settings.command("set")
@click.option(
    "--train-after",
    type=click.IntRange(min=0),
    metavar="LABELS",
    help="Train when so many are new, 10 or more; 0: not by their number.",
)
@click.option(
    "--train-every",
    callback=_read_every,
    metavar="SPAN",
    help="Train so long after the last time, where labels are new: 24h, 7d; or never.",
)
@click.option(
    "--most-overturned",
    callback=read_share,
    metavar="SHARE",
    help="Flag a model, prompt or variant that is overturned more often: 20%; 0: none.",
)
@click.option(
    "--roll-back/--no-roll-back", default=None, help="Whether what is flagged is taken back."
)
@takes_endpoint
def change_settings(
    endpoint: Endpoint,
    train_after: int | None,
    train_every: timedelta | None,
    most_overturned: float | None,
    roll_back: bool | None,
) -> None:
    """Change what is named; all else stays.

    \b
      switchyard feedback settings set --train-after 500
      switchyard feedback settings set --train-every 24h --most-overturned 20% --roll-back
      switchyard feedback settings set --train-every never
    """
    if (train_after, train_every, most_overturned, roll_back) == (None,) * 4:
        raise click.UsageError("name what to change: --train-after, --train-every ...")

    async def update(client: FeedbackClient) -> FeedbackSettings:
        wanted = await client.settings()
        if train_after is not None:
            wanted.train_after_labels = train_after
        if train_every is not None:
            wanted.train_every = train_every or None
        if most_overturned is not None:
            wanted.most_overturned = most_overturned
        if roll_back is not None:
            wanted.roll_back = roll_back
        return await client.update_settings(wanted)

    print_facts(_facts(ask_client(endpoint, FeedbackClient, update)))


def _facts(found: FeedbackSettings) -> Row:
    every, after = found.train_every, found.train_after_labels
    times = [f"after {counted(after, 'new label')}"] if after else []
    times += [f"{duration(every.total_seconds())} after the last time"] if every else []
    beyond = f"beyond {figures.share(found.most_overturned)} overturned"
    return {
        "trains": " and ".join(times) or "when told to",
        "alarm": beyond if found.most_overturned else "none",
        "then": "it is taken back" if found.roll_back else "a person decides",
        "set": found.update_time,
    }
