"""The linear model that serves: one gather, one product, one confidence."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from server.engines.embedded.calibration import Calibration, odds_against_top
from server.engines.embedded.features import BUCKETS, bucket_ids
from server.triage.assessment import Prediction

RUNNERS_UP = 3
LEAST_CHANCE = 0.005  # below it a runner-up tells nothing


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
    digest: bytes = b""  # SHA-256 of the model itself; set by `model_file`

    @cached_property
    def _biases(self) -> list[float]:
        return [float(bias) for bias in self.intercepts]

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
        table = np.zeros(BUCKETS, np.min_scalar_type(len(self.buckets)))
        table[self.buckets[self._by_frequency]] = np.arange(1, len(self.buckets) + 1)
        return table

    @cached_property
    def _rows(self) -> npt.NDArray[np.float32]:
        """A row a bucket: category weights, then idf squared, then 1 (= seen). Row 0 is zero."""
        rows = np.zeros((len(self.buckets) + 1, len(self.names) + 2), np.float32)
        rows[1:, :-2] = self.weights[self._by_frequency]
        rows[1:, -2] = self.idf[self._by_frequency] ** 2
        rows[1:, -1] = 1
        return rows

    def prepare(self) -> "LinearModel":
        """The same model with its tables built, so that the first prediction is fast too."""
        _ = self._biases, self._row_of_bucket, self._rows
        return self

    def predict(self, text: str) -> Prediction[str]:
        """The likeliest category. Confidence is low where the text resembles none of them."""
        buckets = bucket_ids(text)
        rows = self._rows.take(self._row_of_bucket.take(buckets), axis=0)
        *sums, seen_square, seen = (np.ones(len(rows), np.float32) @ rows).tolist()
        length = math.sqrt(seen_square) or 1.0
        decisions = [total / length + b for total, b in zip(sums, self._biases, strict=True)]
        all_square = seen_square + (len(buckets) - seen) * self.unseen_idf**2
        coverage = math.sqrt(seen_square / all_square) if seen else 0.0
        return self._prediction(decisions, coverage, len(buckets))

    def _prediction(
        self, decisions: list[float], coverage: float, features: int
    ) -> Prediction[str]:
        odds = odds_against_top(decisions, self.calibration.sharpness)
        ranked = sorted(range(len(odds)), key=odds.__getitem__, reverse=True)
        first, *rest = ranked[: RUNNERS_UP + 1]
        against = sum(odds) - 1
        confidence = self.calibration.confidence(
            decisions[first], decisions[rest[0]], against, coverage, features
        )
        if not coverage:  # no better than chance among the categories and "none of these"
            confidence = min(confidence, 1 / (len(odds) + 1))
        scale = _runner_up_scale(against, confidence)
        chances = [(self.names[i], odds[i] * scale) for i in rest]
        runners_up = tuple(one for one in chances if one[1] >= LEAST_CHANCE)
        return Prediction(self.names[first], confidence, runners_up)


def _runner_up_scale(against: float, confidence: float) -> float:
    """What turns odds against the top into probabilities beside `confidence`.

    The top keeps its lead over the others, and all sum to at most 1; the rest is "none of these".
    """
    return min(confidence, (1 - confidence) / against) if against > 0 else 0.0
