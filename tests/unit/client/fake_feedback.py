"""The feedback service for tests of the client, and what it answers with."""

from datetime import UTC, datetime, timedelta

from switchyard.feedback.v1 import (
    automation_pb2,
    feedback_pb2,
    feedback_service_pb2,
    model_pb2,
    review_pb2,
)
from switchyard.triage.v1 import ticket_pb2

from tests.unit.client.canned import CannedService, methods_of
from tests.unit.client.fake_service import make_run

METHODS = methods_of((feedback_service_pb2,))
START = datetime(2026, 11, 1, 8, tzinfo=UTC)
RUN = f"triageRuns/{1:032x}"


class FakeFeedback(CannedService):
    """Answers every feedback method."""

    def __init__(self) -> None:
        super().__init__(METHODS)


def make_item(number: int = 1) -> review_pb2.ReviewItem:
    """A ticket of which a person was asked, with a suggestion and what it rests on."""
    ticket = ticket_pb2.Ticket(id=f"T-{number}", subject="Twice", body="I was charged twice.")
    item = review_pb2.ReviewItem(
        run=make_run(f"triageRuns/{number:032x}", ticket, ""),
        reasons=[review_pb2.REVIEW_REASON_UNCERTAIN],
        value=0.8,
        similar_waiting=3,
    )
    item.run.result.similar_labels.add(label="labels/1", category="shipping", similarity=0.91)
    item.run.result.gates.add(field="category", confidence=0.7, passed=False, propensity=1)
    return item


def make_model(version: int = 7) -> model_pb2.Model:
    """A trained model that answers."""
    made = model_pb2.Model(
        name=f"models/{version}",
        version=version,
        creator="anna",
        state=model_pb2.MODEL_STATE_ACTIVE,
        taxonomy_revision=3,
        digest="ab" * 32,
        data_digest="cd" * 32,
        size_bytes=1_500_000,
        figures=model_pb2.TrainingFigures(
            labels=9_800,
            skipped=[model_pb2.SkippedLabels(reason="of no category", labels=12)],
            held_out=500,
            accuracy=0.931,
            macro_f1=0.912,
            calibration_error=0.014,
            coverage=[model_pb2.CoveragePoint(confidence=0.9, coverage=0.62, accuracy=0.993)],
            confusions=[model_pb2.Confusion(category="refund", answered="billing", labels=41)],
            learns_priority=True,
        ),
        comparison=model_pb2.ModelComparison(
            other_version=version - 1,
            labels=500,
            both_right=430,
            only_this_right=30,
            only_other_right=12,
            difference=0.036,
            lower=0.019,
            margin=0.01,
            is_no_worse=True,
        ),
    )
    made.create_time.FromDatetime(START)
    made.figures.duration.FromSeconds(95)
    return made


def make_budget() -> automation_pb2.ErrorBudget:
    """A budget with an open gate that once was closed by drift, and one that is closed."""
    made = automation_pb2.ErrorBudget(
        field=feedback_pb2.BUDGET_FIELD_CATEGORY,
        terms=automation_pb2.BudgetTerms(max_error=0.02, confidence=0.95, audit_share=0.1),
        etag="4",
    )
    gate = made.gates.add(
        answerer="embedded/7",
        threshold=0.82,
        reason="The evidence allows it.",
        error_bound=0.018,
        judged=812,
        audited=90,
        wrong=31,
        automated=5_500,
        answers=10_000,
        drift=0.12,
    )
    gate.start_time.FromDatetime(START)
    for max_error, threshold, share in ((0.01, 0.93, 0.31), (0.02, 0.82, 0.55), (0.05, 0.7, 0.74)):
        gate.curve.add(max_error=max_error, threshold=threshold, automated_share=share)
    moments = [(5, 0.82, "evidence"), (4, 0.9, "evidence"), (3, None, "drift"), (1, 0.85, "terms")]
    for day, threshold_then, cause in moments:
        moment = gate.history.add(error_bound=0.019, judged=100 * day, cause=cause)
        moment.time.FromDatetime(START + timedelta(days=day))
        if threshold_then is not None:
            moment.threshold = threshold_then
    made.gates.add(answerer="openai/m-2", reason="Too little evidence.", answers=40)
    return made
