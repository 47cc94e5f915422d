"""Summaries in the ticket's own words."""

from hypothesis import given

from server.engines.embedded.summary import SUMMARY_CHARACTERS, summarise
from tests.unit.engines.hostile import any_text

MAIL = """Hi there,

I hope you had a good weekend. My order 48213 has not arrived although it was due on Monday.
We are all fine here. Could you tell me where the parcel is?
> On 3 May you wrote:
> Your parcel is on its way.

Kind regards,
Jane Miller"""


def test_the_telling_sentences_come_in_their_order() -> None:
    summary = summarise(MAIL)
    assert "My order 48213 has not arrived although it was due on Monday." in summary
    assert summary.index("48213") < summary.index("where the parcel is?")


def test_greeting_signature_and_quoted_lines_are_left_out() -> None:
    summary = summarise(MAIL)
    for part in ("Hi there", "Kind regards", "On 3 May", "on its way"):
        assert part not in summary


def test_a_short_ticket_is_its_own_summary() -> None:
    assert summarise("charged twice??") == "charged twice??"


def test_a_greeting_alone_is_still_a_summary() -> None:
    assert summarise("Hello,") == "Hello,"


def test_one_endless_sentence_is_cut_between_words() -> None:
    summary = summarise("word " * 500)
    assert len(summary) <= SUMMARY_CHARACTERS
    assert summary.endswith("word\u2026")


@given(any_text)
def test_the_words_of_a_summary_stand_in_the_text_in_that_order(text: str) -> None:
    summary = summarise(text)
    assert len(summary) <= SUMMARY_CHARACTERS
    if not summary.endswith("\u2026"):
        words = iter(text.split())
        assert all(word in words for word in summary.split())
