"""switchyard.feedback.v1.FeedbackService: messages in, messages out."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import grpc
from switchyard.feedback.v1 import feedback_service_pb2 as pb
from switchyard.feedback.v1 import feedback_service_pb2_grpc

from server.caller import caller_of
from server.feedback import automation_wire
from server.feedback.alarm import wire as alarm_wire
from server.feedback.alarm.settings_store import SettingsStore
from server.feedback.alarm.watch_store import WatchStore
from server.feedback.exchange import wire as exchange_wire
from server.feedback.exchange.exporting import LabelExports
from server.feedback.exchange.importing import LabelImports
from server.feedback.review import wire as review_wire
from server.feedback.review.reviews import Reviews
from server.feedback.review.streaming import ReviewStreams
from server.feedback.submission import wire as submission_wire
from server.feedback.submission.store import FeedbackStore
from server.feedback.submission.submit import Submission, Submissions
from server.feedback.summary import wire as summary_wire
from server.feedback.summary.summaries import Summaries
from server.feedback.training import wire as training_wire
from server.feedback.training.trainings import Trainings
from server.paging import make_page_token, read_page_token
from server.streams import ServerDraining
from server.triage.automation.budget import Field
from server.triage.automation.catalog import AutomationCatalog
from server.triage.automation.store import AutomationStore
from server.triage.catalog import TaxonomyCatalog
from server.triage.models.model import OWN
from server.triage.models.model_store import ModelStore
from server.wire_values import read_seconds

Context = grpc.aio.ServicerContext[Any, Any]

DEFAULT_PAGE_SIZE = 50
DEFAULT_MODELS = 20
DEFAULT_ITEMS = 20


@dataclass(frozen=True, slots=True)
class FeedbackDesks:
    """Who does the work behind the wire."""

    submissions: Submissions
    feedback: FeedbackStore
    summaries: Summaries
    reviews: Reviews
    streams: ReviewStreams
    imports: LabelImports
    exports: LabelExports
    trainings: Trainings
    models: ModelStore
    taxonomies: TaxonomyCatalog
    automation: AutomationStore
    standings: AutomationCatalog
    settings: SettingsStore
    watches: WatchStore


class FeedbackServicer(feedback_service_pb2_grpc.FeedbackServiceServicer):
    """The wire side of feedback. Requests have been validated before they come here."""

    def __init__(
        self,
        desks: FeedbackDesks,
        page_key: bytes,
        draining: asyncio.Event,
        now: Callable[[], datetime],
    ) -> None:
        self._desks = desks
        self._page_key = page_key
        self._draining = draining
        self._now = now

    async def SubmitFeedback(
        self, request: pb.SubmitFeedbackRequest, context: Context
    ) -> pb.SubmitFeedbackResponse:
        """Take feedback in, with everything that it sets in motion."""
        feedback = request.feedback
        submission = Submission(
            tenant=caller_of(context).tenant,
            run_id=feedback.run.removeprefix("triageRuns/"),
            reviewer=_reviewer(feedback.reviewer, context),
            submitter=caller_of(context).subject,
            said=submission_wire.read_said(feedback),
            request_id=request.request_id,
        )
        submitted = await self._desks.submissions.submit(
            submission, validate_only=request.validate_only
        )
        return submission_wire.write_submitted(submitted)

    async def GetFeedback(
        self, request: pb.GetFeedbackRequest, context: Context
    ) -> pb.GetFeedbackResponse:
        """One piece of the tenant's feedback."""
        feedback_id = request.name.removeprefix("feedback/")
        found = await self._desks.feedback.get(caller_of(context).tenant, feedback_id)
        return pb.GetFeedbackResponse(feedback=submission_wire.write_feedback(found))

    async def ListFeedback(
        self, request: pb.ListFeedbackRequest, context: Context
    ) -> pb.ListFeedbackResponse:
        """A page of feedback, the newest first."""
        tenant, size = caller_of(context).tenant, request.page_size or DEFAULT_PAGE_SIZE
        asked = request.filter.SerializeToString(deterministic=True).hex()
        scope = f"feedback\0{tenant}\0{asked}"
        before = read_page_token(request.page_token, scope, self._page_key).hex()
        which = submission_wire.read_filter(request.filter)
        found = await self._desks.feedback.page(tenant, which, before, size + 1)
        shown = submission_wire.write_page(found[:size])
        token = ""
        if len(found) > len(shown):
            last = bytes.fromhex(found[len(shown) - 1].feedback_id)
            token = make_page_token(last, scope, self._page_key)
        return pb.ListFeedbackResponse(feedback=shown, next_page_token=token)

    async def SummarizeFeedback(
        self, request: pb.SummarizeFeedbackRequest, context: Context
    ) -> pb.SummarizeFeedbackResponse:
        """Feedback in figures."""
        which, grouping = summary_wire.read_request(request, self._now())
        summary = await self._desks.summaries.summarize(caller_of(context).tenant, which, grouping)
        return summary_wire.write_response(*summary)

    async def ListReviewItems(
        self, request: pb.ListReviewItemsRequest, context: Context
    ) -> pb.ListReviewItemsResponse:
        """What a person should look at next."""
        items, waiting = await self._desks.reviews.page(
            caller_of(context).tenant,
            _reviewer(request.reviewer, context),
            review_wire.read_wanted(request),
            request.page_size or DEFAULT_ITEMS,
            read_seconds(request.lease) if request.HasField("lease") else None,
        )
        return pb.ListReviewItemsResponse(
            items=[review_wire.write_item(item) for item in items], waiting=waiting
        )

    async def StreamReviewItems(
        self, request: pb.StreamReviewItemsRequest, context: Context
    ) -> AsyncGenerator[pb.StreamReviewItemsResponse, None]:
        """The same for a reviewing tool."""
        found = self._desks.streams.items(
            caller_of(context).tenant,
            _reviewer(request.reviewer, context),
            review_wire.read_wanted(request),
            request.most_leased or 1,
        )
        async with aclosing(found):
            async for item, waiting in found:
                yield review_wire.write_streamed(item, waiting)

    async def ReleaseReviewItems(
        self, request: pb.ReleaseReviewItemsRequest, context: Context
    ) -> pb.ReleaseReviewItemsResponse:
        """Hand items back."""
        released = await self._desks.reviews.release(
            caller_of(context).tenant,
            _reviewer(request.reviewer, context),
            review_wire.read_runs(request),
        )
        return pb.ReleaseReviewItemsResponse(released=released)

    async def ImportLabels(
        self,
        request_iterator: AsyncIterator[pb.ImportLabelsRequest | Exception],
        context: Context,
    ) -> AsyncGenerator[pb.ImportLabelsResponse, None]:
        """Import labels, and tell how far it is."""
        caller, rows = caller_of(context), exchange_wire.read_rows(request_iterator)
        async with aclosing(self._desks.imports.run(caller.tenant, caller.subject, rows)) as told:
            async for progress in told:
                yield exchange_wire.write_progress(progress)

    async def ExportLabels(
        self, request: pb.ExportLabelsRequest, context: Context
    ) -> AsyncGenerator[pb.ExportLabelsResponse, None]:
        """Labels for elsewhere."""
        which, form = exchange_wire.read_export(request)
        async with aclosing(self._desks.exports.run(caller_of(context).tenant, which, form)) as out:
            async for data, labels in out:
                yield exchange_wire.write_chunk(data, labels)

    async def TrainModel(
        self, request: pb.TrainModelRequest, context: Context
    ) -> AsyncGenerator[pb.TrainModelResponse, None]:
        """Train a model, and tell how far it is."""
        caller, desks = caller_of(context), self._desks
        if request.validate_only:
            await desks.trainings.gather(
                caller.tenant, await desks.taxonomies.active(caller.tenant)
            )
            return
        steps = desks.trainings.train(caller.tenant, caller.subject, activates=request.activate)
        async with aclosing(steps):
            async for step in steps:
                yield training_wire.write_step(step)
                if self._draining.is_set():
                    raise ServerDraining

    async def ListModels(
        self, request: pb.ListModelsRequest, context: Context
    ) -> pb.ListModelsResponse:
        """A page of models, the newest first."""
        tenant, size = caller_of(context).tenant, request.page_size or DEFAULT_MODELS
        scope = f"models\0{tenant}"
        token = read_page_token(request.page_token, scope, self._page_key).decode()
        found = await self._desks.models.page(tenant, int(token) if token else None, size + 1)
        if len(found) <= size:  # the taxonomy's own comes last
            found = [*found, await self._desks.models.get(tenant, OWN)]
        token = ""
        if len(found) > size:
            last = str(found[size - 1].version).encode()
            token = make_page_token(last, scope, self._page_key)
        return pb.ListModelsResponse(
            models=[training_wire.write_model(model) for model in found[:size]],
            next_page_token=token,
        )

    async def ActivateModel(
        self, request: pb.ActivateModelRequest, context: Context
    ) -> pb.ActivateModelResponse:
        """Let another model answer."""
        caller, version = caller_of(context), int(request.name.removeprefix("models/"))
        await self._desks.models.activate(caller.tenant, version, caller.subject)
        self._desks.taxonomies.forget(caller.tenant)
        model = await self._desks.models.get(caller.tenant, version)
        return pb.ActivateModelResponse(model=training_wire.write_model(model))

    async def GetErrorBudget(
        self, request: pb.GetErrorBudgetRequest, context: Context
    ) -> pb.GetErrorBudgetResponse:
        """An error budget and its gates."""
        field = Field(request.field)
        budget = await self._desks.automation.get(caller_of(context).tenant, field)
        # In a thread: all gates' curves may take some ten milliseconds.
        written = await asyncio.to_thread(automation_wire.write_budget, budget)
        return pb.GetErrorBudgetResponse(error_budget=written)

    async def SetErrorBudget(
        self, request: pb.SetErrorBudgetRequest, context: Context
    ) -> pb.SetErrorBudgetResponse:
        """Set or remove an error budget."""
        caller, wanted = caller_of(context), request.error_budget
        budget = await self._desks.automation.set(
            caller.tenant,
            Field(wanted.field),
            automation_wire.read_terms(wanted),
            wanted.etag,
            caller.subject,
            self._now(),
        )
        self._desks.standings.forget(caller.tenant)
        # In a thread: all gates' curves may take some ten milliseconds.
        written = await asyncio.to_thread(automation_wire.write_budget, budget)
        return pb.SetErrorBudgetResponse(error_budget=written)

    async def GetFeedbackSettings(
        self, _request: pb.GetFeedbackSettingsRequest, context: Context
    ) -> pb.GetFeedbackSettingsResponse:
        """How feedback is put to use."""
        settings = await self._desks.settings.get(caller_of(context).tenant)
        return pb.GetFeedbackSettingsResponse(settings=alarm_wire.write_settings(settings))

    async def UpdateFeedbackSettings(
        self, request: pb.UpdateFeedbackSettingsRequest, context: Context
    ) -> pb.UpdateFeedbackSettingsResponse:
        """Put it to use in another way."""
        caller = caller_of(context)
        wanted, etag = alarm_wire.read_settings(request.settings), request.settings.etag
        settings = await self._desks.settings.update(
            caller.tenant, wanted, etag, caller.subject, self._now()
        )
        return pb.UpdateFeedbackSettingsResponse(settings=alarm_wire.write_settings(settings))

    async def ListOverturnAlarms(
        self, _request: pb.ListOverturnAlarmsRequest, context: Context
    ) -> pb.ListOverturnAlarmsResponse:
        """What answers, and how often it is overturned."""
        watches = await self._desks.watches.all(caller_of(context).tenant)
        return alarm_wire.write_alarms(watches)

    async def ResetOverturnAlarm(
        self, request: pb.ResetOverturnAlarmRequest, context: Context
    ) -> pb.ResetOverturnAlarmResponse:
        """Watch something anew."""
        caller = caller_of(context)
        watch = await self._desks.watches.reset(
            caller.tenant, alarm_wire.read_subject(request), caller.subject, self._now()
        )
        return pb.ResetOverturnAlarmResponse(alarm=alarm_wire.write_alarm(watch))


def _reviewer(named: str, context: Context) -> str:
    """Who reviews: the caller, unless they say for whom."""
    return named or caller_of(context).subject
