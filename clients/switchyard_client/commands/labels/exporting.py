"""`switchyard labels export`: all labels, into a file."""

import os
import sys
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import click

from switchyard_client.commands.asking import ask_client
from switchyard_client.commands.connection_options import takes_endpoint
from switchyard_client.commands.console import counted, plain, stderr
from switchyard_client.commands.endpoint import Endpoint
from switchyard_client.commands.failures import CommandFailed, Exit
from switchyard_client.commands.options import time_reader
from switchyard_client.commands.progress import Pace, progress_on
from switchyard_client.feedback import FeedbackClient
from switchyard_client.messages.switchyard.feedback.v1 import ExportFormat, LabelSource

_FORMATS = {
    "jsonl": ExportFormat.JSONL,
    "csv": ExportFormat.CSV,
    "openai": ExportFormat.OPENAI_CHAT,
}
_SOURCES = {str(source.name).lower(): source for source in LabelSource if source}


@dataclass(slots=True)
class _Counts:
    """Labels that have arrived."""

    done: int = 0
    skipped: int = 0
    errors: int = 0


@click.command("export")
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
@click.option(
    "--format",
    "form",
    type=click.Choice(list(_FORMATS)),
    help="What to write; openai: chats for its fine-tuning.  [default: by FILE's name, else jsonl]",
)
@click.option("--source", type=click.Choice(list(_SOURCES)), help="Only those that come from it.")
@click.option("--category", default="", help="Only of this category.")
@click.option(
    "--since",
    callback=time_reader(lambda: datetime.now(UTC)),
    metavar="TIME",
    help="Made then or later: 2026-11-16T06:12Z, 24h, 7d.",
)
@click.option("--overwrite", is_flag=True, help="Replace FILE when it exists.")
@takes_endpoint
def export_labels(endpoint: Endpoint, file: str, form: str | None, **options: Any) -> None:
    """Write all labels into FILE; - is standard output.

    The oldest come first, and personal data is taken out of them.

    \b
      switchyard labels export labels.jsonl               fit for `labels import` again
      switchyard labels export corrections.csv --source correction --since 30d
      switchyard labels export chats.jsonl --format openai
      switchyard labels export - | jq -r .category | sort | uniq -c

    FILE is there when all of it is: until then it is FILE.part.
    """
    by_name = "csv" if Path(file).suffix.lower() == ".csv" else "jsonl"
    if file != "-" and Path(file).exists() and not options["overwrite"]:
        raise click.UsageError(f"{file} exists: --overwrite replaces it")
    counts = _Counts()

    async def receive(client: FeedbackClient) -> None:
        chunks = client.export_labels(
            _FORMATS[form or by_name],
            source=_SOURCES.get(options["source"], LabelSource.UNSPECIFIED),
            category=options["category"],
            start_time=options["since"],
        )
        with ExitStack() as opened:
            progress = opened.enter_context(progress_on(stderr(), Pace(None, time.monotonic)))
            stream = opened.enter_context(_opened(file))
            async for chunk in chunks:
                stream.write(chunk.data)
                counts.done = chunk.labels
                progress.show(counts)

    try:
        ask_client(endpoint, FeedbackClient, receive)
        if file != "-":
            os.replace(_part(file), file)  # noqa: PTH105  # of a text, not a path
    except BrokenPipeError:
        raise
    except OSError as error:
        raise CommandFailed(f"cannot write {file}: {error.strerror}", Exit.USAGE) from None
    stderr().print(plain(counted(counts.done, "label"), "dim"))
    if not counts.done:
        stderr().print(plain(_why_none(options), "yellow"))


def _why_none(options: Mapping[str, Any]) -> str:
    """What to make of an export without labels."""
    if category := options["category"]:
        return f"no label is of category {category}; `switchyard taxonomy show` lists their names"
    return "no label was found; `switchyard labels import` brings some"


def _opened(file: str) -> AbstractContextManager[BinaryIO]:
    return nullcontext(sys.stdout.buffer) if file == "-" else _part(file).open("wb")


def _part(file: str) -> Path:
    return Path(f"{file}.part")
