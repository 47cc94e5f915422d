"""The typed client of the triage service."""

import contextlib
import functools
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Sequence
from datetime import datetime

from switchyard_client.connection import Connection
from switchyard_client.errors import UnsendableRequest, unsendable
from switchyard_client.messages.switchyard.triage.v1 import (
    BatchTriageRequest,
    BatchTriageResponse,
    Decision,
    GetTaxonomyRequest,
    GetTaxonomyResponse,
    GetTriageRunRequest,
    GetTriageRunResponse,
    ListTriageRunsRequest,
    ListTriageRunsResponse,
    StreamTriageRequest,
    StreamTriageResponse,
    Taxonomy,
    Ticket,
    TriageOptions,
    TriagePart,
    TriageRequest,
    TriageResponse,
    TriageResult,
    TriageRun,
    TriageRunFilter,
    UpdateTaxonomyRequest,
    UpdateTaxonomyResponse,
)
from switchyard_client.wire import encoded

UPDATE_DEADLINE_S = 120.0  # the embedded engine is trained before the answer leaves
STREAM_DEADLINE_S = 60.0
MOST_ITEM_BYTES = 4 * 1024 * 1024  # the server would answer a larger one without its index
_SERVICE = "switchyard.triage.v1.TriageService"

Refused = Callable[[BatchTriageRequest, UnsendableRequest], None]


class TriageClient(Connection):
    """Calls the triage service; made and used as a Connection is."""

    async def triage(
        self,
        ticket: Ticket,
        *,
        request_id: str = "",
        parts: Sequence[TriagePart] = (),
        deadline_s: float | None = None,
    ) -> TriageResult:
        """The answer to a ticket; its run is committed.

        `request_id`, a UUID, makes a repeated request safe: the first answer comes again. `parts`
        are those to produce beside what is always there; empty: all.
        """
        request = TriageRequest(ticket=ticket, request_id=request_id, options=_options(parts))
        response = await self.call(_SERVICE, request, TriageResponse, deadline_s)
        return TriageResult() if response.result is None else response.result

    async def stream_triage(
        self,
        ticket: Ticket,
        *,
        request_id: str = "",
        parts: Sequence[TriagePart] = (),
        deadline_s: float = STREAM_DEADLINE_S,
    ) -> AsyncGenerator[StreamTriageResponse, None]:
        """Events as each step starts and ends; the last one holds the full answer."""
        request = StreamTriageRequest(ticket=ticket, request_id=request_id, options=_options(parts))
        events = self.stream(_SERVICE, request, StreamTriageResponse, deadline_s)
        async with contextlib.aclosing(events):
            async for event in events:
                yield event

    async def batch_triage(
        self,
        requests: AsyncIterable[BatchTriageRequest],
        *,
        refused: Refused | None = None,
        deadline_s: float | None = None,
    ) -> AsyncGenerator[BatchTriageResponse, None]:
        """Answers as they finish, in any order; match them by `index`.

        Requests are taken only as fast as the server reads, and the server works only as fast as
        answers are taken. An item that fails carries its status in `error` and the others go on.
        What `requests` raises ends the call and is raised here. An item that cannot be sent, such
        as one beyond MOST_ITEM_BYTES, is given to `refused` with the reason, and the others go on;
        without `refused` it ends the call with that UnsendableRequest.
        """
        method = f"{_SERVICE}/BatchTriage"
        encode = functools.partial(_encoded_item, refused)
        answers = self.exchange(method, requests, BatchTriageResponse, deadline_s, encode)
        async with contextlib.aclosing(answers):
            async for answer in answers:
                yield answer

    async def get_run(self, name: str, *, deadline_s: float | None = None) -> TriageRun:
        """The full record of one decision. Raises NotFound."""
        request = GetTriageRunRequest(name=name)
        response = await self.call(_SERVICE, request, GetTriageRunResponse, deadline_s)
        return TriageRun() if response.run is None else response.run

    async def list_runs(
        self,
        *,
        category: str = "",
        decision: Decision = Decision.UNSPECIFIED,
        ticket_id: str = "",
        start_time: datetime | None = None,
        end_time: datetime | None = None,
        page_size: int = 100,
    ) -> AsyncGenerator[TriageRun, None]:
        """The runs that meet every condition, the newest first; a page is fetched when needed."""
        chosen = TriageRunFilter(
            category=category,
            decision=decision,
            ticket_id=ticket_id,
            start_time=start_time,
            end_time=end_time,
        )
        request = ListTriageRunsRequest(page_size=page_size, filter=chosen)
        async for page in self.pages(_SERVICE, request, ListTriageRunsResponse):
            for run in page.runs:
                yield run

    async def get_taxonomy(self, *, deadline_s: float | None = None) -> Taxonomy:
        """The categories in force."""
        request = GetTaxonomyRequest()
        response = await self.call(_SERVICE, request, GetTaxonomyResponse, deadline_s)
        return Taxonomy() if response.taxonomy is None else response.taxonomy

    async def update_taxonomy(
        self,
        taxonomy: Taxonomy,
        *,
        validate_only: bool = False,
        deadline_s: float = UPDATE_DEADLINE_S,
    ) -> Taxonomy:
        """Replace the categories; the taxonomy then in force.

        `taxonomy` carries the etag of the one that it replaces. Raises Conflict when that is not
        the current one any more.
        """
        request = UpdateTaxonomyRequest(taxonomy=taxonomy, validate_only=validate_only)
        response = await self.call(_SERVICE, request, UpdateTaxonomyResponse, deadline_s)
        return Taxonomy() if response.taxonomy is None else response.taxonomy


def _options(parts: Sequence[TriagePart]) -> TriageOptions | None:
    return TriageOptions(parts=list(parts)) if parts else None


def _encoded_item(refused: Refused | None, request: BatchTriageRequest) -> bytes | None:
    try:
        return _sendable(request)
    except UnsendableRequest as error:
        if refused is None:
            raise
        refused(request, error)
        return None


def _sendable(request: BatchTriageRequest) -> bytes:
    data = encoded(request)
    if len(data) > MOST_ITEM_BYTES:
        size = f"makes item {request.index} {len(data):,} bytes long"
        raise unsendable("ticket", f"{size}; at most {MOST_ITEM_BYTES:,} can be sent")
    return data
