"""Messages of feedback to values, and back."""

from collections.abc import Sequence

from switchyard.feedback.v1 import feedback_pb2 as pb
from switchyard.feedback.v1 import feedback_service_pb2

from server.feedback.errors import InvalidFeedback
from server.feedback.submission.effects import Effects
from server.feedback.submission.feedback import (
    Acceptance,
    Correction,
    Feedback,
    Resolution,
    Said,
)
from server.feedback.submission.store import FeedbackFilter, Submitted
from server.triage.assessment import Priority, Sentiment
from server.triage.wire import read_time
from server.violation import FieldViolation
from server.wire_values import (
    enum_number,
    read_seconds,
    write_moment,
    write_seconds,
)

PAGE_BYTES = 2 * 1024 * 1024  # clients refuse messages beyond 4 MiB


def read_said(message: pb.Feedback) -> Said:
    """What is said. Raises InvalidFeedback where an article is named twice."""
    articles = {verdict.article: verdict.is_helpful for verdict in message.articles}
    if len(articles) < len(message.articles):
        fault = FieldViolation("feedback.articles", "must name each article once")
        raise InvalidFeedback([fault])
    return Said(
        rating=message.rating if message.HasField("rating") else None,
        correction=_read_correction(message.correction),
        acceptance=Acceptance(message.acceptance) if message.acceptance else None,
        comment=message.comment,
        articles=articles,
        resolution=_read_resolution(message) if message.HasField("resolution") else None,
    )


def _read_correction(message: pb.Correction) -> Correction:
    def stated(name: str) -> bool:
        return bool(message.HasField(name))

    return Correction(
        category=message.category if stated("category") else None,
        priority=Priority(message.priority) if message.priority else None,
        sentiment=Sentiment(message.sentiment) if message.sentiment else None,
        escalation=message.requires_human_escalation
        if stated("requires_human_escalation")
        else None,
        reply=message.reply if stated("reply") else None,
    )


def _read_resolution(message: pb.Feedback) -> Resolution:
    resolution = message.resolution
    time_s = read_seconds(resolution.time) if resolution.HasField("time") else None
    return Resolution(resolution.without_person, time_s)


def read_filter(message: pb.FeedbackFilter) -> FeedbackFilter:
    """The filter of a listing. Raises InvalidFieldValue."""
    return FeedbackFilter(
        run_id=message.run.removeprefix("triageRuns/"),
        reviewer=message.reviewer,
        category=message.category,
        is_overturned=message.overturned,
        start_time=read_time(message, "start_time", "filter"),
        end_time=read_time(message, "end_time", "filter"),
    )


def write_submitted(submitted: Submitted) -> feedback_service_pb2.SubmitFeedbackResponse:
    """Feedback and what it has set in motion."""
    return feedback_service_pb2.SubmitFeedbackResponse(
        feedback=write_feedback(submitted.feedback),
        effects=_write_effects(submitted.effects),
        is_repeated=submitted.is_repeated,
    )


def write_page(found: Sequence[Feedback]) -> list[pb.Feedback]:
    """As much of a page as fits in a message that clients take; the first in any case."""
    page: list[pb.Feedback] = []
    room = PAGE_BYTES
    for feedback in found:
        message = write_feedback(feedback)
        room -= message.ByteSize()
        if page and room < 0:
            break
        page.append(message)
    return page


def write_feedback(feedback: Feedback) -> pb.Feedback:
    """Feedback on record."""
    said = feedback.said
    message = pb.Feedback(
        name=f"feedback/{feedback.feedback_id}",
        run=f"triageRuns/{feedback.run_id}",
        reviewer=feedback.reviewer,
        submitter=feedback.submitter,
        rating=said.rating,
        acceptance=enum_number(said.acceptance) if said.acceptance else None,
        comment=said.comment,
        articles=[
            pb.ArticleVerdict(article=article, is_helpful=helped)
            for article, helped in said.articles.items()
        ],
        create_time=write_moment(feedback.create_time),
        replaces=f"feedback/{feedback.replaces}" if feedback.replaces else "",
        in_force=feedback.is_in_force,
    )
    if said.correction != Correction():
        message.correction.CopyFrom(_write_correction(said.correction))
    if said.resolution is not None:
        message.resolution.CopyFrom(_write_resolution(said.resolution))
    return message


def _write_correction(correction: Correction) -> pb.Correction:
    message = pb.Correction(
        category=correction.category,
        priority=enum_number(correction.priority) if correction.priority else None,
        sentiment=enum_number(correction.sentiment) if correction.sentiment else None,
        reply=correction.reply,
    )
    if correction.escalation is not None:
        message.requires_human_escalation = correction.escalation
    return message


def _write_resolution(resolution: Resolution) -> pb.Resolution:
    time_s = resolution.time_s
    return pb.Resolution(
        without_person=resolution.without_person,
        time=None if time_s is None else write_seconds(time_s),
    )


def _write_effects(effects: Effects) -> pb.FeedbackEffects:
    return pb.FeedbackEffects(
        cached_answers_dropped=effects.cached_answers_dropped,
        reusable_answers_dropped=effects.reusable_answers_dropped,
        label=f"labels/{effects.label_id}" if effects.label_id else "",
        label_change=pb.LabelChange.Name(effects.label_change),
        budgets=[
            pb.BudgetEffect(
                field=pb.BudgetField.Name(budget.field),
                was_right=budget.was_right,
                is_counted=budget.is_counted,
                reason=budget.reason,
                has_moved_gate=budget.has_moved_gate,
                threshold=budget.threshold,
            )
            for budget in effects.budgets
        ],
        outcomes=[
            pb.OutcomeEffect(
                experiment=outcome.experiment,
                variant=outcome.variant,
                metric=outcome.metric,
                value=outcome.value,
            )
            for outcome in effects.outcomes
        ],
    )
