"""The typed client of feedback: what people say about triage, and what comes of it."""

from collections.abc import AsyncGenerator, AsyncIterable, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta

from switchyard_client.connection import Connection
from switchyard_client.messages.switchyard.feedback.v1 import (
    ActivateModelRequest,
    ActivateModelResponse,
    BudgetField,
    ErrorBudget,
    ExportFormat,
    ExportLabelsRequest,
    ExportLabelsResponse,
    Feedback,
    FeedbackFilter,
    FeedbackGrouping,
    FeedbackSettings,
    GetErrorBudgetRequest,
    GetErrorBudgetResponse,
    GetFeedbackRequest,
    GetFeedbackResponse,
    GetFeedbackSettingsRequest,
    GetFeedbackSettingsResponse,
    ImportLabelsRequest,
    ImportLabelsResponse,
    Label,
    LabelSource,
    ListFeedbackRequest,
    ListFeedbackResponse,
    ListModelsRequest,
    ListModelsResponse,
    ListOverturnAlarmsRequest,
    ListOverturnAlarmsResponse,
    ListReviewItemsRequest,
    ListReviewItemsResponse,
    Model,
    OverturnAlarm,
    ReleaseReviewItemsRequest,
    ReleaseReviewItemsResponse,
    ResetOverturnAlarmRequest,
    ResetOverturnAlarmResponse,
    ReviewReason,
    SetErrorBudgetRequest,
    SetErrorBudgetResponse,
    StreamReviewItemsRequest,
    StreamReviewItemsResponse,
    SubmitFeedbackRequest,
    SubmitFeedbackResponse,
    SummarizeFeedbackRequest,
    SummarizeFeedbackResponse,
    TrainModelRequest,
    TrainModelResponse,
    UpdateFeedbackSettingsRequest,
    UpdateFeedbackSettingsResponse,
)

_SERVICE = "switchyard.feedback.v1.FeedbackService"


class FeedbackClient(Connection):
    """Calls the feedback service; made and used as a Connection is.

    A `reviewer` who is not named is the caller. An etag says which version is changed, and Conflict
    is raised when it has changed since; empty: whatever it is now.
    """

    async def submit(
        self, feedback: Feedback, *, request_id: str = "", validate_only: bool = False
    ) -> SubmitFeedbackResponse:
        """The feedback and what it has set in motion; when this returns, it is committed.

        The same words of the same reviewer count once, so that a call may be repeated. Raises
        NotFound where there is no such run.
        """
        request = SubmitFeedbackRequest(
            feedback=feedback, request_id=request_id, validate_only=validate_only
        )
        return await self.call(_SERVICE, request, SubmitFeedbackResponse)

    async def get(self, name: str) -> Feedback:
        """One piece of feedback, by "feedback/" and its id. Raises NotFound."""
        response = await self.call(_SERVICE, GetFeedbackRequest(name=name), GetFeedbackResponse)
        return response.feedback or Feedback()

    async def list(
        self, wanted: FeedbackFilter | None = None, *, page_size: int = 50
    ) -> AsyncGenerator[Feedback, None]:
        """The newest first, what was replaced included; a page is fetched when needed."""
        request = ListFeedbackRequest(page_size=page_size, filter=wanted)
        async for page in self.pages(_SERVICE, request, ListFeedbackResponse):
            for feedback in page.feedback:
                yield feedback

    async def summarize(
        self,
        wanted: FeedbackFilter | None = None,
        group_by: FeedbackGrouping = FeedbackGrouping.UNSPECIFIED,
    ) -> SummarizeFeedbackResponse:
        """Feedback in figures, as a whole and in groups; None: that of the last 90 days."""
        request = SummarizeFeedbackRequest(filter=wanted, group_by=group_by)
        return await self.call(_SERVICE, request, SummarizeFeedbackResponse)

    async def review_items(
        self,
        *,
        reviewer: str = "",
        lease_s: float | None = None,
        reason: ReviewReason = ReviewReason.UNSPECIFIED,
        category: str = "",
        page_size: int = 20,
    ) -> ListReviewItemsResponse:
        """What a person should look at next; with a lease nobody else gets it meanwhile."""
        request = ListReviewItemsRequest(
            page_size=page_size,
            reviewer=reviewer,
            lease=None if lease_s is None else timedelta(seconds=lease_s),
            reason=reason,
            category=category,
        )
        return await self.call(_SERVICE, request, ListReviewItemsResponse)

    def stream_review_items(
        self,
        *,
        reviewer: str = "",
        most_leased: int = 1,
        reason: ReviewReason = ReviewReason.UNSPECIFIED,
        category: str = "",
    ) -> AsyncGenerator[StreamReviewItemsResponse, None]:
        """The same as a stream: the next item comes as soon as there is feedback on one.

        Items are leased while the stream is open. An answer without an item: nothing waits now.
        """
        request = StreamReviewItemsRequest(
            reviewer=reviewer, most_leased=most_leased, reason=reason, category=category
        )
        return self.stream(_SERVICE, request, StreamReviewItemsResponse, None)

    async def release_review_items(self, runs: Sequence[str], *, reviewer: str = "") -> int:
        """Hand leased items back, by their runs; how many the reviewer had."""
        request = ReleaseReviewItemsRequest(runs=[*runs], reviewer=reviewer)
        return (await self.call(_SERVICE, request, ReleaseReviewItemsResponse)).released

    async def import_labels(
        self, labels: AsyncIterable[Label], *, replace: bool = False, validate_only: bool = False
    ) -> AsyncGenerator[ImportLabelsResponse, None]:
        """How far the import is, now and then; what has been told of is committed.

        Labels are taken only as fast as the server reads. One that cannot be imported is told by
        its place, and the others go on. The same labels may be sent again. What `labels` raises
        ends the call and is raised here.
        """

        async def requests() -> AsyncGenerator[ImportLabelsRequest, None]:
            async for label in labels:
                yield ImportLabelsRequest(label=label, replace=replace, validate_only=validate_only)

        method = f"{_SERVICE}/ImportLabels"
        answers = self.exchange(method, requests(), ImportLabelsResponse, None)
        async with aclosing(answers):
            async for answer in answers:
                yield answer

    def export_labels(
        self,
        form: ExportFormat = ExportFormat.JSONL,
        *,
        source: LabelSource = LabelSource.UNSPECIFIED,
        category: str = "",
        start_time: datetime | None = None,
    ) -> AsyncGenerator[ExportLabelsResponse, None]:
        """The labels, the oldest first, without personal data: in chunks of whole lines."""
        request = ExportLabelsRequest(
            format=form, source=source, category=category, start_time=start_time
        )
        return self.stream(_SERVICE, request, ExportLabelsResponse, None)

    def train(
        self, *, activate: bool = True, validate_only: bool = False
    ) -> AsyncGenerator[TrainModelResponse, None]:
        """How far the training is, and the model last; who leaves ends it.

        With `activate` the model answers from then on, unless it is worse than the one that does.
        Raises PreconditionFailed where there is too little to learn from.
        """
        request = TrainModelRequest(activate=activate, validate_only=validate_only)
        return self.stream(_SERVICE, request, TrainModelResponse, None)

    async def models(self, *, page_size: int = 20) -> AsyncGenerator[Model, None]:
        """The trained models, the newest first; a page is fetched when needed."""
        request = ListModelsRequest(page_size=page_size)
        async for page in self.pages(_SERVICE, request, ListModelsResponse):
            for model in page.models:
                yield model

    async def activate(self, version: int) -> Model:
        """Let that model answer, in every process at once; 0 is the taxonomy's own."""
        request = ActivateModelRequest(name=f"models/{version}")
        response = await self.call(_SERVICE, request, ActivateModelResponse)
        return response.model or Model()

    async def budget(self, field: BudgetField) -> ErrorBudget:
        """The error budget of a field, and its gates."""
        request = GetErrorBudgetRequest(field=field)
        response = await self.call(_SERVICE, request, GetErrorBudgetResponse)
        return response.error_budget or ErrorBudget(field=field)

    async def set_budget(self, budget: ErrorBudget) -> ErrorBudget:
        """Other terms for its field; without terms the budget is removed."""
        request = SetErrorBudgetRequest(error_budget=budget)
        response = await self.call(_SERVICE, request, SetErrorBudgetResponse)
        return response.error_budget or ErrorBudget(field=budget.field)

    async def settings(self) -> FeedbackSettings:
        """How feedback is put to use."""
        request = GetFeedbackSettingsRequest()
        response = await self.call(_SERVICE, request, GetFeedbackSettingsResponse)
        return response.settings or FeedbackSettings()

    async def update_settings(self, settings: FeedbackSettings) -> FeedbackSettings:
        """Put feedback to use in another way; `settings` are all of them."""
        request = UpdateFeedbackSettingsRequest(settings=settings)
        response = await self.call(_SERVICE, request, UpdateFeedbackSettingsResponse)
        return response.settings or FeedbackSettings()

    async def alarms(self) -> Sequence[OverturnAlarm]:
        """What answers and how often it is overturned, the most alarming first."""
        request = ListOverturnAlarmsRequest()
        return (await self.call(_SERVICE, request, ListOverturnAlarmsResponse)).alarms

    async def reset_alarm(self, kind: str, subject: str) -> OverturnAlarm:
        """Watch a "model", "prompt" or "variant" anew. Raises NotFound."""
        request = ResetOverturnAlarmRequest(kind=kind, subject=subject)
        response = await self.call(_SERVICE, request, ResetOverturnAlarmResponse)
        return response.alarm or OverturnAlarm()
