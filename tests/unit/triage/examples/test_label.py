"""What is known of a ticket after one more label."""

from dataclasses import replace
from typing import Any

import pytest

from server.triage.assessment import Priority, Sentiment
from server.triage.examples.label import (
    Label,
    LabelSource,
    contradicts,
    cut,
    digest_of,
    merge,
    text_of,
)

IMPORTED = Label("Late", "Where is my parcel?", category="shipping")
CORRECTED = replace(IMPORTED, source=LabelSource.CORRECTION, run_id="a" * 32, reviewer="ann")


def test_the_text_is_subject_and_body_as_engines_read_them() -> None:
    assert text_of(IMPORTED) == "Late\nWhere is my parcel?"


def test_texts_that_differ_in_case_and_spaces_are_the_same() -> None:
    assert digest_of("Where  is\nMY parcel?") == digest_of("where is my parcel? ")
    assert digest_of("Where is my parcel?") != digest_of("Where are my parcels?")


def test_no_more_is_kept_than_engines_read() -> None:
    long = replace(IMPORTED, body="é" * 70_000)
    assert len(cut(long).body.encode()) <= 8 * 1024
    assert text_of(cut(long)) == text_of(long)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, False),
        ({"category": "billing"}, True),
        ({"category": ""}, False),
        ({"priority": Priority.HIGH}, False),
    ],
)
def test_labels_contradict_each_other_where_both_state_something_else(
    change: dict[str, Any], expected: bool
) -> None:
    assert contradicts(IMPORTED, replace(IMPORTED, **change)) is expected


def test_no_need_to_escalate_contradicts_a_need() -> None:
    one = replace(IMPORTED, escalation=False)
    assert contradicts(one, replace(one, escalation=True))


def test_what_the_new_label_does_not_state_stays() -> None:
    known = replace(CORRECTED, priority=Priority.LOW, escalation=True, resolution_s=60.0)
    new = replace(CORRECTED, category="", sentiment=Sentiment.NEGATIVE, escalation=False)
    merged = merge(known, new)
    assert (merged.category, merged.priority, merged.resolution_s) == ("shipping", Priority.LOW, 60)
    assert (merged.sentiment, merged.escalation) == (Sentiment.NEGATIVE, False)


def test_a_label_that_says_the_same_changes_nothing() -> None:
    assert merge(CORRECTED, replace(IMPORTED, body="where is my PARCEL?")) == CORRECTED
    confirmed = replace(CORRECTED, source=LabelSource.CONFIRMATION, reviewer="bob")
    assert merge(CORRECTED, confirmed) == CORRECTED


def test_what_a_person_confirms_is_no_longer_merely_imported() -> None:
    merged = merge(IMPORTED, replace(CORRECTED, source=LabelSource.CONFIRMATION))
    assert (merged.source, merged.reviewer) == (LabelSource.CONFIRMATION, "ann")


def test_an_import_that_adds_something_leaves_the_persons_word_a_persons() -> None:
    merged = merge(CORRECTED, replace(IMPORTED, priority=Priority.HIGH))
    assert (merged.priority, merged.source) == (Priority.HIGH, LabelSource.CORRECTION)


def test_an_import_that_replaces_a_persons_word_is_known_as_an_import() -> None:
    merged = merge(CORRECTED, replace(IMPORTED, category="billing"))
    assert (merged.category, merged.source) == ("billing", LabelSource.IMPORT)
