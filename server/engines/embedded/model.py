"""The model that serves: one gather, one product, one confidence."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from server.engines.embedded.calibration import Calibration, odds_against_top, signals
from server.engines.embedded.features import HALF, FeatureSet, bucket_ids
from server.engines.embedded.kernel import Kernel
from server.engines.embedded.priority import PriorityHead
from server.triage.assessment import Prediction

RUNNERS_UP = 3
LEAST_CHANCE = 0.005  # below it a runner-up tells nothing

Vector = npt.NDArray[np.float32]  # [dimensions], of length 1


@dataclass(frozen=True, slots=True)
class Words:
    """What the words of a text say."""

    decisions: list[float]  # of the categories
    priorities: list[float]  # of the levels of the priority head
    coverage: float  # share of the text, 0 to 1, that training saw
    features: int


@dataclass(frozen=True, eq=False)
class LinearModel:
    """Immutable, for the categories `names`."""

    names: tuple[str, ...]
    buckets: npt.NDArray[np.uint32]  # [rows], ascending: the buckets that training saw
    weights: npt.NDArray[np.float16]  # [rows, categories]; idf is folded in
    idf: npt.NDArray[np.float32]  # [rows]
    intercepts: npt.NDArray[np.float32]  # [categories]
    unseen_idf: float  # of a feature that training never saw
    calibration: Calibration
    training_digest: bytes  # SHA-256 of what it was trained from
    features: FeatureSet = FeatureSet.PLAIN
    kernel: Kernel | None = None  # None: it reads no vectors
    priority: PriorityHead | None = None  # None: the rules stand
    resolution_s: tuple[float, ...] = ()  # by category; 0: no label tells
    digest: bytes = b""  # SHA-256 of the model itself; set by `model_file`

    @cached_property
    def _biases(self) -> npt.NDArray[np.float32]:
        """Of the categories; the priority head adds its own."""
        levels = 0 if self.priority is None else len(self.priority.levels)
        return np.append(self.intercepts, np.zeros(levels, np.float32))

    @cached_property
    def _by_frequency(self) -> npt.NDArray[np.intp]:
        """Places in `buckets`, the most frequent first.

        Half of what a ticket looks up stands in a twentieth of the rows. Side by side they stay in
        the processor's cache.
        """
        return np.argsort(self.idf, kind="stable")

    @cached_property
    def _row_of_bucket(self) -> npt.NDArray[np.unsignedinteger[Any]]:
        """Row of each bucket; 0: never seen."""
        table = np.zeros(self.features.buckets, np.min_scalar_type(len(self.buckets)))
        table[self.buckets[self._by_frequency]] = np.arange(1, len(self.buckets) + 1)
        return table

    @cached_property
    def _rows(self) -> npt.NDArray[np.float32]:
        """A row a bucket: weights of categories, of priorities, then idf squared, then 1 (= seen).
        Row 0 is zero.
        """
        weights = [self.weights] if self.priority is None else [self.weights, self.priority.words]
        seen = [self.idf[:, None] ** 2, np.ones((len(self.buckets), 1), np.float32)]
        columns = np.hstack([*weights, *seen], dtype=np.float32)
        rows = np.zeros((len(columns) + 1, columns.shape[1]), np.float32)
        rows[1:] = columns[self._by_frequency]
        return rows

    @cached_property
    def place_of(self) -> dict[str, int]:
        """Where each category stands."""
        return {name: place for place, name in enumerate(self.names)}

    def prepare(self) -> "LinearModel":
        """The same model with its tables built, so that the first prediction is fast too."""
        _ = self._biases, self._row_of_bucket, self._rows
        if self.kernel is not None:
            self.kernel.prepare()
        return self

    def reads_vectors_of(self, embedding_model: str) -> bool:
        """Whether vectors of this embedding model help it."""
        return self.kernel is not None and self.kernel.embedding_model == embedding_model

    def predict(self, text: str, vector: Vector | None = None) -> Prediction[str]:
        """The likeliest category. Confidence is low where the text resembles none of them."""
        return self.classify(self.read(text), vector)

    def read(self, text: str) -> Words:
        """What the text's words say."""
        buckets = bucket_ids(text, self.features)
        rows = self._rows.take(self._row_of_bucket.take(buckets), axis=0)
        said, seen_square, seen = self._biases, 0.0, 0.0
        is_apart = self.features is FeatureSet.APART
        for read in np.split(rows, [buckets.searchsorted(HALF)]) if is_apart else [rows]:
            sums = np.ones(len(read), np.float32) @ read
            square, number = sums[-2:].tolist()
            said = said + sums[:-2] / (math.sqrt(square) or 1.0)
            seen_square += square
            seen += number
        values = said.tolist()
        decisions, priorities = values[: len(self.names)], values[len(self.names) :]
        all_square = seen_square + (len(buckets) - seen) * self.unseen_idf**2
        coverage = math.sqrt(seen_square / all_square) if seen else 0.0
        return Words(decisions, priorities, coverage, len(buckets))

    def persuaded(self, words: Words, votes: Mapping[str, float]) -> Words:
        """The same words with more said for some categories."""
        decisions = [
            value + votes.get(name, 0.0)
            for name, value in zip(self.names, words.decisions, strict=True)
        ]
        return replace(words, decisions=decisions)

    def classify(self, words: Words, vector: Vector | None = None) -> Prediction[str]:
        """The likeliest category, of a text with such words. vector: by the embedding model that
        the kernel names; None: there is none.
        """
        if self.kernel is None or vector is None:
            return self._prediction(words, words.decisions, self.calibration)
        values, nearest = self.kernel.decide(vector)
        weight = self.kernel.weight
        decisions = [a + weight * b for a, b in zip(words.decisions, values, strict=True)]
        agree = float(_top(words.decisions) == _top(values))
        return self._prediction(words, decisions, self.kernel.calibration, nearest, agree)

    def _prediction(
        self,
        words: Words,
        decisions: Sequence[float],
        calibration: Calibration,
        *of_vector: float,
    ) -> Prediction[str]:
        odds = odds_against_top(decisions, calibration.sharpness)
        ranked = sorted(range(len(odds)), key=odds.__getitem__, reverse=True)
        first, *rest = ranked[: RUNNERS_UP + 1]
        against = sum(odds) - 1
        lead = decisions[first], decisions[rest[0]], against
        found = signals(*lead, words.coverage, words.features, *of_vector)
        confidence = calibration.confidence(found)
        if not words.coverage and not of_vector:
            # No better than chance among the categories and "none of these".
            confidence = min(confidence, 1 / (len(odds) + 1))
        scale = _runner_up_scale(against, confidence)
        chances = [(self.names[i], odds[i] * scale) for i in rest]
        runners_up = tuple(one for one in chances if one[1] >= LEAST_CHANCE)
        return Prediction(self.names[first], confidence, runners_up)


def _top(values: Sequence[float]) -> int:
    return max(range(len(values)), key=values.__getitem__)


def _runner_up_scale(against: float, confidence: float) -> float:
    """What turns odds against the top into probabilities beside `confidence`.

    The top keeps its lead over the others, and all sum to at most 1; the rest is "none of these".
    """
    return min(confidence, (1 - confidence) / against) if against > 0 else 0.0
