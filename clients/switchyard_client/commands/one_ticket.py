"""`switchyard triage --text`: one ticket, watched."""

import asyncio
import json

from rich.console import Console
from rich.status import Status

from switchyard_client.answers import answer_of, label
from switchyard_client.client import TriageClient
from switchyard_client.commands.console import duration, plain, stderr, stdout
from switchyard_client.commands.endpoint import Endpoint
from switchyard_client.commands.failures import CommandFailed, Exit, call_failed
from switchyard_client.commands.result_view import show_result
from switchyard_client.errors import SwitchyardError
from switchyard_client.messages.switchyard.triage.v1 import (
    StepReport,
    StreamTriageResponse,
    Ticket,
    TriagePart,
    TriageResult,
)


def triage_one(
    endpoint: Endpoint, ticket: Ticket, parts: list[TriagePart], *, is_json: bool
) -> None:
    """Triage a ticket, show the steps as they happen on standard error, then the answer."""
    try:
        result = asyncio.run(_watch(endpoint, ticket, parts, stderr()))
    except SwitchyardError as error:
        raise call_failed(error, endpoint) from None
    if result is None:
        raise CommandFailed("the server ended the stream without an answer", Exit.FAILED)
    if is_json:
        record = {"id": result.ticket_id, **answer_of(result)}
        stdout().print(json.dumps(record, ensure_ascii=False, indent=2), markup=False)
    else:
        show_result(stdout(), result)


async def _watch(
    endpoint: Endpoint, ticket: Ticket, parts: list[TriagePart], console: Console
) -> TriageResult | None:
    result = None
    with console.status("asking", spinner="dots") as status:
        async with endpoint.client(TriageClient) as client:
            async for event in client.stream_triage(ticket, parts=parts):
                _show(console, status, event)
                result = result if event.result is None else event.result
    return result


def _show(console: Console, status: Status, event: StreamTriageResponse) -> None:
    if event.step_started is not None:
        status.update(f"{label(event.step_started.step).replace('_', ' ')} ...")
    if event.step_finished is not None:
        console.print(plain(describe_step(event.step_finished), "dim"))


def describe_step(step: StepReport) -> str:
    """Name, duration and finding of a step, in columns."""
    seconds = step.duration.total_seconds() if step.duration else 0.0
    name = label(step.step).replace("_", " ")
    return f"{name:<16}{duration(seconds):>9}   {step.finding}"
