"""Arguments and options that several feedback commands take."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import click

from switchyard_client.commands.options import time_reader
from switchyard_client.messages.switchyard.feedback.v1 import FeedbackFilter
from switchyard_client.messages.switchyard.triage.v1 import Priority, Sentiment

Command = TypeVar("Command", bound=Callable[..., Any])

PRIORITIES = {str(priority.name).lower(): priority for priority in Priority if priority}
SENTIMENTS = {str(sentiment.name).lower(): sentiment for sentiment in Sentiment if sentiment}
_ID = re.compile(r"[0-9a-f]{32}")
_read_time = time_reader(lambda: datetime.now(UTC))


def run_name(text: str) -> str:
    """The resource name of a run, of its digits or of itself. Raises click.BadParameter."""
    return _name(text, "triageRuns/", "run")


def feedback_name(text: str) -> str:
    """The same of a piece of feedback."""
    return _name(text, "feedback/", "feedback")


def _name(text: str, collection: str, what: str) -> str:
    digits = text.removeprefix(collection)
    if _ID.fullmatch(digits) is None:
        raise click.BadParameter(f"{text!r} is no {what}: {collection} and 32 digits of 0-9, a-f")
    return collection + digits


def filter_options(command: Command) -> Command:
    """Adds the options that `filter_of` reads."""
    for flags, settings in reversed(_FILTERS.items()):
        command = click.option(flags, **settings)(command)
    return command


_FILTERS: dict[str, dict[str, Any]] = {
    "--run": {"default": "", "metavar": "RUN", "help": "Only on this run."},
    "--reviewer": {"default": "", "help": "Only of this reviewer."},
    "--category": {"default": "", "help": "Only on answers that named it."},
    "--overturned": {"is_flag": True, "help": "Only what overturns something."},
    "--since": {"callback": _read_time, "metavar": "TIME", "help": "Submitted then or later."},
    "--until": {"callback": _read_time, "metavar": "TIME", "help": "Submitted before."},
}


def filter_of(options: dict[str, Any]) -> FeedbackFilter | None:
    """The filter of such options; None: none was given."""
    wanted = FeedbackFilter(
        run=run_name(options["run"]) if options["run"] else "",
        reviewer=options["reviewer"],
        category=options["category"],
        overturned=options["overturned"],
        start_time=options["since"],
        end_time=options["until"],
    )
    return None if wanted == FeedbackFilter() else wanted
