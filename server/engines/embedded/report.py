"""What a training found out about its model, fit for JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class TrainingReport:
    """Figures by cross-validation on the labels; on the examples where there are none.

    Shares are of 0 to 1. The nested records are those of the contract's TrainingFigures.
    """

    labels: int  # that it learned from
    skipped: Sequence[Mapping[str, Any]]  # reason, labels
    held_out: int
    accuracy: float
    macro_f1: float
    calibration_error: float  # expected, in 15 bins
    coverage: Sequence[Mapping[str, Any]]  # confidence, coverage, accuracy
    confusions: Sequence[Mapping[str, Any]]  # category, answered, labels; the most frequent first
    categories: Sequence[Mapping[str, Any]]  # category, labels, precision, recall
    learns_priority: bool
    resolution_categories: int  # whose time to resolution is learned
    sharpness: float  # inverse temperature of the softmax over the categories
    seconds: float

    def record(self) -> dict[str, Any]:
        """All of it as JSON has it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Scored:
    """What a model said of a text. Without a truth, nothing is right."""

    category: str
    confidence: float
    is_right: bool = False
