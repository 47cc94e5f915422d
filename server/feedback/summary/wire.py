"""Messages of summaries to values, and back."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from switchyard.feedback.v1 import feedback_service_pb2
from switchyard.feedback.v1 import summary_pb2 as pb

from server.feedback.submission.store import FeedbackFilter
from server.feedback.submission.wire import read_filter
from server.feedback.summary.summary import (
    Agreement,
    Grouping,
    Ratings,
    ReviewerPair,
    Share,
    Summary,
)

USUAL = timedelta(days=90)  # that are summed up where nothing else is asked for


def read_request(
    request: feedback_service_pb2.SummarizeFeedbackRequest, now: datetime
) -> tuple[FeedbackFilter, Grouping]:
    """Which feedback to sum up, and how to group it."""
    if request.HasField("filter"):
        which = read_filter(request.filter)
    else:
        which = FeedbackFilter(start_time=now - USUAL)
    return which, Grouping(request.group_by)


def write_response(
    summary: Summary, groups: Sequence[tuple[str, Summary]]
) -> feedback_service_pb2.SummarizeFeedbackResponse:
    """All feedback and its groups."""
    return feedback_service_pb2.SummarizeFeedbackResponse(
        summary=_write_summary(summary),
        groups=[pb.FeedbackGroup(key=key, summary=_write_summary(one)) for key, one in groups],
    )


def _write_summary(summary: Summary) -> pb.FeedbackSummary:
    return pb.FeedbackSummary(
        runs=summary.runs,
        feedback=summary.feedback,
        fields=[
            pb.FieldSummary(field=field, overturned=_write_share(share))
            for field, share in summary.fields.items()
        ],
        overturned=_write_share(summary.overturned),
        accepted=_write_share(summary.accepted),
        ratings=_write_ratings(summary.ratings),
        agreement=_write_agreement(summary.agreement),
    )


def _write_share(share: Share) -> pb.Share:
    lower, upper = share.interval
    return pb.Share(
        total=share.total, count=share.count, share=share.value, lower=lower, upper=upper
    )


def _write_ratings(ratings: Ratings) -> pb.Ratings:
    interval = ratings.interval
    return pb.Ratings(
        count=ratings.total,
        mean=ratings.mean,
        lower=interval and interval.lower,
        upper=interval and interval.upper,
        satisfied=_write_share(ratings.satisfied),
        counts=ratings.counts,
    )


def _write_agreement(agreement: Agreement) -> pb.Agreement:
    interval = agreement.interval
    return pb.Agreement(
        runs=agreement.runs,
        observed=agreement.observed,
        alpha=agreement.alpha,
        alpha_lower=interval and interval.lower,
        alpha_upper=interval and interval.upper,
        pairs=[_write_pair(pair) for pair in agreement.pairs],
    )


def _write_pair(pair: ReviewerPair) -> pb.ReviewerPair:
    interval = pair.interval
    return pb.ReviewerPair(
        reviewer=pair.reviewer,
        other=pair.other,
        runs=pair.runs,
        observed=pair.observed,
        kappa=pair.kappa,
        lower=interval and interval.lower,
        upper=interval and interval.upper,
    )
