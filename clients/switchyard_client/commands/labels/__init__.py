"""`switchyard labels`: tickets of which the truth is known."""

import click

from switchyard_client.commands.connection_options import connection_options
from switchyard_client.commands.labels.exporting import export_labels
from switchyard_client.commands.labels.import_command import import_labels


@click.group()
@connection_options
def labels() -> None:
    """Labels: tickets of which the truth is known. Models are trained on them.

    Every correction makes one (`switchyard review`, `switchyard feedback submit`); a history of
    answered tickets makes thousands at once.

    \b
      switchyard labels import history.csv --dry-run
      switchyard labels import history.csv --add-categories
      switchyard labels export labels.jsonl
      switchyard train
    """


for command in (import_labels, export_labels):
    labels.add_command(command)
