"""Exact evidence that two arms do not succeed equally often: for small samples, at every look.

Whoever is in arm a or b is in `a` with a known chance p. If both arms succeed equally often, an
outcome says nothing of the arm. A gambler who believes in rates (A, B) takes the chance of success
for p * A + (1 - p) * B and is paid

    (chance of the outcome in the arm that it came from) / (chance of the outcome).

If both arms have the rate t, an outcome of arm a pays f_a(t) on average and one of arm b f_b(t),
with p * f_a(t) + (1 - p) * f_b(t) = 1. So capital does not grow on average if outcomes are known of
an arm with its chance p, however t drifts. Where they come later of one arm, or more seldom, that
fails: then capital divided by f_a(t) or f_b(t) of every outcome does not grow. As nobody knows t,
capital is divided by the largest that this product can be for any t, and by 1 at least.

What is left is an e-value, which ever reaches 1 / alpha with probability alpha at most (Ville's
inequality), if either holds: outcomes fall to the arms by the known chances, whatever the common
rate does; or the common rate stays, whatever outcomes are late or lost, as long as their being so
depends on the arm alone. It costs about half a nat (e-folds of capital) if outcomes fall as they
should, and more the further they are from it.

The gambler splits one unit over fixed pairs of rates; capital then depends on counts alone. Turner,
Ly and Grunwald (2024), "Generic E-variables for exact sequential k-sample tests that allow for
optional stopping", with the arms' chances in the place of block sizes.
"""

import numpy as np

from server.statistics.betting import FloatArray

# On the scale angle = 2 * asin(sqrt(rate)) a difference is as hard to see at any rate. Angles run
# from 0 to pi; lifts of 2 to 30 points are differences of 0.04 to 0.8.
_CENTRES = np.pi * (np.arange(16) + 0.5) / 16
_LIFTS = np.array([0.08, 0.14, 0.24, 0.42, 0.75])

_HALVINGS = 20  # of the common rates in question: to a millionth, where their product is flat


def log_e_value(counts: FloatArray, chances: FloatArray) -> float:
    """Natural logarithm of the evidence that one arm succeeds more often; 0.0 without units.

    counts   [n_configurations, 4]  successes and failures of arm a, then of arm b
    chances  [n_configurations]     of arm a for a unit that is in a or b
    """
    better, worse = _rates()
    return _log_capital(counts, chances, np.r_[better, worse], np.r_[worse, better])


def log_e_value_better(counts: FloatArray, chances: FloatArray) -> float:
    """As `log_e_value`, that arm a succeeds more often than b: it does not grow if a is worse."""
    better, worse = _rates()
    return _log_capital(counts, chances, better, worse)


def _rates() -> tuple[FloatArray, FloatArray]:
    """The pairs of rates that are bet on, [n_pairs] each, the first of a pair above the second."""
    centres, halves = (grid.ravel() for grid in np.meshgrid(_CENTRES, _LIFTS / 2))
    possible = (centres - halves > 0) & (centres + halves < np.pi)
    upper, lower = centres + halves, centres - halves
    return np.sin(upper[possible] / 2) ** 2, np.sin(lower[possible] / 2) ** 2


def _log_capital(
    counts: FloatArray, chances: FloatArray, rates_a: FloatArray, rates_b: FloatArray
) -> float:
    won_a, lost_a, won_b, lost_b = counts.sum(axis=0)
    at_once = chances[:, None] * rates_a + (1 - chances[:, None]) * rates_b
    logs = (
        won_a * np.log(rates_a)
        + lost_a * np.log1p(-rates_a)
        + won_b * np.log(rates_b)
        + lost_b * np.log1p(-rates_b)
        - (counts[:, 0] + counts[:, 2]) @ np.log(at_once)
        - (counts[:, 1] + counts[:, 3]) @ np.log1p(-at_once)
        - _most_without_difference(counts, at_once, rates_a, rates_b)
    )
    return float(np.logaddexp.reduce(logs) - np.log(len(logs)))


def _most_without_difference(
    counts: FloatArray, at_once: FloatArray, rates_a: FloatArray, rates_b: FloatArray
) -> FloatArray:
    """What units pay on average, all multiplied, at the common rate that is best for the gambler.

    Its natural logarithm for each pair, at least 0. In the rate t it is concave: the sum of the
    logarithms of f(t) = 1 + slope * (t - at_once), the payment in an arm.
    """
    units = np.concatenate([counts[:, 0] + counts[:, 1], counts[:, 2] + counts[:, 3]])
    centres = np.concatenate([at_once, at_once])
    slopes = np.concatenate([rates_a - at_once, rates_b - at_once]) / (centres * (1 - centres))
    low, high = np.zeros(len(rates_a)), np.ones(len(rates_a))
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        is_rising = units @ (slopes / (1 + slopes * (middle - centres))) > 0
        low, high = np.where(is_rising, middle, low), np.where(is_rising, high, middle)
    most = units @ np.log1p(slopes * ((low + high) / 2 - centres))
    return np.asarray(np.maximum(most, 0.0))
