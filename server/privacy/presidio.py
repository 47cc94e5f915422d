"""Names and places by a language model of Presidio's, for those who install one.

Presidio is imported when it is asked for, and is no dependency.
"""

from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Protocol

from server.privacy.found import Finder, Found, Kind

_KINDS = {"PERSON": Kind.NAME, "LOCATION": Kind.ADDRESS}
_LEAST_SCORE = 0.5


class Recognized(Protocol):
    """One result of Presidio's: text[start:end] is an `entity_type`, surely at a score of 1."""

    entity_type: str
    start: int
    end: int
    score: float


class Analyzer(Protocol):
    """What is used of presidio_analyzer.AnalyzerEngine."""

    def analyze(self, text: str, language: str, entities: list[str]) -> Sequence[Recognized]:
        """What is recognized in a text of that language."""


def open_presidio() -> Analyzer:
    """Presidio with its default model, loaded: takes seconds.

    Raises ModuleNotFoundError where it is not installed.
    """
    try:
        presidio = import_module("presidio_analyzer")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "names by a language model need Presidio: pip install presidio-analyzer",
            name=error.name,
        ) from error
    analyzer: Analyzer = presidio.AnalyzerEngine()
    return analyzer


def presidio_finder(analyzer: Analyzer, language: str = "en") -> Finder:
    """Names and places as the analyzer's model for `language` sees them."""

    def find(text: str, /) -> Iterator[Found]:
        for result in analyzer.analyze(text=text, language=language, entities=list(_KINDS)):
            if result.score >= _LEAST_SCORE:
                yield Found(_KINDS[result.entity_type], result.start, result.end)

    return find
