"""Rows become labels, whatever their columns are called."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from switchyard_client import Label, Priority, Sentiment
from switchyard_client.labels import InvalidLabel, LabelColumns, category_name, label_of

GUESSED = LabelColumns({})
ROW = {"text": "where is my card?", "label": "card_arrival"}


@pytest.mark.parametrize(
    "row",
    [
        {"text": "Hello", "label": "greeting"},
        {"Body": "Hello", "Category": "greeting"},
        {"message": "Hello", "intent": "Greeting"},
        {"text": "Hello", "category": "greeting", "label": "labels/7"},
        {"utterance": "Hello", "class": "greeting", "domain": "all"},
    ],
)
def test_text_and_category_are_found_by_the_names_they_go_by(row: Mapping[str, object]) -> None:
    assert label_of(row, GUESSED) == Label(body="Hello", category="greeting")


def test_columns_that_are_chosen_count_and_no_others() -> None:
    row = {"text": "an id", "question": "Hello", "category": "x", "queue": "Greeting"}
    columns = LabelColumns({"text": "question", "category": "queue"})
    assert label_of(row, columns) == Label(body="Hello", category="greeting")


def test_a_column_that_is_chosen_for_one_field_is_guessed_for_no_other() -> None:
    columns = LabelColumns({"subject": "text"})
    assert columns.among(["text", "body", "label"]) == {
        "text": "body",
        "subject": "text",
        "category": "label",
    }


def test_a_field_without_a_column_is_left_out() -> None:
    row = {**ROW, "priority": "P1"}
    assert label_of(row, LabelColumns({"priority": ""})).priority is Priority.UNSPECIFIED


def test_all_that_is_known_is_taken() -> None:
    row = {
        **ROW,
        "title": "Card",
        "priority": "PRIORITY_HIGH",
        "sentiment": "negative",
        "escalation": "yes",
        "resolution_time": "5400s",
        "time": "2026-11-16T06:12:03",
    }
    assert label_of(row, GUESSED) == Label(
        subject="Card",
        body="where is my card?",
        category="card_arrival",
        priority=Priority.HIGH,
        sentiment=Sentiment.NEGATIVE,
        requires_human_escalation=True,
        resolution_time=timedelta(hours=1.5),
        time=datetime(2026, 11, 16, 6, 12, 3, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("value", "seconds"), [(90, 90), ("90", 90), ("1.5h", 5400), ("2d", 172800)]
)
def test_a_resolution_is_seconds_or_a_span(value: object, seconds: float) -> None:
    label = label_of({**ROW, "resolution": value}, GUESSED)
    assert label.resolution_time == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"text": ""}, "text: is missing"),
        ({"label": None}, "says nothing"),
        ({"text": ["Hello"]}, "text: must be text"),
        ({"text": "\ud800"}, "text: holds half of a surrogate pair"),
        ({"label": "退款"}, "category: no name of a-z, 0-9 can be made of '退款'"),
        ({"label": "x" * 64}, "category: x+... is longer than 63"),
        ({"priority": "P1"}, "priority: must be one of low, medium, high, urgent, not 'P1'"),
        ({"sentiment": "angry"}, "sentiment: must be one of negative, neutral, positive"),
        ({"escalation": "perhaps"}, "escalation: must be true or false"),
        ({"resolution": "soon"}, "resolution: 'soon' is no time span"),
        ({"resolution": "nan"}, "resolution: 'nan' is no time span"),
        ({"time": "yesterday"}, "time: 'yesterday' is no RFC 3339 time"),
    ],
)
def test_what_is_wrong_with_a_row_is_said(change: dict[str, object], words: str) -> None:
    with pytest.raises(InvalidLabel, match=words):
        label_of({**ROW, **change}, GUESSED)


@pytest.mark.parametrize(
    ("called", "name"),
    [
        ("card_arrival", "card_arrival"),
        ("kept__as_it_is_", "kept__as_it_is_"),
        ("CALL_CENTER", "call_center"),
        ("Refund not showing up?", "refund_not_showing_up"),
        ("Don't know", "dont_know"),
        ("Rückerstattung", "ruckerstattung"),
        ("404 errors", "category_404_errors"),
    ],
)
def test_a_name_is_made_of_what_the_file_says(called: str, name: str) -> None:
    assert category_name(called) == name


def test_when_a_label_was_made_is_not_when_its_ticket_came() -> None:
    assert label_of({**ROW, "create_time": "2026-11-16T06:12:03Z"}, GUESSED).time is None
