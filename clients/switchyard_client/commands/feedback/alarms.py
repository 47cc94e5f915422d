"""`switchyard feedback alarms`: what answers, and how often it is overturned."""

import click

from switchyard_client.commands.asking import ask_client
from switchyard_client.commands.connection_options import connection_options, takes_endpoint
from switchyard_client.commands.console import moment, plain, stdout
from switchyard_client.commands.endpoint import Endpoint
from switchyard_client.commands.options import json_lines_option
from switchyard_client.commands.tables import Page, Row, share, show_page
from switchyard_client.feedback import FeedbackClient
from switchyard_client.messages.switchyard.feedback.v1 import OverturnAlarm
from switchyard_client.report import figures


@click.group(invoke_without_command=True)
@json_lines_option
@connection_options
@click.pass_context
def alarms(context: click.Context, *, is_json: bool) -> None:
    """Watch models, prompts and variants: which are overturned too often.

    \b
      switchyard feedback alarms
      switchyard feedback alarms reset prompt prompts/short
    """
    if context.invoked_subcommand is None:
        context.invoke(list_alarms, is_json=is_json)


@alarms.command("list")
@json_lines_option
@takes_endpoint
def list_alarms(endpoint: Endpoint, *, is_json: bool) -> None:
    """List what answers, the most alarming first.

    \b
      switchyard feedback alarms list
    """
    found = ask_client(endpoint, FeedbackClient, lambda client: client.alarms())
    show_page(Page(found), _row, nothing="nothing is watched yet", is_json=is_json)


@alarms.command("reset")
@click.argument("kind", type=click.Choice(["model", "prompt", "variant"]))
@click.argument("subject")
@takes_endpoint
def reset_alarm(endpoint: Endpoint, kind: str, subject: str) -> None:
    """Watch SUBJECT anew, as if nothing had been judged.

    \b
      switchyard feedback alarms reset model embedded/starter/7
    """
    ask_client(endpoint, FeedbackClient, lambda client: client.reset_alarm(kind, subject))
    stdout().print(plain(f"{kind} {subject} is watched anew"))


def _row(alarm: OverturnAlarm) -> Row:
    rate = alarm.overturned / alarm.judged if alarm.judged else None
    return {
        "subject": alarm.subject,
        "kind": alarm.kind,
        "judged": alarm.judged,
        "overturned": figures.share(rate),
        "evidence": share(alarm.evidence),
        "alarm": plain(moment(alarm.raise_time), "bold red"),
        "action": alarm.action,
    }
