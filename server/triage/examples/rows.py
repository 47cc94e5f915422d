"""Labels as the columns of their table, and back."""

from collections.abc import Iterable, Sequence
from datetime import UTC
from typing import Any

import orjson

from server.triage.assessment import Priority, Sentiment
from server.triage.examples.label import TRUTHS, Label, LabelSource

CHANGEABLE = (
    "category",
    "priority",
    "sentiment",
    "escalation",
    "resolution_s",
    "ticket_time",
    "source",
    "run_id",
    "reviewer",
)
COLUMNS = ", ".join(("subject", "body", *CHANGEABLE))
TYPES = (
    "text_digest text, subject text, body text, category text, priority smallint,"
    " sentiment smallint, escalation boolean, resolution_s float8, ticket_time timestamptz,"
    " source smallint, run_id uuid, reviewer text"
)


def encode_labels(labels: Iterable[tuple[bytes, Label]]) -> str:
    """The labels and their digests as a JSON array of rows of `TYPES`."""
    rows = [
        {
            "text_digest": digest.hex(),
            **{name: getattr(label, name) for name in ("subject", "body", "reviewer")},
            **{truth: getattr(label, truth) for truth in TRUTHS},
            "category": label.category or None,
            "ticket_time": label.time,
            "source": label.source,
            "run_id": label.run_id or None,
        }
        for digest, label in labels
    ]
    return orjson.dumps(rows).decode()


def decode_label(columns: Sequence[Any]) -> Label:
    """The label of a row's columns, in the order of `COLUMNS`."""
    subject, body, category, priority, sentiment, escalation, resolution_s, *rest = columns
    time, source, run_id, reviewer = rest
    return Label(
        subject=subject,
        body=body,
        category=category or "",
        priority=None if priority is None else Priority(priority),
        sentiment=None if sentiment is None else Sentiment(sentiment),
        escalation=escalation,
        resolution_s=resolution_s,
        time=None if time is None else time.astimezone(UTC),
        source=LabelSource(source),
        run_id="" if run_id is None else run_id.hex,
        reviewer=reviewer,
    )
