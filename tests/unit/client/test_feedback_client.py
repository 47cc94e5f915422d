"""The feedback client's streams and pages."""

from collections.abc import AsyncIterator

import pytest
from google.rpc import code_pb2
from switchyard.feedback.v1 import feedback_pb2, feedback_service_pb2, model_pb2
from switchyard_client import (
    BudgetField,
    Conflict,
    ErrorBudget,
    ExportFormat,
    FeedbackClient,
    Label,
    ReviewReason,
)

from tests.unit.client.fake_feedback import FakeFeedback, make_item
from tests.unit.client.fake_service import FakeServer, status

MORE = "more"  # the token of a second page


@pytest.fixture
async def client(fake: FakeServer) -> AsyncIterator[FeedbackClient]:
    """A client of the fake server."""
    async with FeedbackClient(fake.address) as open_client:
        yield open_client


async def labels(*texts: str) -> AsyncIterator[Label]:
    """Labels of one category."""
    for text in texts:
        yield Label(body=text, category="billing")


async def test_feedback_is_listed_page_by_page(
    client: FeedbackClient, feedback: FakeFeedback
) -> None:
    pieces = [feedback_pb2.Feedback(name=f"feedback/{n}") for n in (1, 2)]
    feedback.answers["ListFeedback"] = [
        feedback_service_pb2.ListFeedbackResponse(feedback=pieces[:1], next_page_token=MORE),
        feedback_service_pb2.ListFeedbackResponse(feedback=pieces[1:]),
    ]
    assert [one.name async for one in client.list()] == ["feedback/1", "feedback/2"]


async def test_models_are_listed_page_by_page(
    client: FeedbackClient, feedback: FakeFeedback
) -> None:
    feedback.answers["ListModels"] = [
        feedback_service_pb2.ListModelsResponse(
            models=[model_pb2.Model(version=2)], next_page_token=MORE
        ),
        feedback_service_pb2.ListModelsResponse(models=[model_pb2.Model(version=1)]),
    ]
    assert [one.version async for one in client.models()] == [2, 1]


async def test_an_import_tells_how_far_it_is(
    client: FeedbackClient, feedback: FakeFeedback
) -> None:
    feedback.answers["ImportLabels"] = [
        feedback_service_pb2.ImportLabelsResponse(read=1, added=1),
        feedback_service_pb2.ImportLabelsResponse(read=2, added=1, unchanged=1),
    ]
    told = [one.read async for one in client.import_labels(labels("a", "b"), replace=True)]
    assert told == [1, 2]
    assert [getattr(one, "replace", None) for one in feedback.requests] == [True, True]


async def test_what_the_labels_raise_ends_an_import(client: FeedbackClient) -> None:
    async def broken() -> AsyncIterator[Label]:
        yield Label(body="a", category="billing")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        _ = [one async for one in client.import_labels(broken())]


async def test_an_export_comes_in_chunks(client: FeedbackClient, feedback: FakeFeedback) -> None:
    feedback.answers["ExportLabels"] = [
        feedback_service_pb2.ExportLabelsResponse(data=b"1\n", labels=1),
        feedback_service_pb2.ExportLabelsResponse(data=b"2\n", labels=2),
    ]
    chunks = [one.data async for one in client.export_labels(ExportFormat.CSV)]
    assert b"".join(chunks) == b"1\n2\n"


async def test_items_are_leased_for_as_long_as_was_asked(
    client: FeedbackClient, feedback: FakeFeedback
) -> None:
    feedback.answers["ListReviewItems"] = [
        feedback_service_pb2.ListReviewItemsResponse(items=[make_item()], waiting=4)
    ]
    answer = await client.review_items(lease_s=90, reason=ReviewReason.AUDIT)
    assert (len(answer.items), answer.waiting) == (1, 4)
    (request,) = feedback.requests
    assert isinstance(request, feedback_service_pb2.ListReviewItemsRequest)
    assert request.lease.seconds == 90


async def test_a_stale_etag_is_a_conflict(client: FeedbackClient, feedback: FakeFeedback) -> None:
    feedback.failure = status(code_pb2.ABORTED, "STALE_ETAG", "it has changed")
    with pytest.raises(Conflict):
        await client.set_budget(ErrorBudget(field=BudgetField.CATEGORY, etag="3"))
