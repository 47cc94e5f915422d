"""What a confidence is worth, by feedback: a rising map from what engines say to what came true.

Answers are counted in bins of their confidence, each by how rarely it is looked at (1 / the
probability). A bin's share of right answers is drawn towards what the engine said, as strongly as
PRIOR_ITEMS answers would, and shares that fall where confidence rises are pooled, where a bin of
which nothing is known gives way. Without evidence every confidence stands as it is.
"""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, NamedTuple

from server.statistics.isotonic import rising
from server.triage.assessment import Prediction

# Upper ends of the bins but for the last: finer where most answers are, and automation is decided.
EDGES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99)
PRIOR_ITEMS = 20.0


class Bin(NamedTuple):
    """Answers of one range of confidences whose truth is known, weighted."""

    items: float
    right_items: float
    score_sum: float  # of their confidences


@dataclass(frozen=True, slots=True)
class Reliability:
    """A map from the confidence that an engine states to the one that held so far."""

    stated: tuple[float, ...]  # rising, from 0 to 1
    held: tuple[float, ...]  # rising, each in [0, 1]

    def of(self, score: float) -> float:
        """What a stated confidence is worth."""
        right = min(bisect_right(self.stated, score), len(self.stated) - 1)
        left = right - 1
        width = self.stated[right] - self.stated[left]
        share = (score - self.stated[left]) / width
        return self.held[left] + share * (self.held[right] - self.held[left])

    def calibrate(self, prediction: Prediction[Any]) -> Prediction[Any]:
        """The prediction with the confidence that held so far; its runners-up get no more than
        that leaves.
        """
        confidence = self.of(prediction.confidence)
        left, left_before = 1 - confidence, 1 - prediction.confidence
        runners_up = prediction.runners_up
        if left < left_before:
            runners_up = tuple((name, p * left / left_before) for name, p in runners_up)
        return replace(prediction, confidence=confidence, runners_up=runners_up)


def bin_of(score: float) -> int:
    """The number of the bin that a confidence is counted in."""
    return bisect_right(EDGES, score)


def reliability_of(bins: Mapping[int, Bin]) -> Reliability:
    """The map of what was counted, by bin."""
    ends = (0.0, *EDGES, 1.0)
    stated, held, weights = [], [], []
    for at, (low, high) in enumerate(pairwise(ends)):
        counted = bins.get(at, Bin(0.0, 0.0, 0.0))
        weight, prior = counted.items + PRIOR_ITEMS, PRIOR_ITEMS * (low + high) / 2
        stated.append((counted.score_sum + prior) / weight)
        held.append((counted.right_items + prior) / weight)
        weights.append(counted.items + 1)
    held = rising(held, weights)
    # Beyond the outermost bins in proportion, which leaves the identity the identity.
    top = min(1.0, held[-1] / stated[-1])
    return Reliability((0.0, *stated, 1.0), (0.0, *held, max(top, held[-1])))
