"""Feedback that cannot be is refused, with the field at fault."""

import pytest

from server.feedback.errors import InvalidFeedback
from server.feedback.submission.checks import check_said
from server.feedback.submission.feedback import Correction, Said
from server.triage.starter import starter_taxonomy

TAXONOMY = starter_taxonomy()


@pytest.mark.parametrize(
    ("said", "field", "words"),
    [
        (Said(), "feedback", "must say something"),
        (
            Said(correction=Correction("biling")),
            "feedback.correction.category",
            "did you mean 'billing'?",
        ),
        (
            Said(correction=Correction("no such thing")),
            "feedback.correction.category",
            "GetTaxonomy lists them",
        ),
        (
            Said(articles={"articles/1": True, "articles/2": True}),
            "feedback.articles[1].article",
            "must be one that was suggested",
        ),
    ],
)
def test_a_fault_names_its_field_and_what_to_do(said: Said, field: str, words: str) -> None:
    with pytest.raises(InvalidFeedback) as raised:
        check_said(said, TAXONOMY, ["articles/1"])
    (fault,) = raised.value.faults
    assert fault.field == field
    assert words in fault.rule


def test_a_rating_alone_is_enough() -> None:
    check_said(Said(rating=3), TAXONOMY, ())
