"""Rows of an import are held against the taxonomy and one another, and told what to do."""

from dataclasses import replace

import pytest

from server.feedback.exchange.rows import Row, RowChecks, conflict_fault
from server.triage.assessment import Priority
from server.triage.examples.label import Conflict, Label
from server.violation import FieldViolation

CATEGORIES = ("billing", "refund", "shipping")
ROW = Row(Label("", "Where is my order?", "shipping"))


def faults(*rows: Row) -> list[tuple[int, str]]:
    _, errors = RowChecks().sift(rows, CATEGORIES)
    return [(error.index, error.fault.field) for error in errors]


def labelled(**fields: object) -> Row:
    return replace(ROW, label=replace(ROW.label, **fields))  # type: ignore[arg-type]  # fields by name


def test_a_category_outside_the_taxonomy_is_told_with_the_nearest_one() -> None:
    _, (error,) = RowChecks().sift([labelled(category="shiping")], CATEGORIES)
    assert error.fault.field == "label.category"
    assert "did you mean shipping?" in error.fault.rule


def test_a_category_that_resembles_none_is_told_where_they_are_listed() -> None:
    _, (error,) = RowChecks().sift([labelled(category="xyz")], CATEGORIES)
    assert "GetTaxonomy" in error.fault.rule


def test_a_category_cannot_write_to_a_terminal() -> None:
    _, (error,) = RowChecks().sift([labelled(category="\x1b[2J\x00")], CATEGORIES)
    assert error.fault.rule.isprintable()


def test_thousands_of_wrong_names_are_all_refused() -> None:
    rows = [labelled(body=str(number), category=f"{number}" * 9) for number in range(2000)]
    assert len(faults(*rows)) == 2000


def test_a_row_without_a_category_needs_none() -> None:
    assert not faults(labelled(category="", priority=Priority.HIGH))


def test_a_row_that_contradicts_an_earlier_one_is_told_so_without_a_number() -> None:
    _, (error,) = RowChecks().sift([ROW, ROW, labelled(category="refund")], CATEGORIES)
    assert (error.index, error.fault.field) == (2, "label.category")
    # The sender counts rows in a way of its own, and knows of more than it has sent.
    assert error.fault.rule == "must agree with an earlier row of the same text; or set replace"


@pytest.mark.parametrize("body", ["WHERE  is my order?", " Where is my\norder? "])
def test_case_and_spaces_make_no_other_text(body: str) -> None:
    assert faults(ROW, labelled(body=body, category="refund")) == [(1, "label.category")]


def test_what_is_contradicted_is_named() -> None:
    rows = labelled(priority=Priority.LOW), labelled(priority=Priority.HIGH)
    assert faults(*rows) == [(1, "label.priority")]


@pytest.mark.parametrize(("field", "named"), [("escalation", "requires_human_escalation")])
def test_what_is_said_not_to_be_so_contradicts_what_is_said_to_be(field: str, named: str) -> None:
    rows = labelled(**{field: True}), labelled(**{field: False})
    assert faults(*rows) == [(1, f"label.{named}")]


def test_rows_that_add_to_one_another_do_not_contradict() -> None:
    assert not faults(ROW, labelled(category="", priority=Priority.LOW), ROW)


def test_what_an_earlier_row_added_is_contradicted_too() -> None:
    rows = ROW, labelled(category="", escalation=True), labelled(category="", escalation=False)
    assert faults(*rows) == [(2, "label.requires_human_escalation")]


def test_a_row_that_may_replace_contradicts_nothing() -> None:
    assert not faults(ROW, replace(labelled(category="refund"), may_replace=True))


def test_rows_are_counted_on_from_batch_to_batch() -> None:
    checks = RowChecks()
    checks.sift([ROW, ROW], CATEGORIES)
    _, (error,) = checks.sift([labelled(category="refund")], CATEGORIES)
    assert error.index == 2


def test_a_row_that_broke_the_contract_is_told_with_all_its_faults() -> None:
    checks = RowChecks()
    broken = [FieldViolation("label.body", "must be"), FieldViolation("label.subject", "must be")]
    sound, errors = checks.sift([ROW, broken, ROW], CATEGORIES)
    assert [row.index for row in sound] == [0, 2]
    assert [(error.index, error.fault.field) for error in errors] == [
        (1, "label.body"),
        (1, "label.subject"),
    ]


def test_a_label_on_record_is_told_with_its_category() -> None:
    fault = conflict_fault(ROW.label, Conflict("0" * 32, "billing"))
    assert fault.field == "label.category"
    assert "billing" in fault.rule
    assert "set replace" in fault.rule


def test_a_label_on_record_that_differs_elsewhere_is_not_told_by_its_category() -> None:
    assert conflict_fault(ROW.label, Conflict("0" * 32, "shipping")).field == "label"
