"""An upper bound on a share when some kinds of items are looked at more often than others.

Where items of a kind are looked at rarely, each stands for many. The share that is wrong is then a
weighted sum of counts that are at most Poisson, and its upper confidence bound is a quantile of the
gamma distribution with the mean and variance of that sum, had one more wrong item been seen: Fay
and Feuer (1997), "Confidence intervals for directly standardized rates: a method based on the gamma
distribution"; that item having the average weight, after Tiwari, Clegg and Zou (2006), "Efficient
interval estimation for age-adjusted cancer rates". With equal weights it is the exact bound of a
Poisson mean; with others it is an approximation that was found to keep its level.

It holds at one moment that is not chosen by what was seen, unlike the evidence of `betting`, which
holds at every look; that is why it is narrower.
"""

import numpy as np
from scipy.special import gammaincinv

from server.statistics.betting import FloatArray


def upper_bounds(
    items: FloatArray, wrong: FloatArray, stands_for: FloatArray, alpha: float
) -> FloatArray:
    """Upper bounds on the share that is wrong among the kinds up to each, in [0, 1].

    items, wrong  [n_kinds]  how many were looked at, and how many of them were wrong
    stands_for    [n_kinds]  how many there were, whether looked at or not
    alpha         probability with which a bound may be below the true share
    Returns       [n_kinds]  1.0 where too little was seen
    """
    there_were = np.cumsum(stands_for)
    is_seen = there_were > 0
    total = np.where(is_seen, there_were, 1.0)
    weights = np.divide(stands_for, items, out=np.zeros_like(items), where=items > 0)
    # Before anything was seen any weight does.
    average = np.where(is_seen, np.cumsum(weights * stands_for) / total, 1.0)
    square = np.where(is_seen, np.cumsum(weights**2 * stands_for) / total, 1.0)
    mean = np.cumsum(weights * wrong) + average
    variance = np.cumsum(weights**2 * wrong) + square
    most = gammaincinv(mean**2 / variance, 1 - alpha) * variance / mean
    return np.asarray(np.where(is_seen, np.minimum(most / total, 1.0), 1.0))
