"""Runs to be judged."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime

from server.triage.assessment import Prediction
from server.triage.engine import EngineVersion
from server.triage.run import Decision, Run, make_run_id
from server.triage.ticket import Ticket, encode_record
from tests.unit.triage.test_run_records import ANSWER

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ENGINE = EngineVersion("embedded", "linear-ngram", "0123456789ab", 1)
IN_REVIEW = replace(
    ANSWER,
    category=Prediction("billing", 0.5),
    decision=Decision.REVIEW,
    decision_reason="The category is 50% sure.",
    engine=ENGINE,
    experiment=None,
)


def make_run(
    tenant: str = "default",
    time: datetime = START,
    body: str = "Where is my parcel?",
    **answer: object,
) -> Run:
    """A run that went to review; other fields of its answer by name."""
    ticket = Ticket(id=uuid.uuid4().hex, body=body)
    return Run(
        tenant=tenant,
        run_id=make_run_id(time.timestamp(), uuid.uuid4().int >> 48),
        create_time=time,
        ticket=ticket,
        ticket_record=encode_record(ticket),
        ticket_digest=b"0" * 32,
        request_id="",
        answer=replace(IN_REVIEW, **answer),  # type: ignore[arg-type]  # fields by name
        server_version="0",
    )
