"""Records of answers: as JSON lines and as CSV."""

import csv
import io
import json
from typing import Any

from switchyard_client import TriageResult, error_of_status
from switchyard_client.answers import (
    CSV_COLUMNS,
    Answer,
    AnswerFormat,
    answer_of,
    encoder,
    failure_of,
    header,
)

from tests.unit.client.fake_service import make_result, refusal


def full_answer() -> Answer:
    """With everything that an answer can hold."""
    result = TriageResult.parse(make_result("triageRuns/1", "T-1").SerializeToString())
    return {"row": 3, "id": "T-1", "request_id": "r", **answer_of(result)}


def failed() -> Answer:
    """Of a refused ticket."""
    error = error_of_status(refusal().SerializeToString())
    return {"row": 4, "id": "T-2", "request_id": "r", **failure_of(error)}


def cells_of(answer: Answer) -> dict[str, Any]:
    """The cells of its CSV row."""
    text = header(AnswerFormat.CSV) + encoder(AnswerFormat.CSV)(answer)
    (row,) = csv.DictReader(io.StringIO(text))
    return row


def test_a_json_line_says_everything_by_plain_names() -> None:
    line = encoder(AnswerFormat.JSONL)(full_answer())
    assert line.count("\n") == 1
    record = json.loads(line)
    assert record["priority"] == "high"
    assert record["decision"] == "escalate"
    assert record["runners_up"] == [{"category": "shipping", "confidence": 0.05}]
    assert record["escalation_reasons"][0]["evidence"] == "a person"
    assert record["estimated_resolution_s"] == 86_400
    assert record["engine"]["model"] == "none"


def test_a_record_says_by_which_model_at_what_price_and_from_where() -> None:
    record = full_answer()
    assert (record["degraded"], record["model"], record["cost_micro_usd"]) == (False, "none", 312)
    assert record["reused_run"] == f"triageRuns/{9:032x}"
    assert record["reused_similarity"] == 0.9731
    assert (record["reused_error_bound"], record["reused_guaranteed"]) == (0.018, True)


def test_a_record_says_by_which_variant_of_which_experiment() -> None:
    record = full_answer()
    assert (record["experiment"], record["variant"]) == ("experiments/prompts", "short")


def test_an_answer_within_no_experiment_has_empty_cells_for_it() -> None:
    cells = cells_of({"row": 1, **answer_of(TriageResult(run="triageRuns/1"))})
    assert (cells["experiment"], cells["variant"]) == ("", "")


def test_a_json_line_of_a_failure_says_which_field() -> None:
    error = json.loads(encoder(AnswerFormat.JSONL)(failed()))["error"]
    assert error == {
        "code": "INVALID_ARGUMENT",
        "reason": "INVALID_FIELD",
        "message": "the request is invalid",
        "fields": [{"field": "ticket.body", "description": "must not say REFUSE"}],
    }


def test_every_csv_row_has_every_column() -> None:
    assert tuple(cells_of(full_answer())) == CSV_COLUMNS
    assert tuple(cells_of(failed())) == CSV_COLUMNS


def test_csv_joins_lists_into_cells() -> None:
    cells = cells_of(full_answer())
    assert cells["runners_up"] == "shipping 0.050"
    assert cells["priority_reasons"] == "PAYMENT"
    assert cells["requires_human_escalation"] == "true"
    assert cells["drafted_reply"] == "Hello,\nwe look into it, promised."


def test_csv_has_new_columns_behind_those_that_readers_know() -> None:
    assert CSV_COLUMNS.index("engine") == 22
    assert CSV_COLUMNS[26] == "error_fields"
    cells = cells_of(full_answer())
    assert (cells["degraded"], cells["model"], cells["cost_micro_usd"]) == ("false", "none", "312")
    assert CSV_COLUMNS[-2:] == ("reused_error_bound", "reused_guaranteed")
    assert (cells["experiment"], cells["variant"]) == ("experiments/prompts", "short")


def test_csv_says_which_field_failed() -> None:
    cells = cells_of(failed())
    assert cells["error_code"] == "INVALID_ARGUMENT"
    assert cells["error_fields"] == "ticket.body: must not say REFUSE"


def test_parts_that_were_not_asked_for_are_null() -> None:
    record = answer_of(TriageResult(run="triageRuns/1"))
    assert [record[part] for part in ("sentiment", "summary", "drafted_reply")] == [None] * 3


def test_an_answer_that_no_model_had_a_part_in_is_free_and_its_own() -> None:
    record = answer_of(TriageResult(run="triageRuns/1"))
    assert (record["cost_micro_usd"], record["reused_run"]) == (0, None)
