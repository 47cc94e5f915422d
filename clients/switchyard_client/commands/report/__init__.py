"""`switchyard report`: pictures and pages of what was promised."""

import click

from switchyard_client.commands.connection_options import connection_options
from switchyard_client.commands.report.guarantee import report_guarantee


@click.group()
@connection_options
def report() -> None:
    """Reports, drawn. That of an experiment is `switchyard experiment report`.

    \b
      switchyard report guarantee --out guarantee.html
    """


report.add_command(report_guarantee)
