"""`switchyard triage --text`: one ticket, watched."""

import asyncio
import json

from rich.console import Console

from switchyard_client.answers import answer_of
from switchyard_client.client import TriageClient
from switchyard_client.commands.console import stderr, stdout
from switchyard_client.commands.endpoint import Endpoint
from switchyard_client.commands.failures import CommandFailed, Exit, call_failed
from switchyard_client.commands.result_view import show_result
from switchyard_client.commands.watching import Watch
from switchyard_client.errors import SwitchyardError
from switchyard_client.messages.switchyard.triage.v1 import (
    Ticket,
    TriagePart,
    TriageResult,
)


def triage_one(
    endpoint: Endpoint, ticket: Ticket, parts: list[TriagePart], *, is_json: bool
) -> None:
    """Triage a ticket, show on standard error what happens as it happens, then the answer."""
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
    with Watch(console) as watch:
        async with endpoint.client(TriageClient) as client:
            async for event in client.stream_triage(ticket, parts=parts):
                watch.show(event)
                result = result if event.result is None else event.result
    return result
