"""One batch: rows go out, answers come in, each is counted and handed on."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

from switchyard_client.answered_rows import AnsweredRows
from switchyard_client.answers import Answer, answer_of, failure, failure_of
from switchyard_client.client import TriageClient
from switchyard_client.errors import UnsendableRequest, error_of_status
from switchyard_client.messages.switchyard.triage.v1 import (
    BatchTriageRequest,
    BatchTriageResponse,
    TriageOptions,
)
from switchyard_client.request_ids import request_id_of
from switchyard_client.tickets import BadRow, Row

_MOST_EXAMPLES = 5


@dataclass(slots=True)
class Tally:
    """What has become of the rows so far."""

    answered: int = 0
    degraded: int = 0  # of those, by a lesser engine than was meant to
    failed: int = 0  # sent, and answered with an error
    unreadable: int = 0  # never sent
    skipped: int = 0  # answered before
    categories: Counter[str] = field(default_factory=Counter)
    decisions: Counter[str] = field(default_factory=Counter)
    failures: list[Answer] = field(default_factory=list)  # the first few

    @property
    def done(self) -> int:
        """Rows that need nothing more."""
        return self.answered + self.failed + self.unreadable + self.skipped

    @property
    def errors(self) -> int:
        """Rows without an answer."""
        return self.failed + self.unreadable

    def count(self, record: Answer) -> None:
        """Count the record of a row that was sent."""
        if "error" in record:
            self.failed += 1
            self._keep(record)
        else:
            self.answered += 1
            self.degraded += bool(record["degraded"])
            self.categories[str(record["category"])] += 1
            self.decisions[str(record["decision"])] += 1

    def count_unreadable(self, record: Answer) -> None:
        """Count the record of a row that could not be sent."""
        self.unreadable += 1
        self._keep(record)

    def _keep(self, record: Answer) -> None:
        if len(self.failures) < _MOST_EXAMPLES:
            self.failures.append(record)


class Batch:
    """Sends the rows that have no answer yet; counts and hands on the record of each."""

    def __init__(
        self,
        batch_id: bytes,
        answered: AnsweredRows,
        options: TriageOptions | None,
        take: Callable[[Answer], None],
    ) -> None:
        """`batch_id` is 6 bytes; `take` gets every record, in the order of completion."""
        self.tally = Tally()
        self._id = batch_id
        self._answered = answered
        self._options = options
        self._take = take
        self._request_ids: dict[int, str] = {}  # of the rows on their way: the server bounds them

    @property
    def waiting(self) -> int:
        """Rows that were sent and have no answer yet."""
        return len(self._request_ids)

    async def run(self, client: TriageClient, rows: AsyncIterator[Row | BadRow]) -> None:
        """Until every row has its record. Raises SwitchyardError, NotOurFile, UnreadableInput."""
        async for response in client.batch_triage(self._requests(rows), refused=self._unsent):
            request_id = self._request_ids.pop(response.index, "")
            record = {
                "row": response.index,
                "id": response.ticket_id,
                "request_id": request_id,
                **_outcome(response),
            }
            self.tally.count(record)
            self._take(record)

    async def _requests(
        self, rows: AsyncIterator[Row | BadRow]
    ) -> AsyncIterator[BatchTriageRequest]:
        async for row in rows:
            if isinstance(row, BadRow):
                self._refuse(row)
                continue
            request_id = request_id_of(self._id, row, self._options)
            if self._answered.holds(row.number, request_id):
                self.tally.skipped += 1
                continue
            self._request_ids[row.number] = request_id
            yield BatchTriageRequest(
                index=row.number, ticket=row.ticket, request_id=request_id, options=self._options
            )

    def _unsent(self, request: BatchTriageRequest, error: UnsendableRequest) -> None:
        del self._request_ids[request.index]
        fault = error.field_violations[0]
        ticket_id = request.ticket.id if request.ticket else ""
        self._refuse(BadRow(request.index, ticket_id, f"{fault.field}: {fault.description}"))

    def _refuse(self, row: BadRow) -> None:
        outcome = failure("INVALID_ARGUMENT", "UNREADABLE_ROW", row.problem)
        record = {"row": row.number, "id": row.ticket_id, "request_id": "", **outcome}
        self.tally.count_unreadable(record)
        self._take(record)


def _outcome(response: BatchTriageResponse) -> Answer:
    if response.result is not None:
        return answer_of(response.result)
    if response.error is not None:
        return failure_of(error_of_status(bytes(response.error)))
    return failure("UNKNOWN", "", "the server sent an empty answer")


async def with_ticks(work: Awaitable[None], tick: Callable[[], None], period_s: float) -> None:
    """Do the work, and call `tick` until it is done. What either raises ends both."""
    task = asyncio.ensure_future(work)
    try:
        while not task.done():
            await asyncio.wait({task}, timeout=period_s)
            tick()
        task.result()
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await task
