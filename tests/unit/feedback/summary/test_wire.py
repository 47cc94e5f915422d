"""Summaries as messages."""

from datetime import timedelta

from switchyard.feedback.v1 import feedback_pb2
from switchyard.feedback.v1 import feedback_service_pb2 as pb

from server.feedback.submission.store import FeedbackFilter
from server.feedback.summary.summary import Agreement, Grouping, Ratings, Share, Summary
from server.feedback.summary.wire import read_request, write_response
from tests.unit.feedback.alarm.runs import START


def test_the_last_90_days_are_summed_up_where_nothing_else_is_asked_for() -> None:
    which, grouping = read_request(pb.SummarizeFeedbackRequest(), START)
    assert which == FeedbackFilter(start_time=START - timedelta(days=90))
    assert grouping is Grouping.NONE


def test_an_empty_filter_asks_for_all_there_is() -> None:
    request = pb.SummarizeFeedbackRequest(filter=feedback_pb2.FeedbackFilter())
    assert read_request(request, START)[0] == FeedbackFilter()


def test_what_is_not_known_is_absent() -> None:
    summary = write_response(Summary(), []).summary
    assert not summary.ratings.HasField("mean")
    assert not summary.agreement.HasField("alpha")
    assert (summary.overturned.lower, summary.overturned.upper) == (0, 1)


def test_what_is_known_is_told() -> None:
    summary = Summary(
        runs=2,
        feedback=3,
        fields={"category": Share(1, 2)},
        ratings=Ratings((0, 0, 0, 1, 1)),
        agreement=Agreement(runs=2, observed=0.0, alpha=0.0),
    )
    response = write_response(summary, [("billing", summary)])
    (group,) = response.groups
    assert group.key == "billing"
    assert group.summary == response.summary
    assert (group.summary.fields[0].field, group.summary.fields[0].overturned.share) == (
        "category",
        0.5,
    )
    assert (group.summary.ratings.mean, group.summary.ratings.satisfied.share) == (4.5, 1)
    assert group.summary.agreement.HasField("alpha")
