"""switchyard.triage.v1.TriageService: messages in, messages out. The pipeline decides."""

import asyncio
import math
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import Any

import grpc
from google.rpc.status_pb2 import Status
from switchyard.triage.v1 import triage_service_pb2 as pb
from switchyard.triage.v1 import triage_service_pb2_grpc

from interceptors.errors import InvalidRequest
from server.caller import caller_of
from server.paging import make_page_token, read_page_token
from server.streams import answer_each
from server.triage import wire
from server.triage.answer_store import answer_tags
from server.triage.catalog import TaxonomyCatalog
from server.triage.engine import Attempt
from server.triage.errors import UnknownCategory
from server.triage.narration import ReplyPiece
from server.triage.pipeline import Event, Order, Recorded, StepStarted, TriagePipeline
from server.triage.run import Run, StepReport
from server.triage.store import RunFilter, RunStore
from server.wire_values import enum_number

Context = grpc.aio.ServicerContext[Any, Any]
Ticketed = pb.TriageRequest | pb.StreamTriageRequest | pb.BatchTriageRequest

DEFAULT_PAGE_SIZE = 50
FETCH_SIZE = 50  # rows that one query brings
PAGE_BYTES = 2 * 1024 * 1024  # of tickets; clients refuse messages beyond 4 MiB


class TriageServicer(triage_service_pb2_grpc.TriageServiceServicer):
    """The wire side of triage. Requests have been validated before they come here."""

    def __init__(
        self,
        pipeline: TriagePipeline,
        catalog: TaxonomyCatalog,
        runs: RunStore,
        status_of: Callable[[Any, Exception], Status],
        page_key: bytes,
        batch_slots: int,
        draining: asyncio.Event,
    ) -> None:
        self._pipeline = pipeline
        self._catalog = catalog
        self._runs = runs
        self._status_of = status_of
        self._page_key = page_key
        self._batch_slots = batch_slots
        self._draining = draining

    async def Triage(self, request: pb.TriageRequest, context: Context) -> pb.TriageResponse:
        """Triage one ticket."""
        if request.options.validate_only:
            return pb.TriageResponse()
        call: Any = context
        recorded = await self._pipeline.triage(_order(request, call))
        call.may_be_kept = not recorded.run.answer.is_degraded
        call.tag_answer(*answer_tags(recorded.run))
        return pb.TriageResponse(result=wire.write_result(recorded.run, recorded.steps))

    async def StreamTriage(
        self, request: pb.StreamTriageRequest, context: Context
    ) -> AsyncGenerator[pb.StreamTriageResponse, None]:
        """Triage one ticket, an event a step."""
        if request.options.validate_only:
            return
        async with aclosing(self._pipeline.run(_order(request, context))) as events:
            async for event in events:
                yield _write_event(event)

    async def BatchTriage(
        self,
        request_iterator: AsyncIterator[pb.BatchTriageRequest | Exception],
        context: Context,
    ) -> AsyncGenerator[pb.BatchTriageResponse, None]:
        """Triage a stream of tickets, a bounded number at once."""

        async def answer(
            position: int, item: pb.BatchTriageRequest | Exception
        ) -> pb.BatchTriageResponse:
            return await self._answer_item(position, item, context)

        answers = answer_each(request_iterator, answer, self._batch_slots, self._draining)
        async with aclosing(answers):
            async for response in answers:
                yield response

    async def GetTriageRun(
        self, request: pb.GetTriageRunRequest, context: Context
    ) -> pb.GetTriageRunResponse:
        """One run of the caller's tenant."""
        run_id = request.name.removeprefix("triageRuns/")
        run = await self._runs.get(caller_of(context).tenant, run_id)
        return pb.GetTriageRunResponse(run=wire.write_run(run))

    async def ListTriageRuns(
        self, request: pb.ListTriageRunsRequest, context: Context
    ) -> pb.ListTriageRunsResponse:
        """A page of runs, the newest first."""
        tenant = caller_of(context).tenant
        scope = (
            f"triage_runs\0{tenant}\0{request.filter.SerializeToString(deterministic=True).hex()}"
        )
        before = read_page_token(request.page_token, scope, self._page_key).hex()
        which = wire.read_filter(request.filter)
        size = request.page_size or DEFAULT_PAGE_SIZE
        runs, more = await self._page(tenant, which, before, size)
        if not runs:
            await self._check_category(tenant, which)
        token = ""
        if more:
            token = make_page_token(bytes.fromhex(runs[-1].run_id), scope, self._page_key)
        return pb.ListTriageRunsResponse(
            runs=[wire.write_run(run) for run in runs], next_page_token=token
        )

    async def GetTaxonomy(
        self, _request: pb.GetTaxonomyRequest, context: Context
    ) -> pb.GetTaxonomyResponse:
        """The taxonomy in force."""
        active = await self._catalog.active(caller_of(context).tenant)
        return pb.GetTaxonomyResponse(taxonomy=wire.write_taxonomy(active.taxonomy))

    async def UpdateTaxonomy(
        self, request: pb.UpdateTaxonomyRequest, context: Context
    ) -> pb.UpdateTaxonomyResponse:
        """Replace the taxonomy and train its model."""
        caller = caller_of(context)
        taxonomy = await self._catalog.update(
            caller.tenant,
            request.taxonomy.etag,
            [wire.read_category(c, i) for i, c in enumerate(request.taxonomy.categories)],
            caller.subject,
            validate_only=request.validate_only,
        )
        return pb.UpdateTaxonomyResponse(taxonomy=wire.write_taxonomy(taxonomy))

    async def _answer_item(
        self, position: int, item: pb.BatchTriageRequest | Exception, context: Context
    ) -> pb.BatchTriageResponse:
        """The answer to one item of a batch, or the status that says why there is none."""
        if isinstance(item, Exception):
            return _failed(item, position, self._status_of(context, item))
        index, ticket_id = item.index, item.ticket.id
        if item.options.validate_only:
            return pb.BatchTriageResponse(index=index, ticket_id=ticket_id)
        try:
            recorded = await self._pipeline.triage(_order(item, context))
        except Exception as error:  # every failure of an item is its answer
            status = self._status_of(context, error)
            return pb.BatchTriageResponse(index=index, ticket_id=ticket_id, error=status)
        result = wire.write_result(recorded.run, recorded.steps)
        return pb.BatchTriageResponse(index=index, ticket_id=ticket_id, result=result)

    async def _page(
        self, tenant: str, which: RunFilter, before: str, size: int
    ) -> tuple[list[Run], bool]:
        """At most `size` runs and about 2 MiB of tickets, and whether there are more."""
        runs: list[Run] = []
        budget = PAGE_BYTES
        while True:
            wanted = min(FETCH_SIZE, size - len(runs))
            fetched = await self._runs.page(tenant, which, before, wanted + 1)
            for run in fetched[:wanted]:
                runs.append(run)
                budget -= len(run.ticket_record)
                if budget <= 0:
                    return runs, len(fetched) > 1
            if len(fetched) <= wanted or len(runs) == size:
                return runs, len(fetched) > wanted
            before = runs[-1].run_id

    async def _check_category(self, tenant: str, which: RunFilter) -> None:
        """Raises UnknownCategory when the filter names none that is or was."""
        if not which.category:
            return
        active = await self._catalog.active(tenant)
        if which.category in active.taxonomy.by_name:
            return
        if not await self._runs.page(tenant, RunFilter(category=which.category), "", 1):
            raise UnknownCategory("filter.category", which.category)


def _order(request: Ticketed, context: Context) -> Order:
    call: Any = context
    return Order(
        tenant=caller_of(context).tenant,
        ticket=wire.read_ticket(request.ticket),
        request_id=request.request_id,
        parts=wire.read_parts(request.options),
        deadline_s=math.inf if call.deadline_s is None else call.deadline_s,
    )


def _write_event(event: Event) -> pb.StreamTriageResponse:
    match event:
        case StepStarted(step):
            return pb.StreamTriageResponse(step_started=pb.StepStarted(step=enum_number(step)))
        case Recorded(run, steps):
            return pb.StreamTriageResponse(result=wire.write_result(run, steps))
        case StepReport():
            return pb.StreamTriageResponse(step_finished=wire.write_step(event))
        case Attempt():
            return pb.StreamTriageResponse(attempt=wire.write_attempt(event))
        case ReplyPiece(text):
            return pb.StreamTriageResponse(reply_text=text)


def _failed(error: Exception, position: int, status: Status) -> pb.BatchTriageResponse:
    """The answer to an item that never reached the pipeline."""
    if isinstance(error, InvalidRequest):
        item = error.request
        assert isinstance(item, pb.BatchTriageRequest)  # noqa: S101  # the method's own type
        return pb.BatchTriageResponse(index=item.index, ticket_id=item.ticket.id, error=status)
    return pb.BatchTriageResponse(index=position, error=status)
