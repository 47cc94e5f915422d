"""Presidio, for those who install it."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from server.privacy.presidio import Recognized, open_presidio, presidio_finder
from server.privacy.redaction import redact


@dataclass
class Result:
    """As presidio_analyzer.RecognizerResult."""

    entity_type: str
    start: int
    end: int
    score: float


class Analyzer:
    """As presidio_analyzer.AnalyzerEngine, with a model that knows one name and one town."""

    def __init__(self, score: float) -> None:
        self.score = score

    def analyze(self, text: str, language: str, entities: list[str]) -> Sequence[Recognized]:
        """What the model knows."""
        assert language == "en"
        known = {"PERSON": "Bell", "LOCATION": "Leeds"}
        return [
            Result(entity, text.index(word), text.index(word) + len(word), self.score)
            for entity, word in known.items()
            if entity in entities and word in text
        ]


def test_names_and_places_of_the_model_are_replaced() -> None:
    finder = presidio_finder(Analyzer(score=0.9))
    assert redact(["Bell of Leeds"], finders=[finder]).texts == ("[NAME_1] of [ADDRESS_1]",)


def test_what_the_model_is_not_sure_of_stays() -> None:
    finder = presidio_finder(Analyzer(score=0.3))
    assert redact(["Bell of Leeds"], finders=[finder]).texts == ("Bell of Leeds",)


def test_without_presidio_the_error_says_what_to_install() -> None:
    with pytest.raises(ModuleNotFoundError, match="pip install presidio-analyzer"):
        open_presidio()
