"""`switchyard feedback list` and `show`."""

from collections.abc import Iterator
from typing import Any

import click

from switchyard_client.answers import label
from switchyard_client.commands.asking import ask_client, first_page
from switchyard_client.commands.connection_options import takes_endpoint
from switchyard_client.commands.console import duration
from switchyard_client.commands.endpoint import Endpoint
from switchyard_client.commands.feedback.arguments import feedback_name, filter_of, filter_options
from switchyard_client.commands.options import json_lines_option, json_option, limit_option
from switchyard_client.commands.tables import Row, print_facts, show_json, show_page
from switchyard_client.feedback import FeedbackClient
from switchyard_client.messages.switchyard.feedback.v1 import Correction, Feedback, Resolution

_LARGEST_PAGE = 1000


@click.command("list")
@filter_options
@limit_option
@json_lines_option
@takes_endpoint
def list_feedback(endpoint: Endpoint, limit: int, *, is_json: bool, **options: Any) -> None:
    """List feedback, the newest first; what was replaced is among it.

    TIME is RFC 3339 such as 2026-11-16T06:12Z, or so long ago: 30m, 24h, 7d, 2w.

    \b
      switchyard feedback list --overturned --since 7d
      switchyard feedback list --run triageRuns/...
      switchyard feedback list --limit 1000 --json | jq -r .comment
    """
    wanted, page_size = filter_of(options), min(limit + 1, _LARGEST_PAGE)
    page = ask_client(
        endpoint,
        FeedbackClient,
        lambda client: first_page(client.list(wanted, page_size=page_size), limit),
    )
    show_page(page, _row, nothing="no feedback", is_json=is_json)


@click.command("show")
@click.argument("name", metavar="FEEDBACK")
@json_option
@takes_endpoint
def show_feedback(endpoint: Endpoint, name: str, *, is_json: bool) -> None:
    """Show one piece of feedback: feedback/ and its digits, or the digits alone.

    \b
      switchyard feedback show feedback/...
    """
    wanted = feedback_name(name)
    found = ask_client(endpoint, FeedbackClient, lambda client: client.get(wanted))
    if is_json:
        show_json(found, indent=2)
        return
    articles = [
        f"{one.article} {'helped' if one.is_helpful else 'did not'}" for one in found.articles
    ]
    print_facts(
        {
            **_row(found),
            "submitted by": found.submitter if found.submitter != found.reviewer else "",
            "run": found.run,
            "reply": (found.correction or Correction()).reply or "",
            "articles": ", ".join(articles),
            "resolved": _ending(found.resolution),
            "replaces": found.replaces,
        }
    )


def _row(found: Feedback) -> Row:
    return {
        "feedback": found.name,
        "time": found.create_time,
        "reviewer": found.reviewer,
        "rating": "" if found.rating is None else str(found.rating),
        "says": ", ".join(_said(found)),
        "comment": found.comment,
        "in force": "yes" if found.in_force else "no",
    }


def _said(found: Feedback) -> Iterator[str]:
    if found.acceptance:
        yield label(found.acceptance)
    correction = found.correction or Correction()
    if correction.category is not None:
        yield f"category {correction.category}"
    if correction.priority:
        yield f"priority {label(correction.priority)}"
    if correction.sentiment:
        yield f"sentiment {label(correction.sentiment)}"
    if correction.requires_human_escalation is not None:
        yield "escalate" if correction.requires_human_escalation else "do not escalate"
    if correction.reply is not None:
        yield "another reply"


def _ending(resolution: Resolution | None) -> str:
    if resolution is None:
        return ""
    who = "without a person" if resolution.without_person else "by a person"
    return f"{who}, after {duration(resolution.time.total_seconds())}" if resolution.time else who
