"""The language of a text."""

import re

import pytest
from hypothesis import given, settings

from server.engines.embedded.language import FastTextDetector
from tests.unit.engines.hostile import any_text


@pytest.fixture(scope="session")
def detector() -> FastTextDetector:
    return FastTextDetector()


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Where is my order? It should have come on Monday.", "en"),
        ("WHERE IS MY ORDER", "en"),
        ("Ich kann mich nicht anmelden", "de"),
        ("Bonjour, je voudrais un remboursement", "fr"),
        ("\u00bfD\u00f3nde est\u00e1 mi pedido?", "es"),
        ("\u6ce8\u6587\u306f\u3069\u3053\u3067\u3059\u304b", "ja"),
        ("\u0645\u0631\u062d\u0628\u0627 \u0623\u064a\u0646 \u0637\u0644\u0628\u064a", "ar"),
        ("\nIch kann mich\nnicht anmelden\n", "de"),
    ],
)
def test_a_sentence_tells_its_language(
    detector: FastTextDetector, text: str, language: str
) -> None:
    found = detector.detect(text, "")
    assert found.label == language
    assert found.confidence > 0.6


@pytest.mark.parametrize("text", ["", "12345", "\U0001f44d\U0001f44d", "?!", "hi", "a"])
def test_a_text_that_does_not_tell_is_undetermined(detector: FastTextDetector, text: str) -> None:
    assert detector.detect(text, "").label == "und"
    assert detector.detect(text, "").confidence == 0.0


@pytest.mark.parametrize(
    ("hint", "language"), [("pt-BR", "pt"), ("de", "de"), ("eng", "en"), ("ZH-Hans-CN", "zh")]
)
def test_the_hint_decides_where_the_text_does_not(
    detector: FastTextDetector, hint: str, language: str
) -> None:
    assert detector.detect("ok 123", hint).label == language


def test_a_clear_text_overrules_the_hint(detector: FastTextDetector) -> None:
    assert detector.detect("Ich kann mich seit gestern nicht anmelden", "en").label == "de"


def test_a_hint_that_agrees_makes_it_surer(detector: FastTextDetector) -> None:
    text = "Hvor er pakken min?"
    alone, hinted = detector.detect(text, ""), detector.detect(text, "da")
    assert alone.label == hinted.label == "da"
    assert hinted.confidence > alone.confidence


def test_a_short_text_is_less_sure_than_a_long_one(detector: FastTextDetector) -> None:
    short = detector.detect("help", "")
    long = detector.detect("help, I need help with the order that I placed last week", "")
    assert short.confidence < long.confidence


@settings(max_examples=60)
@given(text=any_text)
def test_any_text_gets_a_code_and_probabilities(detector: FastTextDetector, text: str) -> None:
    found = detector.detect(text, "")
    assert re.fullmatch("[a-z]{2,3}", found.label)
    assert len(found.runners_up) <= 3
    assert 0 <= found.confidence <= 1
    assert found.confidence + sum(chance for _, chance in found.runners_up) <= 1 + 1e-9
