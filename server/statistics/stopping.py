"""When an experiment stops that is looked at all the time, by its confidence sequence.

Units are those of the whole experiment; a confidence sequence counts those of the two arms that it
compares.
"""

from functools import partial
from math import inf, sqrt
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr

from server.statistics.betting import FloatArray
from server.statistics.confidence_sequence import one_sided_radius, two_sided_radius
from server.statistics.crossing import chances_to_have_left
from server.statistics.sample_size import Comparison, units_needed

_LOOKS = 100
_FIRST_LOOK = 0.005  # of all units: next to nothing is found before


class StoppingTimes(NamedTuple):
    """Units at which an experiment has found its effect, if there is one of that size."""

    median: float  # as often earlier as later
    units: float  # no later than this, with the power asked for


def stopping_times(comparison: Comparison, tuned_for: int, power: float) -> StoppingTimes | None:
    """When the confidence sequence first excludes that there is no effect (or the whole margin).

    tuned_for  number of units of the two arms at which the sequence is narrowest
    None where no number of units suffices.
    """
    most_units = units_needed(partial(_last_look, comparison, tuned_for), max(power, 0.5))
    if most_units is None:
        return None
    units, chances = stopping_curve(comparison, tuned_for, most_units)
    median, needed = np.interp((0.5, power), chances, units)
    return StoppingTimes(float(median), float(needed))


def sequential_power(comparison: Comparison, tuned_for: int, units: float) -> float:
    """Probability to have found the effect by so many units, at whichever look."""
    return float(stopping_curve(comparison, tuned_for, units)[1][-1])


def stopping_curve(
    comparison: Comparison, tuned_for: int, most_units: float
) -> tuple[FloatArray, FloatArray]:
    """Numbers of units up to `most_units`, and the probability to have stopped by each: [n_looks].

    For large numbers. Looks are taken a hundred times, the next each time 5 % later: who looks
    more often stops a little earlier.
    """
    units = np.geomspace(_FIRST_LOOK * most_units, most_units, _LOOKS)
    seen = units * sum(comparison.shares)
    bounds = [count * _radius(comparison, count, tuned_for) for count in seen]
    lower = [-inf if comparison.is_one_sided else -bound for bound in bounds]
    return units, chances_to_have_left(list(seen), lower, bounds, _drift(comparison))


def _last_look(comparison: Comparison, tuned_for: int, units: float) -> float:
    """Probability to find the effect at that very look: less than by that look."""
    seen = units * sum(comparison.shares)
    beyond = _drift(comparison) - _radius(comparison, seen, tuned_for)
    return float(ndtr(beyond * sqrt(seen)))


def _drift(comparison: Comparison) -> float:
    """The effect in standard deviations of one unit of the two arms."""
    return comparison.effect / (comparison.deviation * sqrt(sum(comparison.shares)))


def _radius(comparison: Comparison, count: float, tuned_for: int) -> float:
    """Half-width of the sequence, in standard deviations of one unit of the two arms."""
    radius = one_sided_radius if comparison.is_one_sided else two_sided_radius
    return radius(count, 1.0, comparison.alpha, tuned_for)
