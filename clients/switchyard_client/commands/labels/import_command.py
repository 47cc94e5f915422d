"""`switchyard labels import`: its options."""

from pathlib import Path
from typing import Any

import click

from switchyard_client.commands.connection_options import takes_endpoint
from switchyard_client.commands.labels.importing import ImportOrder, run_import
from switchyard_client.labels import FIELDS, LabelColumns


def _column_options(command: Any) -> Any:
    """Adds --text-column and those of the other fields."""
    for field, names in reversed([*FIELDS.items()]):
        command = click.option(
            f"--{field}-column",
            f"{field}_column",
            metavar="COLUMN",
            help=f"Holds the {field}.  [default: {', '.join(names)}]",
        )(command)
    return command


@click.command("import")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@_column_options
@click.option("--replace", is_flag=True, help="Replace another label of the same text.")
@click.option("--dry-run", "is_check", is_flag=True, help="Check all of it and import nothing.")
@click.option(
    "--add-categories",
    "adds_categories",
    is_flag=True,
    help="First add the categories that the taxonomy lacks.",
)
@click.option(
    "--failures",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the rows that failed here, as JSON lines with their problem.",
)
@takes_endpoint
@click.pass_context
def import_labels(context: click.Context, /, files: tuple[str, ...], **options: Any) -> None:
    """Import labelled tickets from FILEs: JSONL or CSV, gzipped or not; - is standard input.

    Columns are found by the names that they usually go by, and shown. A text is needed, and one
    thing that is known of it. Priorities are low, medium, high, urgent; sentiments are negative,
    neutral, positive; a resolution is seconds, or 90m, 24h, 3d. "Card arrival" in the file is
    category card_arrival.

    \b
      switchyard labels import history.csv --dry-run
      switchyard labels import history.csv.gz --text-column question --category-column queue
      switchyard labels import history.jsonl --add-categories --failures failed.jsonl
      switchyard labels import failed.jsonl --replace

    What the progress shows is committed. A label that is there already changes nothing, so that a
    command which was interrupted is simply given again. A text that has another label is refused
    without --replace. A category that --add-categories adds gets a name and a title made of the
    file's, and up to five of its texts as example sentences.
    """
    chosen = {field: options[f"{field}_column"] for field in FIELDS}
    order = ImportOrder(
        endpoint=options["endpoint"],
        files=files,
        columns=LabelColumns({f: column for f, column in chosen.items() if column is not None}),
        replace=options["replace"],
        is_check=options["is_check"],
        adds_categories=options["adds_categories"],
        failures=options["failures"],
    )
    context.exit(run_import(order))
