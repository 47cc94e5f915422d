"""Messages of reviews to values, and back."""

from switchyard.feedback.v1 import feedback_service_pb2 as pb
from switchyard.feedback.v1 import review_pb2

from server.feedback.review.item import ReviewItem, Wanted
from server.triage.review import ReviewReason
from server.triage.wire import write_run
from server.wire_values import enum_number, write_moment


def read_wanted(request: pb.ListReviewItemsRequest | pb.StreamReviewItemsRequest) -> Wanted:
    """Which items are asked for."""
    reason = ReviewReason(request.reason) if request.reason else None
    return Wanted(reason, request.category)


def read_runs(request: pb.ReleaseReviewItemsRequest) -> list[str]:
    """The ids of the runs that are handed back."""
    return [name.removeprefix("triageRuns/") for name in request.runs]


def write_item(item: ReviewItem) -> review_pb2.ReviewItem:
    """An item as reviewers see it."""
    ranked, lease = item.ranked, item.lease
    return review_pb2.ReviewItem(
        run=write_run(item.run),
        reasons=[enum_number(ranked.reason)],
        value=ranked.value,
        similar_waiting=ranked.similar_waiting,
        reviewer="" if lease is None else lease.reviewer,
        lease_expire_time=None if lease is None else write_moment(lease.expire_time),
    )


def write_streamed(item: ReviewItem | None, waiting: int) -> pb.StreamReviewItemsResponse:
    """The next item, or that there is none just now."""
    message = None if item is None else write_item(item)
    return pb.StreamReviewItemsResponse(item=message, waiting=waiting)
