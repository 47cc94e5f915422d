"""How often a random walk has left its bounds by each look: what repeated looking comes to.

The recursion of Armitage, McPherson and Rowe (1969), "Repeated significance tests on accumulating
data": the density of walks that were within the bounds at every look so far is carried on from look
to look by quadrature.
"""

from collections.abc import Sequence
from math import pi, sqrt

import numpy as np
from scipy.special import ndtr

from server.statistics.betting import FloatArray

_POINTS = 128  # of each look's density
_REACH = 8.0  # standard deviations beyond which no walk is looked for


def chances_to_have_left(
    times: Sequence[float], lower: Sequence[float], upper: Sequence[float], drift: float
) -> FloatArray:
    """Probability to have been outside the bounds at some look, up to each: [n_looks].

    times         of the looks, rising; the walk starts at 0 and has variance 1 per unit of time
    lower, upper  bounds at the looks, in the walk's own unit; infinite where there is none
    drift         of the walk per unit of time
    """
    nodes, node_weights = np.polynomial.legendre.leggauss(_POINTS)
    points, masses, before = np.zeros(1), np.ones(1), 0.0
    leaving = np.zeros(len(times))
    for look, (time, low, high) in enumerate(zip(times, lower, upper, strict=True)):
        means, deviation = points + drift * (time - before), sqrt(time - before)
        leaving[look] = masses @ (
            ndtr((low - means) / deviation) + ndtr((means - high) / deviation)
        )
        left, right = _within_reach(low, high, time, drift)
        if left >= right:
            break
        points = left + (right - left) * (nodes + 1) / 2
        steps = (points[:, None] - means) / deviation
        arriving = np.exp(-steps * steps / 2) @ masses / (deviation * sqrt(2 * pi))
        masses, before = arriving * node_weights * (right - left) / 2, time
    return leaving.cumsum()


def _within_reach(low: float, high: float, time: float, drift: float) -> tuple[float, float]:
    """The part of the bounds in which there are any walks at that time."""
    reach = _REACH * sqrt(time)
    return max(low, drift * time - reach), min(high, drift * time + reach)
