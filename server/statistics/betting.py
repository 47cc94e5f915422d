"""Evidence, exact at every look, that a share is smaller than it was feared to be.

Waudby-Smith and Ramdas (2024), "Estimating means of bounded random variables by betting". A gambler
bets that fewer than a share s of items are wrong: an item multiplies the capital by
1 + f * (s - x), x being 1 for a wrong one and 0 otherwise. While items are wrong with probability s
or more, nobody's capital is expected to grow, so it ever reaches 1 / alpha with probability alpha
at most (Ville's inequality).

The gambler here splits one unit over fixed fractions f and never changes them (the method of
mixtures). Capital then depends on how many items were wrong, not on the order: evidence of several
processes is added up by adding counts.
"""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

# The best fraction is 1 - error / s: the first finds errors that are rare beside s, the second ones
# about half of it. Each further fraction would cost all the others.
FRACTIONS: FloatArray = np.array([0.9, 0.45])
STAKES: FloatArray = np.array([0.7, 0.3])  # of the unit, on each fraction
FRACTIONS.flags.writeable = STAKES.flags.writeable = False


def log_capital(items: FloatArray, wrong: FloatArray, share: float) -> FloatArray:
    """Natural logarithm of the capital that speaks against `share` or more being wrong.

    items, wrong  [...]  how many there were, and how many of them were wrong
    Returns       [...]  0.0 where there were none; it grows with `share`
    """
    right = (items - wrong)[..., None] * np.log1p(FRACTIONS * share)
    capitals = right + wrong[..., None] * np.log1p(FRACTIONS * (share - 1))
    return np.asarray(np.logaddexp.reduce(capitals + np.log(STAKES), axis=-1))
