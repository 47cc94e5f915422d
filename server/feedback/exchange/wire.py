"""Messages of labels to values, and back."""

from collections.abc import AsyncIterator

from switchyard.feedback.v1 import feedback_service_pb2 as pb
from switchyard.feedback.v1 import label_pb2

from interceptors.errors import InvalidRequest, RequestTooLarge
from server.feedback.exchange.forms import ExportForm
from server.feedback.exchange.importing import Progress
from server.feedback.exchange.rows import Faults, Row
from server.triage.assessment import Priority, Sentiment
from server.triage.errors import InvalidFieldValue
from server.triage.examples.label import Label, LabelSource, cut
from server.triage.examples.label_store import LabelFilter
from server.triage.wire import read_time
from server.violation import FieldViolation
from server.wire_values import read_seconds

MOST_FAULTS = 5  # of one row that are told


async def read_rows(
    items: AsyncIterator[pb.ImportLabelsRequest | Exception],
) -> AsyncIterator[Row | Faults]:
    """The rows of an import; of those that break the contract's rules, which they break."""
    async for item in items:
        yield _faults_of(item) if isinstance(item, Exception) else _read_row(item)


def _read_row(message: pb.ImportLabelsRequest) -> Row | Faults:
    try:
        label = _read_label(message.label)
    except InvalidFieldValue as invalid:
        return [invalid.violation]
    # Cut at once: batches of whole texts would take too much memory.
    return Row(cut(label), message.replace, message.validate_only)


def _read_label(message: label_pb2.Label) -> Label:
    has_resolution = message.HasField("resolution_time")
    if has_resolution and not 0 <= message.resolution_time.nanos < 10**9:
        raise InvalidFieldValue("label.resolution_time", "must have nanos from 0 to 999,999,999")
    has_escalation = message.HasField("requires_human_escalation")
    return Label(
        subject=message.subject,
        body=message.body,
        category=message.category,
        priority=Priority(message.priority) if message.priority else None,
        sentiment=Sentiment(message.sentiment) if message.sentiment else None,
        escalation=message.requires_human_escalation if has_escalation else None,
        resolution_s=read_seconds(message.resolution_time) if has_resolution else None,
        time=read_time(message, "time", "label"),
        source=LabelSource.IMPORT,
    )


def _faults_of(refusal: Exception) -> Faults:
    """Why a row never became a label."""
    match refusal:
        case InvalidRequest(violations=violations):
            return [FieldViolation(v.field, v.description) for v in violations[:MOST_FAULTS]]
        case RequestTooLarge():
            rule = f"must have at most {refusal.most_bytes:,} bytes, not {refusal.size_bytes:,}"
            return [FieldViolation("request", rule)]
        case _:
            return [FieldViolation("request", "must be an ImportLabelsRequest, in valid UTF-8")]


def write_progress(progress: Progress) -> pb.ImportLabelsResponse:
    """How far an import is."""
    return pb.ImportLabelsResponse(
        read=progress.read,
        added=progress.added,
        replaced=progress.replaced,
        unchanged=progress.unchanged,
        failed=progress.failed,
        errors=[
            label_pb2.LabelError(
                index=error.index, field=error.fault.field, description=error.fault.rule
            )
            for error in progress.errors
        ],
    )


def read_export(request: pb.ExportLabelsRequest) -> tuple[LabelFilter, ExportForm]:
    """Which labels are to be exported, and how. Raises InvalidFieldValue."""
    which = LabelFilter(
        source=LabelSource(request.source) if request.source else None,
        category=request.category,
        start_time=read_time(request, "start_time", "request"),
    )
    return which, ExportForm(request.format or ExportForm.JSONL)


def write_chunk(data: bytes, labels: int) -> pb.ExportLabelsResponse:
    """A part of an export."""
    return pb.ExportLabelsResponse(data=data, labels=labels)
