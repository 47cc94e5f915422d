"""The pieces that an answer is written in, each with its probability: what a model calls tokens."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import orjson

PIECE = re.compile(r"[ _]?[^\W_]+|\s|\W|_")
WORD = re.compile(r"[^\W\d_]{3,}")
STEM_LETTERS = 5  # "charge", "charged" and "charges" are one word
SHARPNESS = 2.0  # of a choice: how much surer it is with every word that speaks for it
SURE = -0.001  # logprob of what could hardly be otherwise
FLUENT = -0.2  # logprob of a word of free text


@dataclass(frozen=True, slots=True)
class Piece:
    """A token: its text, its logprob, and what else might have stood there, the likeliest first."""

    text: str
    logprob: float
    alternatives: tuple[tuple[str, float], ...] = ()


class Part(Protocol):
    """A part of an answer."""

    def write(self, text: str) -> Iterator[Piece]:
        """Its pieces, in answer to a text."""


class Fixed:
    """What stands in every answer."""

    def __init__(self, text: str) -> None:
        self._pieces = tuple(Piece(piece, SURE) for piece in PIECE.findall(text))

    def write(self, _text: str) -> Iterator[Piece]:
        """The same pieces always."""
        return iter(self._pieces)


class Sentence:
    """A short string made of the text's own words; lengths in characters."""

    def __init__(self, least: int, most: int) -> None:
        self._least = least
        self._most = most

    def write(self, text: str) -> Iterator[Piece]:
        """The text's first words, as a string of JSON."""
        return free_text(json_text(self._fitted(" ".join(text.split(maxsplit=12)[:12]))))

    def _fitted(self, words: str) -> str:
        said = f"About: {words}"[: self._most].rstrip()
        return said.ljust(self._least, ".")


class Choice:
    """One of several values: the one whose words occur most in the text; of equals, the first."""

    def __init__(self, values: Sequence[object], words: Mapping[int, str]) -> None:
        self._spelled = [PIECE.findall(json_text(value)) for value in values]
        self._stems = [
            stems(f"{value} {words.get(place, '')}") for place, value in enumerate(values)
        ]

    @cached_property
    def _places(self) -> Mapping[str, Sequence[int]]:
        """Where in the values each stem occurs."""
        places: dict[str, list[int]] = {}
        for place, found in enumerate(self._stems):
            for stem in found:
                places.setdefault(stem, []).append(place)
        return places

    def write(self, text: str) -> Iterator[Piece]:
        """The chosen value's pieces; each tells how likely it was after those before it."""
        weights = self._weights(text)
        chosen = self._spelled[weights.index(max(weights))]
        rivals = [*range(len(weights))]
        for place, piece in enumerate(chosen):
            shares: dict[str, float] = {}
            for rival in rivals:
                shown = self._spelled[rival][place]
                shares[shown] = shares.get(shown, 0.0) + weights[rival]
            yield _weighed(piece, shares)
            rivals = [r for r in rivals if self._spelled[r][place] == piece]

    def _weights(self, text: str) -> list[float]:
        """How likely each value is, not yet summing to 1. Words of few values weigh most."""
        scores = [0.0] * len(self._spelled)
        for stem in stems(text):
            holders = self._places.get(stem, ())
            for place in holders:
                scores[place] += 1 / len(holders)
        return [math.exp(SHARPNESS * min(score, 10.0)) for score in scores]


class YesOrNo(Choice):
    """True where one of the words occurs in the text."""

    def __init__(self, words: str) -> None:
        super().__init__((False, True), {1: words})


def stems(text: str) -> set[str]:
    """The words of a text, cut to where their endings begin."""
    return {word[:STEM_LETTERS] for word in WORD.findall(text.lower().replace("_", " "))}


def free_text(text: str) -> Iterator[Piece]:
    """The pieces of a text in which other words might have stood."""
    return (Piece(piece, FLUENT) for piece in PIECE.findall(text))


def json_text(value: object) -> str:
    """A value as JSON."""
    return orjson.dumps(value).decode()


def _weighed(piece: str, shares: Mapping[str, float]) -> Piece:
    if len(shares) == 1:
        return Piece(piece, SURE)
    total = sum(shares.values())
    ranked = sorted(shares.items(), key=lambda share: -share[1])
    logprobs = {text: math.log(share / total) for text, share in ranked}
    return Piece(piece, logprobs[piece], tuple(logprobs.items()))
