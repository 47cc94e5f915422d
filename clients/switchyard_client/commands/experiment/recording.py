"""`switchyard experiment record --file`: from the input to the exit status."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from switchyard_client.commands.batch import with_ticks
from switchyard_client.commands.console import plain, stderr, stdout
from switchyard_client.commands.endpoint import Endpoint
from switchyard_client.commands.failures import CommandFailed, Exit, call_failed
from switchyard_client.commands.progress import Pace, progress_on
from switchyard_client.commands.rows import file_rows, piped_rows
from switchyard_client.errors import SwitchyardError, error_of_status
from switchyard_client.experiments import ExperimentClient
from switchyard_client.messages.switchyard.experiment.v1 import Outcome, RecordOutcomesResponse
from switchyard_client.outcomes import BadOutcomeRow, OutcomeColumns, OutcomeRow, outcome_rows
from switchyard_client.record_files import RecordFile, count_rows
from switchyard_client.records import UnreadableInput

_TICK_S = 0.25
_MOST_UNREADABLE = 1000
_MOST_SHOWN = 20


@dataclass(slots=True)
class Sending:
    """What has become of the rows so far."""

    sent: int = 0
    unreadable: list[BadOutcomeRow] = field(default_factory=list)
    skipped: int = 0  # none ever is: repeats are the server's to tell

    @property
    def done(self) -> int:
        """Rows that were sent, or cannot be."""
        return self.sent + self.errors

    @property
    def errors(self) -> int:
        """Rows that cannot be read."""
        return len(self.unreadable)

    def row_of(self, index: int) -> int:
        """The row of an outcome by its place among those that were sent."""
        number = index + 1
        for bad in self.unreadable:
            number += bad.number <= number
        return number


def record_file(endpoint: Endpoint, name: str, path: str) -> Exit:
    """Record the outcomes of a file, say what came of them, and give the exit status.

    Raises CommandFailed.
    """
    sending = Sending()
    try:
        answer = asyncio.run(_send(endpoint, name, path, sending))
    except SwitchyardError as error:
        raise call_failed(error, endpoint) from None
    except UnreadableInput as error:
        raise CommandFailed(str(error), Exit.USAGE) from None
    _show(answer, sending)
    if not sending.done:
        raise CommandFailed(f"there is no outcome in {path}", Exit.USAGE)
    return Exit.PARTIAL if answer.failed or sending.errors else Exit.DONE


async def _send(
    endpoint: Endpoint, name: str, path: str, sending: Sending
) -> RecordOutcomesResponse:
    answer = RecordOutcomesResponse()

    async def send(client: ExperimentClient) -> None:
        nonlocal answer
        answer = await client.record_many(_outcomes(file, name, sending))

    file = RecordFile(path, OutcomeColumns())
    pace = Pace(count_rows(path), time.monotonic)
    async with endpoint.client(ExperimentClient) as client:
        with progress_on(stderr(), pace) as progress:
            await with_ticks(send(client), lambda: progress.show(sending), _TICK_S)
    return answer


async def _outcomes(file: RecordFile, name: str, sending: Sending) -> AsyncIterator[Outcome]:
    """The outcomes of the rows that hold one; the others are kept, to be told."""
    rows = outcome_rows(file, name)
    async for row in file_rows(rows) if file.is_regular else piped_rows(rows):
        if isinstance(row, OutcomeRow):
            sending.sent += 1
            yield row.outcome
            continue
        sending.unreadable.append(row)
        if sending.errors == _MOST_UNREADABLE:
            raise UnreadableInput(
                f"{_MOST_UNREADABLE:,} rows cannot be read, the last of them row {row.number}: "
                f"{row.problem}"
            )


def _show(answer: RecordOutcomesResponse, sending: Sending) -> None:
    counts = [f"{answer.recorded:,} recorded"]
    counts += [f"{answer.repeated_before:,} recorded before"] if answer.repeated_before else []
    counts += [f"{answer.failed:,} failed"] if answer.failed else []
    counts += [f"{sending.errors:,} unreadable"] if sending.errors else []
    stdout().print(", ".join(counts))
    problems = [(bad.number, bad.problem) for bad in sending.unreadable]
    for failure in answer.failures:
        error = error_of_status(bytes(failure.error) if failure.error else b"")
        problems.append((sending.row_of(failure.index), str(error)))
    for number, problem in sorted(problems)[:_MOST_SHOWN]:
        stderr().print(plain(f"row {number}: {problem}", "red"))
    more = answer.failed + sending.errors - min(len(problems), _MOST_SHOWN)
    if more:
        stderr().print(f"... and {more:,} more failed")
