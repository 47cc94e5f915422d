"""What an exam found, after so many pieces of feedback."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

BINS = 15  # of confidence


@dataclass(frozen=True, slots=True)
class Exam:
    """The answers to an exam."""

    confidence: npt.NDArray[np.float64]  # [n_questions]
    right: npt.NDArray[np.bool_]  # [n_questions]

    @property
    def accuracy(self) -> float:
        """The share of right answers."""
        return float(self.right.mean())

    @property
    def calibration_error(self) -> float:
        """How far confidence and accuracy are apart on average, in bins of confidence."""
        bins = np.minimum((self.confidence * BINS).astype(int), BINS - 1)
        gaps = np.bincount(bins, self.confidence - self.right, BINS)
        return float(np.abs(gaps).sum() / len(self.right))


@dataclass(frozen=True, slots=True)
class Mark:
    """How good a pupil was at some point."""

    feedback: int
    exam: Exam
    corrected: int = 0  # of the feedback: the answer was wrong
    model: str = ""  # what came of training, in a few words; empty: there was none
    training_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Line:
    """A pupil's marks, from the first to the last."""

    name: str
    marks: Sequence[Mark]
