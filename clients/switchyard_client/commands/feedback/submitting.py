"""`switchyard feedback submit`: what one person says about one run."""

from datetime import timedelta
from typing import Any

import click

from switchyard_client.commands.asking import ask_client
from switchyard_client.commands.connection_options import takes_endpoint
from switchyard_client.commands.console import plain, stdout
from switchyard_client.commands.endpoint import Endpoint
from switchyard_client.commands.feedback.arguments import PRIORITIES, SENTIMENTS, run_name
from switchyard_client.commands.feedback.effects_view import describe_effects
from switchyard_client.commands.options import json_option, read_span
from switchyard_client.commands.tables import show_json
from switchyard_client.feedback import FeedbackClient
from switchyard_client.messages.switchyard.feedback.v1 import (
    Acceptance,
    ArticleVerdict,
    Correction,
    Feedback,
    Resolution,
)
from switchyard_client.messages.switchyard.triage.v1 import Priority, Sentiment


@click.command("submit")
@click.argument("run", metavar="RUN")
@click.option("--rating", type=click.IntRange(1, 5), help="1: useless, 5: could not be better.")
@click.option("--category", help="The right category.")
@click.option("--priority", type=click.Choice(list(PRIORITIES)), help="The right priority.")
@click.option("--sentiment", type=click.Choice(list(SENTIMENTS)), help="The right sentiment.")
@click.option("--escalate/--no-escalate", default=None, help="Whether a person had to take it.")
@click.option("--reply", help="The reply that was sent instead.")
@click.option("--accept", "is_accepted", is_flag=True, help="All that is not corrected is right.")
@click.option("--reject", "is_rejected", is_flag=True, help="The answer was of no use.")
@click.option("--comment", default="", help="In your own words.")
@click.option("--helpful", multiple=True, metavar="ARTICLE", help="It helped; repeatable.")
@click.option("--unhelpful", multiple=True, metavar="ARTICLE", help="It did not; repeatable.")
@click.option(
    "--resolved-without-person/--resolved-by-person",
    "without_person",
    default=None,
    help="How the ticket ended.",
)
@click.option(
    "--resolution-time", callback=read_span, metavar="SPAN", help="From arrival to its end: 2h, 3d."
)
@click.option("--reviewer", default="", help="Who says so.  [default: the caller]")
@click.option("--dry-run", "is_check", is_flag=True, help="Check it and do nothing.")
@json_option
@takes_endpoint
def submit_feedback(
    endpoint: Endpoint, run: str, *, is_check: bool, is_json: bool, **options: Any
) -> None:
    """Say what was right or wrong about RUN: triageRuns/ and its digits, or the digits alone.

    What that sets in motion is printed. The same words of the same reviewer count once; who thinks
    better of it submits again. What is not said anew stays as it was said, but --accept and
    --reject judge anew: they take the reviewer's own earlier corrections back.

    \b
      switchyard feedback submit 5f0c... --accept --rating 5
      switchyard feedback submit 5f0c... --category refund --priority high --accept
      switchyard feedback submit 5f0c... --reject --comment "it is about another product"
      switchyard feedback submit 5f0c... --resolved-without-person --resolution-time 2h
    """
    said = _feedback(run_name(run), options)
    if said == Feedback(run=said.run, reviewer=said.reviewer):
        raise click.UsageError("say something: --accept, --category, --rating ...")
    answer = ask_client(
        endpoint, FeedbackClient, lambda client: client.submit(said, validate_only=is_check)
    )
    if is_json:
        show_json(answer, indent=2)
    elif is_check:
        stdout().print("it is valid; nothing was submitted")
    else:
        name = answer.feedback.name if answer.feedback else ""
        stdout().print(plain(f"{name}: {describe_effects(answer)}"))


def _feedback(run: str, options: dict[str, Any]) -> Feedback:
    if options["is_accepted"] and options["is_rejected"]:
        raise click.UsageError("--accept and --reject exclude each other")
    correction = Correction(
        category=options["category"],
        priority=PRIORITIES.get(options["priority"], Priority.UNSPECIFIED),
        sentiment=SENTIMENTS.get(options["sentiment"], Sentiment.UNSPECIFIED),
        requires_human_escalation=options["escalate"],
        reply=options["reply"],
    )
    return Feedback(
        run=run,
        reviewer=options["reviewer"],
        rating=options["rating"],
        correction=None if correction == Correction() else correction,
        acceptance=_acceptance(options),
        comment=options["comment"],
        articles=[
            *(ArticleVerdict(article=name, is_helpful=True) for name in options["helpful"]),
            *(ArticleVerdict(article=name) for name in options["unhelpful"]),
        ],
        resolution=_resolution(options["without_person"], options["resolution_time"]),
    )


def _acceptance(options: dict[str, Any]) -> Acceptance:
    if options["is_accepted"]:
        return Acceptance.ACCEPTED
    return Acceptance.REJECTED if options["is_rejected"] else Acceptance.UNSPECIFIED


def _resolution(without_person: bool | None, time: timedelta | None) -> Resolution | None:
    if without_person is None and time is None:
        return None
    return Resolution(without_person=bool(without_person), time=time)
