"""Evidence that a share exceeds a bound, at every look at once, also when it begins to only later.

A gambler bets that more than the bound fail: one item multiplies the capital by
1 + f * (x - bound) / bound, x being 1 for a failure and 0 otherwise. While the share is within the
bound nobody's capital is expected to grow, so it ever reaches 1 / alpha with probability alpha at
most (Ville's inequality). One unit is split over fixed fractions f, so that capital depends on how
many of each kind there were, not on their order: what was counted wrong can be taken back.

Whoever has won nothing for long would notice a change late. So a gambler who has lost nearly all of
a stake gives up, and a new attempt begins (as a CUSUM does). The i-th attempt has the share
1 / (i (i + 1)) of alpha; the shares sum to 1, so all attempts together raise a false alarm with
probability alpha at most.

An item that came to be looked at with probability q weighs 1 / q: so the rarely looked at stand for
those that were not. The ceiling, the most that any item could have weighed, divides the bet; it
must be known before the item is.
"""

from dataclasses import dataclass
from math import log

import numpy as np

from server.statistics.betting import FloatArray

# Large fractions see large excess soon, small ones see small excess at all. Below 1: never ruined.
FRACTIONS: FloatArray = 0.9 * 0.5 ** np.arange(6.0)
FRACTIONS.flags.writeable = False
_LOST = 2.0  # negative logarithm of the capital at which an attempt is given up


@dataclass(frozen=True, slots=True)
class Attempt:
    """A bet that goes on."""

    number: int = 1  # of the attempts so far
    log_capitals: tuple[float, ...] = (0.0,) * len(FRACTIONS)

    @property
    def log_capital(self) -> float:
        """Natural logarithm of what one unit, split over the fractions, has become."""
        return float(np.logaddexp.reduce(self.log_capitals)) - log(len(FRACTIONS))

    @property
    def log_evidence(self) -> float:
        """Of the e-value against the share being within the bound; it alarms at -log(alpha)."""
        return self.log_capital - log(self.number * (self.number + 1))

    @property
    def is_lost(self) -> bool:
        """Whether another attempt should take its place."""
        return self.log_capital < -_LOST

    def plus(self, gains: FloatArray) -> "Attempt":
        """With an item's gains; with its negative gains, without the item."""
        return Attempt(self.number, tuple((self.log_capitals + gains).tolist()))

    def after(self) -> "Attempt":
        """The next attempt."""
        return Attempt(self.number + 1)


def gains(bound: float, has_failed: bool, weight: float = 1.0, ceiling: float = 1.0) -> FloatArray:
    """What one item adds to the logarithms of the capitals.

    bound            share that may fail, in (0, 1)
    weight, ceiling  0 < weight <= ceiling
    """
    excess = (has_failed - bound) / bound
    return np.asarray(np.log1p(FRACTIONS * (weight / ceiling * excess)))
