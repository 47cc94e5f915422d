"""Summaries in the ticket's own words."""

from hypothesis import given

from server.engines.embedded.sentences import split_sentences
from server.engines.embedded.summary import SUMMARY_CHARACTERS, summarise
from tests.unit.engines.hostile import any_text

MAIL = """Hi there,

I hope you had a good weekend. My order 48213 has not arrived although it was due on Monday.
We are all fine here. Could you tell me where the parcel is?
> On 3 May you wrote:
> Your parcel is on its way.

Kind regards,
Jane Miller"""


def summary_of(text: str) -> str:
    return summarise(split_sentences(text))


def test_the_telling_sentences_come_in_their_order() -> None:
    summary = summary_of(MAIL)
    assert "My order 48213 has not arrived although it was due on Monday." in summary
    assert summary.index("48213") < summary.index("where the parcel is?")


def test_greeting_signature_and_quoted_lines_are_left_out() -> None:
    summary = summary_of(MAIL)
    for part in ("Hi there", "Kind regards", "On 3 May", "on its way"):
        assert part not in summary


def test_a_short_ticket_is_its_own_summary() -> None:
    assert summary_of("charged twice??") == "charged twice??"


def test_a_greeting_alone_is_still_a_summary() -> None:
    assert summary_of("Hello,") == "Hello,"


def test_one_endless_sentence_is_cut_between_words() -> None:
    summary = summary_of("word " * 500)
    assert len(summary) <= SUMMARY_CHARACTERS
    assert summary.endswith("word\u2026")


@given(any_text)
def test_the_words_of_a_summary_stand_in_the_text_in_that_order(text: str) -> None:
    summary = summary_of(text)
    assert len(summary) <= SUMMARY_CHARACTERS
    if not summary.endswith("\u2026"):
        words = iter(text.split())
        assert all(word in words for word in summary.split())
