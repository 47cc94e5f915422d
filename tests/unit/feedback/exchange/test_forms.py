"""Exported lines: readable again, harmless in a spreadsheet, fit for a model."""

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from google.protobuf import json_format
from switchyard.feedback.v1 import label_pb2

from server.feedback.exchange.forms import COLUMNS, ExportForm, head_of, writer_of
from server.triage.assessment import Priority, Sentiment
from server.triage.examples.label import Label, LabelSource
from server.triage.examples.label_store import StoredLabel

TIME = datetime(2026, 1, 2, 3, 4, 5, 678_000, UTC)
LABEL = Label(
    subject="Invoice",
    body='He said: "pay, now"\nand left; größer',
    category="billing",
    priority=Priority.HIGH,
    sentiment=Sentiment.NEGATIVE,
    escalation=False,
    resolution_s=5400.5,
    time=TIME,
    source=LabelSource.CORRECTION,
)
CATEGORIES = ("billing", "refund")


def written(form: ExportForm, **fields: Any) -> bytes:
    label = replace(LABEL, **fields)
    return writer_of(form, CATEGORIES)(StoredLabel("0" * 32, 7, TIME, TIME, label))


def cells(**fields: Any) -> dict[str, str]:
    text = (head_of(ExportForm.CSV) + written(ExportForm.CSV, **fields)).decode()
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    return row


def test_an_object_is_the_label_of_the_contract_with_where_it_comes_from() -> None:
    fields = orjson.loads(written(ExportForm.JSONL))
    assert fields.pop("source") == "LABEL_SOURCE_CORRECTION"
    assert fields.pop("create_time") == "2026-01-02T03:04:05.678000Z"
    label = json_format.ParseDict(fields, label_pb2.Label())
    assert (label.body, label.priority, label.resolution_time.ToMilliseconds()) == (
        LABEL.body,
        3,
        5_400_500,
    )
    assert label.HasField("requires_human_escalation")
    assert label.time.ToDatetime(UTC) == TIME


def test_what_is_not_known_is_left_out() -> None:
    nothing = {"priority": None, "sentiment": None, "escalation": None, "resolution_s": None}
    fields = orjson.loads(written(ExportForm.JSONL, **nothing, subject="", time=None))
    assert sorted(fields) == ["body", "category", "create_time", "source"]


def test_a_label_is_one_line_of_json() -> None:
    line = written(ExportForm.JSONL)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")


def test_csv_holds_quotes_and_line_feeds() -> None:
    assert cells()["body"] == LABEL.body


def test_csv_ends_its_lines_as_its_standard_says() -> None:
    assert head_of(ExportForm.CSV) == ",".join(COLUMNS).encode() + b"\r\n"
    assert written(ExportForm.CSV).endswith(b"\r\n")


@pytest.mark.parametrize("beginning", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_of_csv_is_a_formula(beginning: str) -> None:
    assert cells(subject=f"{beginning}cmd|' /C calc'!A0")["subject"].startswith(f"'{beginning}")


def test_other_cells_of_csv_stay_as_they_are() -> None:
    assert cells(subject="a=1")["subject"] == "a=1"
    assert cells()["requires_human_escalation"] == "false"


def test_a_chat_is_what_a_model_is_asked_and_should_answer() -> None:
    system, user, assistant = orjson.loads(written(ExportForm.OPENAI_CHAT))["messages"]
    assert [message["role"] for message in (system, user, assistant)] == [
        "system",
        "user",
        "assistant",
    ]
    assert "billing, refund" in system["content"]
    assert orjson.loads(user["content"]) == {"subject": "Invoice", "body": LABEL.body}
    assert orjson.loads(assistant["content"]) == {"category": "billing", "priority": "high"}


def test_a_model_is_not_asked_for_a_priority_that_nobody_knows() -> None:
    system, _, assistant = orjson.loads(written(ExportForm.OPENAI_CHAT, priority=None))["messages"]
    assert "priority" not in system["content"]
    assert orjson.loads(assistant["content"]) == {"category": "billing"}


def test_a_label_without_a_category_makes_no_chat() -> None:
    assert written(ExportForm.OPENAI_CHAT, category="") == b""
