"""How the customer feels."""

import time

import pytest
from hypothesis import given, settings

from server.engines.embedded.sentences import split_sentences
from server.engines.embedded.sentiment import SentimentReader
from server.triage.assessment import Prediction, Sentiment
from tests.unit.engines.hostile import HOSTILE_TEXTS, any_text


@pytest.fixture(scope="session")
def reader() -> SentimentReader:
    return SentimentReader()


def feel(reader: SentimentReader, text: str, language: str = "en") -> Prediction[Sentiment]:
    return reader.read(split_sentences(text), language)


@pytest.mark.parametrize(
    ("text", "sentiment"),
    [
        ("This is ridiculous and your support is useless. I am furious.", Sentiment.NEGATIVE),
        ("I'm really disappointed with how long this takes.", Sentiment.NEGATIVE),
        ("Terrible service, worst company I have ever dealt with!!!", Sentiment.NEGATIVE),
        ("I love the new app, it works great. You made my day!", Sentiment.POSITIVE),
        ("Excellent help from your team, I am very happy with it.", Sentiment.POSITIVE),
        ("Where can I find the invoice of May?", Sentiment.NEUTRAL),
        ("Please help me with my ticket. Thank you for your support.", Sentiment.NEUTRAL),
        ("Please send me the credit note. Kind regards", Sentiment.NEUTRAL),
        ("", Sentiment.NEUTRAL),
    ],
)
def test_feelings_are_read_and_politeness_is_none(
    reader: SentimentReader, text: str, sentiment: Sentiment
) -> None:
    assert feel(reader, text).label == sentiment


def test_facts_around_a_complaint_do_not_hide_it(reader: SentimentReader) -> None:
    facts = "The invoice lists 25 seats. The order was placed in May. It came on Monday. "
    assert feel(reader, f"{facts}I am very disappointed. {facts}").label == Sentiment.NEGATIVE


def test_stronger_words_are_surer(reader: SentimentReader) -> None:
    mild = feel(reader, "I am a bit disappointed.")
    strong = feel(reader, "I am extremely disappointed and furious, this is horrible!")
    assert strong.confidence > mild.confidence


def test_other_languages_are_neutral_and_unsure(reader: SentimentReader) -> None:
    found = feel(reader, "Ich bin sehr ver\u00e4rgert, das ist furchtbar bad bad bad", "de")
    assert found.label == Sentiment.NEUTRAL
    assert found.confidence < 0.5


@pytest.mark.parametrize("text", [text[:8192] for text in HOSTILE_TEXTS])
def test_no_text_of_8_kib_takes_longer_than_a_few_milliseconds(
    reader: SentimentReader, text: str
) -> None:
    times = []
    for _ in range(5):
        start = time.process_time()
        feel(reader, text)
        times.append(time.process_time() - start)
    assert min(times) < 0.006  # twice the goal, for slow machines


@settings(max_examples=60)
@given(text=any_text)
def test_probabilities_of_any_text_sum_to_one(reader: SentimentReader, text: str) -> None:
    found = feel(reader, text[:8192])
    assert found.confidence + sum(chance for _, chance in found.runners_up) == pytest.approx(1)
