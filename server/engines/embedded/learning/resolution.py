"""How long tickets of a category take, from labels that say how long theirs took."""

import math
from collections.abc import Sequence
from statistics import median

from server.engines.embedded.training_set import TrainingLabel
from server.triage.taxonomy import Category

TAXONOMY_WEIGHT = 5  # labels that the taxonomy's own estimate counts as much as
FEWEST_LABELS = 3  # where the taxonomy has none


def estimate_resolution(
    categories: Sequence[Category], labels: Sequence[TrainingLabel]
) -> tuple[float, ...]:
    """Seconds for each category; 0: labels tell nothing.

    The median of the logarithms, which a ticket left open for a year does not move, drawn towards
    the taxonomy's estimate.
    """
    logs: dict[str, list[float]] = {category.name: [] for category in categories}
    for label in labels:
        if label.category in logs and 0 < label.resolution_s < math.inf:
            logs[label.category].append(math.log(label.resolution_s))
    return tuple(_estimate(category, logs[category.name]) for category in categories)


def _estimate(category: Category, logs: Sequence[float]) -> float:
    known = category.estimated_resolution
    if not logs or (known is None and len(logs) < FEWEST_LABELS):
        return 0.0
    if not known:
        return math.exp(median(logs))
    total = len(logs) * median(logs) + TAXONOMY_WEIGHT * math.log(known.total_seconds())
    return math.exp(total / (len(logs) + TAXONOMY_WEIGHT))
