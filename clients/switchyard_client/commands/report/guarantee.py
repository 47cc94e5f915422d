"""`switchyard report guarantee`: what an error budget promises, and how it went."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from switchyard_client.commands.asking import ask_client
from switchyard_client.commands.budget_view import FIELDS, show_budget
from switchyard_client.commands.connection_options import takes_endpoint
from switchyard_client.commands.console import stderr, stdout
from switchyard_client.commands.drawing import draw, out_option
from switchyard_client.commands.endpoint import Endpoint
from switchyard_client.commands.options import json_option
from switchyard_client.commands.tables import show_json
from switchyard_client.feedback import FeedbackClient
from switchyard_client.messages.switchyard.feedback.v1 import ErrorBudget

if TYPE_CHECKING:
    from switchyard_client.report.files import Report


@click.command("guarantee")
@click.argument("field", type=click.Choice(list(FIELDS)), default="category")
@out_option
@json_option
@takes_endpoint
def report_guarantee(endpoint: Endpoint, field: str, out: Path | None, *, is_json: bool) -> None:
    """Tell what the error budget of FIELD promises, and how it was kept; category by default.

    With --out it draws what would be automatic at other budgets, and bound and threshold over
    time; that needs pip install 'switchyard-client[report]'. An HTML file holds everything in
    itself.

    \b
      switchyard report guarantee
      switchyard report guarantee --out guarantee.html
      switchyard report guarantee priority --out pictures/
    """
    budget = ask_client(endpoint, FeedbackClient, lambda client: client.budget(FIELDS[field]))
    if is_json:
        show_json(budget, indent=2)
    else:
        show_budget(budget)
    if out is not None:
        # Behind JSON a program reads nothing else.
        draw(lambda: _report_of(budget), out, stderr() if is_json else stdout())


def _report_of(budget: ErrorBudget) -> "Report":
    from switchyard_client.report.guarantee.pictures import (  # noqa: PLC0415  # imports matplotlib
        report_of,
    )

    return report_of(budget, datetime.now(UTC))
