"""`switchyard triage`: a file of tickets, or one text."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from switchyard_client.answers import AnswerFormat
from switchyard_client.commands.batch_command import BatchOrder, run_batch
from switchyard_client.commands.connection_options import takes_endpoint
from switchyard_client.commands.one_ticket import triage_one
from switchyard_client.commands.options import (
    PARTS,
    parse_attributes,
    parse_parts,
)
from switchyard_client.messages.switchyard.triage.v1 import (
    Channel,
    Ticket,
    TriageOptions,
)
from switchyard_client.record_files import RecordFormat
from switchyard_client.tickets import ColumnMap, InvalidMapping

_EPILOG = """\b
Exit status: 0 all answered; 1 some failed; 2 nothing could be read, or a wrong
option; 3 no server, or none answered; 130 interrupted.
"""
_CHANNELS = [str(channel.name).lower() for channel in Channel if channel]
_OF_A_FILE = {
    "out": "--out",
    "out_format": "--format",
    "resume": "--resume",
    "overwrite": "--overwrite",
    "mappings": "--map",
    "input_format": "--input-format",
    "shown_rows": "--rows",
}
_OF_A_TEXT = {
    "attributes": "--attribute",
    "subject": "--subject",
    "channel": "--channel",
    "ticket_id": "--id",
}


@click.command(epilog=_EPILOG)
@click.argument("file", required=False, metavar="[FILE|-]")
@click.option("--text", help="Triage this text, and watch it happen.")
@click.option("--subject", default="", help="Subject line of --text.")
@click.option(
    "--attribute",
    "attributes",
    multiple=True,
    metavar="KEY=VALUE",
    help="What else is known of --text, such as plan=enterprise; repeatable.",
)
@click.option("--channel", type=click.Choice(_CHANNELS), help="Where --text came in.")
@click.option("--id", "ticket_id", help="Id of --text; by default made from its digest.")
@click.option(
    "--map",
    "mappings",
    multiple=True,
    metavar="FIELD=COLUMN",
    help="The column of a field, such as body=text; repeatable, or with commas; FIELD= ignores it.",
)
@click.option(
    "--input-format",
    type=click.Choice([form.value for form in RecordFormat]),
    help="What FILE is; by default told from its name or its beginning.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write answers here, a line each, instead of a table.",
)
@click.option(
    "--format",
    "out_format",
    type=click.Choice([form.value for form in AnswerFormat]),
    help="What to write; by default told from the name of --out, else jsonl.",
)
@click.option(
    "--resume",
    is_flag=True,
    help="Go on with --out: skip the rows that it answers, try failed ones again.",
)
@click.option("--overwrite", is_flag=True, help="Replace --out when it exists.")
@click.option(
    "--parts",
    default="",
    metavar="PARTS",
    help=f"What to produce besides: {', '.join(PARTS)}; with commas.  [default: all]",
)
@click.option(
    "--rows",
    "shown_rows",
    default=40,
    show_default=True,
    type=click.IntRange(min=0),
    help="Most rows of the table.",
)
@click.option(
    "--json",
    "is_json",
    is_flag=True,
    help="Answers on standard output as JSON; one a line for a file.",
)
@takes_endpoint
@click.pass_context
def triage(context: click.Context, /, **options: Any) -> None:
    """Triage the tickets of FILE, or the one given by --text.

    FILE is JSONL or CSV (delimited by comma, semicolon or tab), gzipped or not; - is standard
    input. Columns go by their names: id, subject, body, customer_id, channel, language,
    created_time, attributes, attributes.KEY. Only body is needed; id is the row's number when it
    is missing. A row that cannot be read is reported and the others go on.

    \b
      switchyard triage tickets.csv
      switchyard triage tickets.jsonl.gz --out answers.jsonl
      switchyard triage tickets.jsonl.gz --out answers.jsonl --resume
      switchyard triage export.csv --map body=description,attributes.plan=tier
      zcat old.csv.gz | switchyard triage - --json | jq .category
      switchyard triage --text "I was charged twice" --attribute plan=pro

    Answers are written as they come, each with its row number, in whole lines. After Ctrl-C, or
    when the server goes away, --resume goes on with the same FILE, --out and --parts. Every row is
    sent with a request id made from the batch and the row, so that a row which was answered but not
    yet written is not triaged a second time: the server gives its first answer again.
    """
    if (options["file"] is None) == (options["text"] is None):
        raise click.UsageError("give either a FILE, - for standard input, or --text")
    if options["text"] is not None:
        _refuse(context, "--text", _OF_A_FILE)
        _triage_text(options)
    else:
        _refuse(context, "a FILE", _OF_A_TEXT)
        context.exit(run_batch(_order(options)))


def _refuse(context: click.Context, beside: str, names: Mapping[str, str]) -> None:
    for key, name in names.items():
        if context.get_parameter_source(key) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"{name} does not go with {beside}")


def _triage_text(options: dict[str, Any]) -> None:
    text = options["text"]
    digest = hashlib.sha256(text.encode(errors="replace")).hexdigest()
    ticket = Ticket(
        id=options["ticket_id"] or f"text-{digest[:8]}",
        subject=options["subject"],
        body=text,
        channel=Channel[options["channel"].upper()] if options["channel"] else Channel.UNSPECIFIED,
        attributes=parse_attributes(options["attributes"]),
    )
    triage_one(
        options["endpoint"], ticket, parse_parts(options["parts"]), is_json=options["is_json"]
    )


def _order(options: dict[str, Any]) -> BatchOrder:
    parts = parse_parts(options["parts"])
    form = options["input_format"]
    return BatchOrder(
        endpoint=options["endpoint"],
        file=options["file"],
        columns=_columns(options["mappings"]),
        input_format=RecordFormat(form) if form else None,
        options=TriageOptions(parts=parts) if parts else None,
        out=_checked_out(options),
        out_format=_out_format(options),
        is_streamed=options["is_json"],
        is_resumed=options["resume"],
        is_replaced=options["overwrite"],
        shown_rows=options["shown_rows"],
    )


def _columns(mappings: tuple[str, ...]) -> ColumnMap:
    try:
        return ColumnMap.parse(mappings)
    except InvalidMapping as error:
        raise click.BadParameter(str(error), param_hint="--map") from None


def _checked_out(options: dict[str, Any]) -> Path | None:
    out: Path | None = options["out"]
    if out is None and (options["resume"] or options["overwrite"]):
        raise click.UsageError("--resume and --overwrite need --out")
    if options["resume"] and options["overwrite"]:
        raise click.UsageError("--resume and --overwrite exclude each other")
    if out is None:
        return None
    if options["is_json"]:
        raise click.UsageError("--json writes to standard output; with --out, use --format jsonl")
    _check_paths(Path(options["file"]), out)
    if options["resume"] and out.exists() and not out.is_file():
        raise click.UsageError(f"{out} is no file: --resume cannot go on with it")
    return out


def _check_paths(file: Path, out: Path) -> None:
    is_piped = str(file) == "-"
    if not is_piped and not file.exists():
        raise click.UsageError(f"there is no file {file}")
    if not is_piped and out.exists() and out.samefile(file):
        raise click.UsageError(f"{out} is the input")


def _out_format(options: dict[str, Any]) -> AnswerFormat:
    if options["out_format"]:
        return AnswerFormat(options["out_format"])
    is_csv = options["out"] is not None and options["out"].suffix.lower() == ".csv"
    return AnswerFormat.CSV if is_csv else AnswerFormat.JSONL
