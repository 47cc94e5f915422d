"""`switchyard feedback summary`: how good triage is, by what people say."""

from collections.abc import Iterable
from typing import Any

import click

from switchyard_client.commands.asking import ask_client
from switchyard_client.commands.connection_options import takes_endpoint
from switchyard_client.commands.console import counted, stdout
from switchyard_client.commands.endpoint import Endpoint
from switchyard_client.commands.feedback.arguments import filter_of, filter_options
from switchyard_client.commands.options import json_option
from switchyard_client.commands.tables import Cell, Row, print_facts, print_table, show_json
from switchyard_client.feedback import FeedbackClient
from switchyard_client.messages.switchyard.feedback.v1 import (
    Agreement,
    FeedbackGrouping,
    FeedbackSummary,
    Ratings,
    ReviewerPair,
    Share,
)
from switchyard_client.report import figures

_GROUPINGS = {str(one.name).lower(): one for one in FeedbackGrouping if one}


@click.command("summary")
@click.option("--by", type=click.Choice(list(_GROUPINGS)), help="In groups, too.")
@filter_options
@json_option
@takes_endpoint
def summarize_feedback(
    endpoint: Endpoint, by: str | None, *, is_json: bool, **options: Any
) -> None:
    """Sum feedback up: how often answers are overturned and accepted, how they are rated, how far
    reviewers agree. Without a filter it is that of the last 90 days.

    In brackets stand intervals that cover the truth in 95 of 100 cases. Kappa and alpha are
    agreement beyond chance: 1 is full, 0 what chance brings.

    \b
      switchyard feedback summary
      switchyard feedback summary --by category --since 30d
      switchyard feedback summary --by model --json | jq .groups[].key
    """
    wanted, group_by = filter_of(options), _GROUPINGS.get(by or "", FeedbackGrouping.UNSPECIFIED)
    found = ask_client(endpoint, FeedbackClient, lambda client: client.summarize(wanted, group_by))
    if is_json:
        show_json(found, indent=2)
        return
    whole = found.summary or FeedbackSummary()
    print_facts(_facts(whole))
    if pairs := (whole.agreement or Agreement()).pairs:
        stdout().print()
        print_table([_pair(pair) for pair in pairs], nothing="")
    if by:
        stdout().print()
        rows = [_group(by, one.key, one.summary or FeedbackSummary()) for one in found.groups]
        print_table(rows, nothing="no feedback")


def _facts(found: FeedbackSummary) -> Row:
    facts: dict[str, Cell] = {
        "feedback": f"{counted(found.feedback, 'piece')} on {counted(found.runs, 'run')}",
        "overturned": _share(found.overturned),
    }
    for one in found.fields:
        facts[f"  {one.field}"] = _share(one.overturned)
    return {
        **facts,
        "accepted": _share(found.accepted),
        "rating": _ratings(found.ratings or Ratings()),
        "satisfied": _share((found.ratings or Ratings()).satisfied),
        "agreement": _agreement(found.agreement or Agreement()),
    }


def _group(by: str, key: str, found: FeedbackSummary) -> Row:
    ratings = found.ratings or Ratings()
    return {
        by: key or "(none)",
        "runs": found.runs,
        "overturned": _share(found.overturned),
        "accepted": _share(found.accepted),
        "rating": "" if ratings.mean is None else f"{ratings.mean:.2f}",
        "satisfied": _share(ratings.satisfied),
    }


def _pair(pair: ReviewerPair) -> Row:
    return {
        "reviewers": f"{pair.reviewer} and {pair.other}",
        "runs": pair.runs,
        "agree": figures.share(pair.observed),
        "kappa": _bounded(pair.kappa, pair.lower, pair.upper),
    }


def _share(share: Share | None) -> str:
    if share is None or not share.total:
        return ""
    bounds = f"[{share.lower * 100:.1f}, {share.upper * 100:.1f}]"
    return f"{figures.share(share.share)} {bounds}, {share.count:,} of {share.total:,}"


def _ratings(ratings: Ratings) -> str:
    counts = ", ".join(_counted(ratings.counts))
    mean = _bounded(ratings.mean, ratings.lower, ratings.upper)
    return f"{mean} of {ratings.count:,} ({counts})" if mean else ""


def _counted(counts: Iterable[int]) -> Iterable[str]:
    return (f"{count:,} x {rating}" for rating, count in enumerate(counts, start=1) if count)


def _agreement(agreement: Agreement) -> str:
    if not agreement.runs:
        return ""
    told = f"on {counted(agreement.runs, 'run')} with two or more reviewers"
    if agreement.observed is not None:
        told = f"{figures.share(agreement.observed)} {told}"
    alpha = _bounded(agreement.alpha, agreement.alpha_lower, agreement.alpha_upper)
    return f"{told}, alpha {alpha}" if alpha else told


def _bounded(value: float | None, lower: float | None, upper: float | None) -> str:
    if value is None:
        return ""
    # Where nothing has varied yet, an interval has no width, and tells nothing of how sure it is.
    is_known = lower is not None and upper is not None and lower < upper
    return f"{value:.2f} [{lower:.2f}, {upper:.2f}]" if is_known else f"{value:.2f}"
