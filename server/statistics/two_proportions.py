"""Exact evidence that two arms do not succeed equally often: for small samples, at every look.

Whoever is in arm a or b is in `a` with a known chance p. If both arms succeed equally often, an
outcome says nothing of the arm, whatever the common rate is and however it drifts. A gambler who
believes in rates (A, B) takes the chance of success for p * A + (1 - p) * B and is paid

    (chance of the outcome in the arm that it came from) / (chance of the outcome),

which is 1 on average over the arms. So the capital is an e-value: it ever reaches 1 / alpha with
probability alpha at most (Ville's inequality). The gambler splits one unit over fixed pairs of
rates; capital then depends on counts alone. Turner, Ly and Grunwald (2024), "Generic E-variables
for exact sequential k-sample tests that allow for optional stopping", with the arms' chances in the
place of block sizes.
"""

import numpy as np

from server.statistics.betting import FloatArray

# On the scale angle = 2 * asin(sqrt(rate)) a difference is as hard to see at any rate. Angles run
# from 0 to pi; lifts of 2 to 30 points are differences of 0.04 to 0.8.
_CENTRES = np.pi * (np.arange(16) + 0.5) / 16
_LIFTS = np.array([0.08, 0.14, 0.24, 0.42, 0.75])


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
    )
    return float(np.logaddexp.reduce(logs) - np.log(len(logs)))
