"""`switchyard feedback`: what people say about triage, and what comes of it."""

import click

from switchyard_client.commands.connection_options import connection_options
from switchyard_client.commands.feedback.alarms import alarms
from switchyard_client.commands.feedback.listing import list_feedback, show_feedback
from switchyard_client.commands.feedback.settings import settings
from switchyard_client.commands.feedback.submitting import submit_feedback
from switchyard_client.commands.feedback.summary import summarize_feedback


@click.group()
@connection_options
def feedback() -> None:
    """What people say about triage, and what comes of it.

    It teaches: every correction is a label, and evidence for error budgets and experiments.

    \b
      switchyard review                                      a terminal for reviewers
      switchyard feedback submit triageRuns/... --category refund
      switchyard feedback list --overturned --since 7d
      switchyard feedback summary --by category
      switchyard feedback settings set --train-after 500
      switchyard feedback alarms
    """


for command in (
    *(submit_feedback, list_feedback, show_feedback, summarize_feedback),
    *(settings, alarms),
):
    feedback.add_command(command)
