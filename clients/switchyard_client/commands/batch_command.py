"""`switchyard triage FILE`: from the input to the exit status."""

import asyncio
import contextlib
import secrets
import shlex
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

import click

from switchyard_client.answer_files import AnswerFile, AnswerStream
from switchyard_client.answered_rows import AnsweredRows, NotOurFile, drop_unanswered
from switchyard_client.answers import Answer, AnswerFormat
from switchyard_client.client import TriageClient
from switchyard_client.commands.batch import Batch, Tally, with_ticks
from switchyard_client.commands.batch_view import FirstAnswers, show_failures, show_summary
from switchyard_client.commands.console import plain, stderr, stdout
from switchyard_client.commands.endpoint import Endpoint
from switchyard_client.commands.failures import CommandFailed, Exit, explain
from switchyard_client.commands.progress import Pace, progress_on
from switchyard_client.commands.rows import file_rows, piped_rows
from switchyard_client.errors import SwitchyardError, Unreachable
from switchyard_client.messages.switchyard.triage.v1 import TriageOptions
from switchyard_client.record_files import RecordFormat, count_rows
from switchyard_client.records import UnreadableInput
from switchyard_client.request_ids import BATCH_BYTES, request_id_of
from switchyard_client.sole_writer import BeingWritten, LockInTheWay, sole_writer
from switchyard_client.ticket_files import TicketFile
from switchyard_client.tickets import BadRow, ColumnMap

_TICK_S = 0.25


@dataclass(frozen=True, slots=True)
class BatchOrder:
    """What the caller of `switchyard triage FILE` asked for."""

    endpoint: Endpoint
    file: str
    columns: ColumnMap
    input_format: RecordFormat | None
    options: TriageOptions | None
    out: Path | None
    out_format: AnswerFormat
    is_streamed: bool  # records on standard output, no table
    is_resumed: bool
    is_replaced: bool  # what `out` holds gives way to the first new answer
    shown_rows: int

    def tickets(self) -> TicketFile:
        """The input, from its beginning."""
        return TicketFile(self.file, self.columns, self.input_format)


class Sink(Protocol):
    """Where records go."""

    def __enter__(self) -> Self:
        """Begin."""

    def __exit__(self, *_: object) -> None:
        """Write what waits, and end."""

    def write(self, answer: Answer) -> None:
        """Take a record."""

    def flush(self) -> None:
        """Write what waits, in whole lines."""


def run_batch(order: BatchOrder) -> Exit:
    """Triage a file and report it. Raises CommandFailed when there is nothing to report, and
    click.UsageError where there are answers already and it is not said what becomes of them.
    """
    try:
        with sole_writer(order.out):
            _check_out(order)  # not before: another command may just have written it
            return _run(order)
    except (BeingWritten, LockInTheWay) as error:
        raise CommandFailed(str(error), Exit.USAGE) from None
    except UnreadableInput as error:
        raise CommandFailed(str(error), Exit.USAGE) from None
    except NotOurFile as error:
        raise CommandFailed(f"cannot go on with {order.out}: {error}", Exit.USAGE) from None
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _write_failed(order, error, _command(order)) from None


def _check_out(order: BatchOrder) -> None:
    out = order.out
    if out and out.is_file() and not (order.is_resumed or order.is_replaced):
        raise click.UsageError(f"{out} exists: --resume goes on with it, --overwrite replaces it")


def _write_failed(order: BatchOrder, error: OSError, way_on: str) -> CommandFailed:
    message = f"cannot write {order.out or 'to standard output'}: {error.strerror}"
    if order.out is None or not order.out.exists():
        return CommandFailed(message, Exit.USAGE)
    advice = f"; when it can be written, {way_on}" if way_on else ""
    return CommandFailed(f"{message}{advice}", Exit.PARTIAL)


def _run(order: BatchOrder) -> Exit:
    answered = _answered_before(order) if order.is_resumed else AnsweredRows()
    batch_id = answered.batch or secrets.token_bytes(BATCH_BYTES)
    pace = Pace(count_rows(order.file, order.input_format), time.monotonic)
    lost: SwitchyardError | None = None
    is_interrupted = False
    sink = _sink(order)
    batch = Batch(batch_id, answered, order.options, sink.write)
    with _said_way_on(order, sink), sink:
        try:
            asyncio.run(_send(order, batch, sink, pace))
        except SwitchyardError as error:
            lost = error
        except KeyboardInterrupt:
            is_interrupted = True
    if isinstance(sink, FirstAnswers):
        sink.show(stdout())
    console = stderr() if order.is_streamed else stdout()
    if batch.tally.done:
        show_summary(console, batch.tally, pace.elapsed_s)
        show_failures(stderr(), batch.tally)
    if _is_kept(sink):
        _say(f"{order.out} holds what it held before")
    return _end(order, batch, lost, _way_on(order, sink), is_interrupted=is_interrupted)


@contextlib.contextmanager
def _said_way_on(order: BatchOrder, sink: Sink) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _write_failed(order, error, _way_on(order, sink)) from None


async def _send(order: BatchOrder, batch: Batch, sink: Sink, pace: Pace) -> None:
    with order.tickets() as tickets, progress_on(stderr(), pace) as progress:
        rows = file_rows(tickets) if order.tickets().is_regular else piped_rows(tickets)

        def tick() -> None:
            sink.flush()
            progress.show(batch.tally)

        async with order.endpoint.client(TriageClient) as client:
            await with_ticks(batch.run(client, rows), tick, _TICK_S)


def _sink(order: BatchOrder) -> Sink:
    if order.out:
        is_replaced = order.is_replaced and order.out.is_file()
        return AnswerFile(order.out, order.out_format, replaces=is_replaced)
    if order.is_streamed:
        return AnswerStream(sys.stdout.buffer, order.out_format)
    return FirstAnswers(order.shown_rows)


def _answered_before(order: BatchOrder) -> AnsweredRows:
    """The rows that the file of answers holds; all others are taken out of it.

    Raises NotOurFile, and the file is as it was.
    """
    if order.out is None or not order.out.exists():
        return AnsweredRows()
    answered = AnsweredRows.read(order.out, order.out_format)
    if order.tickets().is_regular:
        _compare(order, answered)
    drop_unanswered(order.out, order.out_format)
    return answered


def _compare(order: BatchOrder, answered: AnsweredRows) -> None:
    """Raise NotOurFile unless every answered row is a row of the input."""
    last_number = 0
    with order.tickets() as rows:
        for row in rows:
            last_number = row.number
            if row.number > answered.last_number:
                return
            if not isinstance(row, BadRow) and answered.batch:
                request_id = request_id_of(answered.batch, row, order.options)
                answered.holds(row.number, request_id)
    if last_number < answered.last_number:
        raise NotOurFile(f"it answers row {answered.last_number}, and {order.file} ends before")


def _end(
    order: BatchOrder,
    batch: Batch,
    lost: SwitchyardError | None,
    hint: str,
    *,
    is_interrupted: bool,
) -> Exit:
    """Say what is left to do; the exit status."""
    tally = batch.tally
    if is_interrupted:
        _say(f"interrupted{f'; to go on, {hint}' if hint else ''}")
        return Exit.INTERRUPTED
    if lost or batch.waiting:
        _say(f"{_what_was_lost(order, batch, lost)}{f'; to go on, {hint}' if hint else ''}")
        return Exit.PARTIAL if tally.answered or tally.skipped else Exit.FAILED
    if not tally.done:
        _say(f"there is no ticket in {order.file}")
        return Exit.USAGE
    if tally.errors and hint:
        _say(f"to try the failed rows again, {hint}")
    return _status(tally)


def _what_was_lost(order: BatchOrder, batch: Batch, lost: SwitchyardError | None) -> str:
    got = batch.tally.answered + batch.tally.failed
    if lost is None:
        return f"the server ended the batch and left {batch.waiting} rows unanswered"
    if isinstance(lost, Unreachable) and got:
        return f"the server at {order.endpoint.address} went away after {got:,} answers"
    return explain(lost, order.endpoint)


def _status(tally: Tally) -> Exit:
    if not tally.errors:
        return Exit.DONE
    if tally.answered or tally.skipped:
        return Exit.PARTIAL
    return Exit.FAILED if tally.failed else Exit.USAGE


def _is_kept(sink: Sink) -> bool:
    return isinstance(sink, AnswerFile) and sink.is_kept


def _way_on(order: BatchOrder, sink: Sink) -> str:
    """What goes on with the answers that are written; while there are none, the same again. Empty
    where they go to standard output, a device or a pipe, which nobody can go on with.
    """
    if order.out is None or (order.out.exists() and not order.out.is_file()):
        return ""
    if _is_kept(sink):
        return _command(order)
    return _command(order, drop=("--resume", "--overwrite"), add=("--resume",))


def _command(order: BatchOrder, drop: Sequence[str] = (), add: Sequence[str] = ()) -> str:
    """The command as it would be typed; a key in it is not repeated."""
    words = [word for word in sys.argv[1:] if word not in drop]
    for i, word in enumerate(words):
        if word.startswith("--key="):
            words[i] = "--key=KEY"
        elif i and words[i - 1] == "--key":
            words[i] = "KEY"
    verb = "pipe the same input again to" if order.file == "-" else "run"
    return f"{verb}: {shlex.join(['switchyard', *words, *add])}"


def _say(message: str) -> None:
    stderr().print(plain(f"switchyard: {message}"))
