"""Many comparisons at once: how strict each has to be, and which remain."""

from collections.abc import Sequence

import numpy as np


def bonferroni(alpha: float, comparisons: int) -> float:
    """The alpha of each comparison, so that any of them errs with probability `alpha` at most."""
    return alpha / max(comparisons, 1)


def benjamini_hochberg(p_values: Sequence[float], rate: float) -> list[bool]:
    """Which hypotheses are rejected, so that `rate` of the rejections is false at most on average.

    Benjamini and Hochberg (1995), for p-values that are independent or positively dependent.
    """
    return [adjusted <= rate for adjusted in adjusted_p_values(p_values)]


def adjusted_p_values(p_values: Sequence[float]) -> list[float]:
    """For each p-value the smallest rate at which `benjamini_hochberg` rejects its hypothesis."""
    values = np.asarray(p_values, dtype=np.float64)
    largest_first = np.argsort(-values)
    ranks = np.arange(len(values), 0, -1)
    scaled = np.minimum.accumulate(values[largest_first] * len(values) / ranks)
    adjusted = np.empty_like(values)
    adjusted[largest_first] = np.minimum(scaled, 1.0)
    return [float(value) for value in adjusted]
