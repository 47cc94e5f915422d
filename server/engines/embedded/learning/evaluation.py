"""How right answers are, how honest about it, and what is taken for what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from server.engines.embedded.learning.corpus import Floats
from server.engines.embedded.learning.fitting import Labels

BINS = 15
CONFIDENCES = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
MOST_CONFUSIONS = 50


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Answers to texts whose categories are known, as figures."""

    names: Sequence[str]
    truth: Labels  # [texts]: places in `names`
    answers: Labels  # [texts]
    confidences: Floats  # [texts]

    @property
    def is_right(self) -> npt.NDArray[np.bool_]:
        """Which answers are."""
        return np.asarray(self.truth == self.answers)

    @property
    def accuracy(self) -> float:
        """Share of right answers; 0 of none."""
        return float(self.is_right.mean()) if len(self.truth) else 0.0

    @property
    def macro_f1(self) -> float:
        """Mean of the categories' F1; those that are neither asked about nor answered count not."""
        counts = self._counts()
        right, all_ = np.diag(counts), counts.sum(axis=0) + counts.sum(axis=1)
        return float((2 * right[all_ > 0] / all_[all_ > 0]).mean()) if all_.any() else 0.0

    @property
    def calibration_error(self) -> float:
        """Mean distance of confidence and share of right answers, over bins of equal width."""
        bins = np.minimum((self.confidences * BINS).astype(int), BINS - 1)
        gaps = np.bincount(bins, self.confidences - self.is_right, BINS)
        return float(np.abs(gaps).sum() / max(len(bins), 1))

    def coverage(self) -> list[Mapping[str, Any]]:
        """What remains, and how right it is, when one asks for some confidence."""
        points: list[Mapping[str, Any]] = []
        for confidence in CONFIDENCES:
            sure = self.confidences >= confidence
            accuracy = float(self.is_right[sure].mean()) if sure.any() else 0.0
            share = float(sure.mean()) if len(sure) else 0.0
            points.append({"confidence": confidence, "coverage": share, "accuracy": accuracy})
        return points

    def confusions(self) -> list[Mapping[str, Any]]:
        """The categories that are taken for others, the most frequent first."""
        counts = self._counts()
        np.fill_diagonal(counts, 0)
        pairs = np.column_stack(np.nonzero(counts)).tolist()
        pairs.sort(key=lambda pair: -counts[pair[0], pair[1]])
        return [
            {"category": self.names[i], "answered": self.names[j], "labels": int(counts[i, j])}
            for i, j in pairs[:MOST_CONFUSIONS]
        ]

    def categories(self) -> list[Mapping[str, Any]]:
        """How well each category is told."""
        counts = self._counts()
        right, asked, answered = np.diag(counts), counts.sum(axis=1), counts.sum(axis=0)
        return [
            {
                "category": name,
                "labels": int(asked[i]),
                "precision": float(right[i] / max(answered[i], 1)),
                "recall": float(right[i] / max(asked[i], 1)),
            }
            for i, name in enumerate(self.names)
        ]

    def _counts(self) -> npt.NDArray[np.intp]:
        """How often each category [first] was answered with each [second]."""
        size = len(self.names)
        pairs = np.bincount(self.truth * size + self.answers, minlength=size * size)
        return pairs.reshape(size, size)
