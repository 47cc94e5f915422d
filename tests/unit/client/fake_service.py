"""A triage service for tests of the client: a real socket, made-up answers."""

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from typing import Any, Self

import grpc
from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status
from switchyard.triage.v1 import (
    result_pb2,
    run_pb2,
    taxonomy_pb2,
    ticket_pb2,
    triage_service_pb2,
    triage_service_pb2_grpc,
)

REFUSED = "REFUSE"  # a ticket whose body holds it is refused
PATIENCE_S = 60.0
Context = grpc.aio.ServicerContext[Any, Any]


class FakeTriage(triage_service_pb2_grpc.TriageServiceServicer):
    """Answers every ticket as billing; remembers what it ran."""

    def __init__(self) -> None:
        self.runs: dict[str, run_pb2.TriageRun] = {}
        self.requests: dict[str, str] = {}  # request id -> run
        self.executions = 0
        self.received = 0
        self.taxonomy = starter_taxonomy()
        self.failure: status_pb2.Status | None = None  # every call ends with it
        self.break_after: int | None = None  # answers of a batch, then the stream breaks
        self.metadata: dict[str, str | bytes] = {}
        self.pages = 0
        self.is_silent = False  # no call is answered
        self.is_degraded = False  # every answer is a lesser engine's
        self.is_guaranteed = True  # every bound on reused answers
        self.pieces: tuple[str, ...] = ()  # of the reply, as it is written

    async def Triage(self, request: Any, context: Context) -> Any:  # noqa: N802  # named by the contract
        """The answer."""
        await self._begin(context)
        return triage_service_pb2.TriageResponse(result=self._answer(request))

    async def StreamTriage(self, request: Any, context: Context) -> AsyncIterator[Any]:  # noqa: N802  # named by the contract
        """The steps, the reply in pieces between two attempts, then the answer."""
        await self._begin(context)
        result = self._answer(request)
        for report in result.steps:
            started = triage_service_pb2.StepStarted(step=report.step)
            yield triage_service_pb2.StreamTriageResponse(step_started=started)
            yield triage_service_pb2.StreamTriageResponse(step_finished=report)
        failed, answered = result.attempts
        yield triage_service_pb2.StreamTriageResponse(attempt=failed)
        for piece in self.pieces:
            yield triage_service_pb2.StreamTriageResponse(reply_text=piece)
        yield triage_service_pb2.StreamTriageResponse(attempt=answered)
        yield triage_service_pb2.StreamTriageResponse(result=result)

    async def BatchTriage(  # noqa: N802  # named by the contract
        self, requests: AsyncIterator[Any], context: Context
    ) -> AsyncIterator[Any]:
        """An answer to each, in order."""
        await self._begin(context)
        answered = 0
        async for request in requests:
            self.received += 1
            if self.break_after is not None and answered >= self.break_after:
                await context.abort(grpc.StatusCode.UNAVAILABLE, "connection reset")
            answered += 1
            yield self._item(request)

    async def GetTriageRun(self, request: Any, context: Context) -> Any:  # noqa: N802  # named by the contract
        """The run, or NOT_FOUND."""
        await self._begin(context)
        if request.name not in self.runs:
            resource = error_details_pb2.ResourceInfo(
                resource_type="triageRuns", resource_name=request.name
            )
            message = f"there is no run {request.name}"
            await _abort(context, status(code_pb2.NOT_FOUND, "RUN_NOT_FOUND", message, resource))
        return triage_service_pb2.GetTriageRunResponse(run=self.runs[request.name])

    async def ListTriageRuns(self, request: Any, context: Context) -> Any:  # noqa: N802  # named by the contract
        """A page, the newest first."""
        await self._begin(context)
        self.pages += 1
        wanted = [r for r in reversed(self.runs.values()) if _meets(r, request.filter)]
        start = int(request.page_token or 0)
        end = start + (request.page_size or 50)
        return triage_service_pb2.ListTriageRunsResponse(
            runs=wanted[start:end], next_page_token=str(end) if end < len(wanted) else ""
        )

    async def GetTaxonomy(self, _: Any, context: Context) -> Any:  # noqa: N802  # named by the contract
        """The categories."""
        await self._begin(context)
        return triage_service_pb2.GetTaxonomyResponse(taxonomy=self.taxonomy)

    async def UpdateTaxonomy(self, request: Any, context: Context) -> Any:  # noqa: N802  # named by the contract
        """Replace them, when the etag is the current one."""
        await self._begin(context)
        if request.taxonomy.etag != self.taxonomy.etag:
            message = "the taxonomy has changed since it was read"
            await _abort(context, status(code_pb2.ABORTED, "STALE_ETAG", message))
        if not request.validate_only:
            revision = self.taxonomy.revision + 1
            self.taxonomy.CopyFrom(request.taxonomy)
            self.taxonomy.revision = revision
            self.taxonomy.etag = f"{revision}-etag"
            self.taxonomy.update_time.GetCurrentTime()
        return triage_service_pb2.UpdateTaxonomyResponse(taxonomy=self.taxonomy)

    async def _begin(self, context: Context) -> None:
        self.metadata = dict(context.invocation_metadata() or ())
        if self.is_silent:
            await asyncio.Event().wait()
        if self.failure is not None:
            await _abort(context, self.failure)

    def _item(self, request: Any) -> Any:
        response = triage_service_pb2.BatchTriageResponse(
            index=request.index, ticket_id=request.ticket.id
        )
        if REFUSED in request.ticket.body:
            response.error.CopyFrom(refusal())
        else:
            response.result.CopyFrom(self._answer(request))
        return response

    def _answer(self, request: Any) -> result_pb2.TriageResult:
        name = self.requests.get(request.request_id)
        if name is None:
            self.executions += 1
            name = f"triageRuns/{self.executions:032x}"
            self.runs[name] = make_run(name, request.ticket, request.request_id)
            self.runs[name].result.degraded = self.is_degraded
            self.runs[name].result.reuse.guaranteed = self.is_guaranteed
            if request.request_id:
                self.requests[request.request_id] = name
        return self.runs[name].result


def make_run(name: str, ticket: ticket_pb2.Ticket, request_id: str) -> run_pb2.TriageRun:
    """A run with everything that a run can hold."""
    run = run_pb2.TriageRun(
        name=name,
        ticket=ticket,
        ticket_digest=b"\x01" * 32,
        request_id=request_id,
        server_version="0.0.1",
        result=make_result(name, ticket.id),
    )
    run.create_time.FromSeconds(1_700_000_000)
    return run


def make_result(name: str, ticket_id: str) -> result_pb2.TriageResult:
    """An answer with everything that an answer can hold."""
    result = result_pb2.TriageResult(
        run=name,
        ticket_id=ticket_id,
        summary="Charged twice.",
        drafted_reply="Hello,\nwe look into it, promised.",
        requires_human_escalation=True,
        decision=result_pb2.DECISION_ESCALATE,
        decision_reason="A person was asked for.",
    )
    result.category.category, result.category.confidence = "billing", 0.9
    result.category.runners_up.add(category="shipping", confidence=0.05)
    result.priority.priority, result.priority.confidence = result_pb2.PRIORITY_HIGH, 0.8
    result.priority.runners_up.add(priority=result_pb2.PRIORITY_MEDIUM, confidence=0.1)
    result.priority.reasons.add(code="PAYMENT", explanation="Money is lost.", evidence="twice")
    result.sentiment.sentiment, result.sentiment.confidence = result_pb2.SENTIMENT_NEGATIVE, 0.7
    result.language.language_code, result.language.confidence = "en", 0.99
    result.escalation_reasons.add(code="WISH", explanation="Wants a person.", evidence="a person")
    result.suggested_articles.add(article="articles/1", title="Refunds", relevance=0.6)
    result.estimated_resolution.FromSeconds(86_400)
    result.engine.engine, result.engine.model, result.engine.version = "fake", "none", "1"
    steps = (result_pb2.STEP_DETECT_LANGUAGE, result_pb2.STEP_ASSIGN, result_pb2.STEP_CLASSIFY)
    for step in steps:
        report = result.steps.add(step=step, finding="found")
        report.duration.FromMilliseconds(2)
    result.attempts.add(
        provider="first", model="m-1", cause="first", outcome="rate_limited"
    ).duration.FromMilliseconds(300)
    result.attempts.add(
        provider="second",
        model="m-2",
        cause="failover",
        outcome="ok",
        input_tokens=812,
        output_tokens=95,
        cost_micro_usd=312,
    ).duration.FromMilliseconds(900)
    result.reuse.source_run = f"triageRuns/{9:032x}"
    result.reuse.similarity, result.reuse.error_bound = 0.9731, 0.018
    result.reuse.guaranteed = True
    result.experiment.name, result.experiment.variant = "experiments/prompts", "short"
    result.experiment.phase, result.experiment.configuration_version = 1, 3
    return result


def starter_taxonomy() -> taxonomy_pb2.Taxonomy:
    """Two categories."""
    taxonomy = taxonomy_pb2.Taxonomy(etag="0-etag")
    for name in ("billing", "shipping"):
        taxonomy.categories.add(
            name=name,
            title=name.title(),
            examples=[f"about {name}"],
            escalation_policy=taxonomy_pb2.ESCALATION_POLICY_BY_RULES,
        ).estimated_resolution.FromSeconds(3600)
    return taxonomy


def status(code: int, reason: str, message: str, *details: Message) -> status_pb2.Status:
    """A status as the service makes it: with ErrorInfo, then other details."""
    made = status_pb2.Status(code=code, message=message)
    info = error_details_pb2.ErrorInfo(reason=reason, domain="switchyard")
    for detail in (info, *details):
        made.details.add().Pack(detail)
    return made


def refusal() -> status_pb2.Status:
    """INVALID_ARGUMENT with the field at fault."""
    violations = error_details_pb2.BadRequest()
    violations.field_violations.add(field="ticket.body", description="must not say REFUSE")
    return status(code_pb2.INVALID_ARGUMENT, "INVALID_FIELD", "the request is invalid", violations)


async def _abort(context: Context, made: status_pb2.Status) -> None:
    await context.abort_with_status(rpc_status.to_status(made))


def _meets(run: run_pb2.TriageRun, wanted: triage_service_pb2.TriageRunFilter) -> bool:
    return (
        (not wanted.ticket_id or run.ticket.id == wanted.ticket_id)
        and (not wanted.category or run.result.category.category == wanted.category)
        and (not wanted.decision or run.result.decision == wanted.decision)
    )


class FakeServer:
    """Serves fakes from a thread of its own, encrypted or not; a context manager."""

    def __init__(
        self,
        service: FakeTriage,
        others: Sequence[grpc.GenericRpcHandler] = (),
        credentials: grpc.ServerCredentials | None = None,
    ) -> None:
        self.service = service
        self._others = others
        self.address = "127.0.0.1:0"
        self._credentials = credentials
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._server: grpc.aio.Server | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(PATIENCE_S)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(PATIENCE_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_S)
        self._loop.close()

    async def _start(self) -> None:
        self._server = grpc.aio.server()
        triage_service_pb2_grpc.add_TriageServiceServicer_to_server(self.service, self._server)  # type: ignore[no-untyped-call]  # generated
        self._server.add_generic_rpc_handlers(self._others)
        self.address = f"127.0.0.1:{self._open_port(self._server)}"
        await self._server.start()

    def _open_port(self, server: grpc.aio.Server) -> int:
        if self._credentials is None:
            return server.add_insecure_port(self.address)
        return server.add_secure_port(self.address, self._credentials)

    async def _stop(self) -> None:
        assert self._server is not None
        await self._server.stop(grace=None)
