"""Exact time-uniform bounds on the mean of a bounded variable, by betting against it.

Waudby-Smith and Ramdas (2024), "Estimating means of bounded random variables by betting". A gambler
bets that a variable X in [0, ceiling] is smaller than m: one observation multiplies the capital by
1 + f / ceiling * (m - X). While the mean of each observation, given all before it, is m or more,
nobody's capital is expected to grow, so it ever reaches 1 / alpha with probability alpha at most
(Ville's inequality): capital is evidence against m, at every look at once.

The gambler here splits one unit over fixed fractions f and never changes them (the method of
mixtures). Capital then depends on how often each value was seen, not on the order: evidence of
several processes is added up by adding counts.

An item that is audited with probability q counts 1 / q when it is audited and wrong and 0
otherwise: its mean is its probability to be wrong, its ceiling 1 / q. The ceiling must be known
before the item is seen, and be the same for all items that might have come: a ceiling that depends
on the item would weigh the kinds of items differently.
"""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

# Small fractions tell means apart that are close, large ones tell soon. Below 1: never ruined.
FRACTIONS: FloatArray = 0.9 * 0.5 ** np.arange(8.0)
FRACTIONS.flags.writeable = False
_HALVINGS = 16  # of [0, 1]: to two in a hundred thousand, and never below the bound


def log_capital(
    values: FloatArray, ceilings: FloatArray, counts: FloatArray, mean: float
) -> FloatArray:
    """Natural logarithm of the capital that speaks against a mean of `mean` or more.

    values    [n_kinds]       observed values, each in [0, its ceiling]
    ceilings  [n_kinds]       the most that each could have been, 1 or more
    counts    [..., n_kinds]  how often each was observed
    Returns   [...]           0.0 where nothing was observed; it grows with `mean`
    """
    gains = np.log1p(FRACTIONS[:, None] / ceilings * (mean - values))  # [n_fractions, n_kinds]
    capitals: FloatArray = counts @ gains.T
    peak = capitals.max(axis=-1, keepdims=True)
    mixed = np.log(np.exp(capitals - peak).mean(axis=-1)) + peak[..., 0]
    return np.asarray(mixed)


def upper_bound(
    values: FloatArray, ceilings: FloatArray, counts: FloatArray, alpha: float
) -> float:
    """A number in [0, 1] that the mean exceeds with probability `alpha` at most, at all looks.

    Arrays as in `log_capital`, counts of [n_kinds]. 1.0 while too little was seen.
    """
    needed = -np.log(alpha)
    low, high = 0.0, 1.0
    if log_capital(values, ceilings, counts, high) < needed:
        return high
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if log_capital(values, ceilings, counts, middle) < needed:
            low = middle
        else:
            high = middle
    return high
