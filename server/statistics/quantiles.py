"""Quantiles of values that were counted by bucket, with intervals.

The sketch of Masson, Rim and Lee (2019), "DDSketch: a fast and fully-mergeable quantile sketch with
relative-error guarantees": a bucket holds values that differ by 2 % at most, so that its middle is
within 1 % of each. Buckets are whole numbers in the order of the values, and counts by bucket may
be added and subtracted: sketches merge, and a value that changed is taken out again.

An interval reaches from the lower edge of one bucket to the upper edge of another: it covers what
the values themselves would have said.
"""

from collections.abc import Mapping
from math import ceil, copysign, floor, log, sqrt

from scipy.special import bdtrik

from server.statistics.anytime import Interval

RELATIVE_ACCURACY = 0.01
MOST_BUCKETS = 4096  # of each sign
LEAST_MAGNITUDE = 1e-9  # smaller values count as 0
_GROWTH = (1 + RELATIVE_ACCURACY) / (1 - RELATIVE_ACCURACY)  # upper edge by lower edge

Counts = Mapping[int, int]  # number of values by bucket, none negative


def bucket_of(value: float) -> int:
    """The bucket of a finite value: 0 of 0, else of its sign, within MOST_BUCKETS.

    The outermost bucket takes all values beyond it, from 3e26 on.
    """
    magnitude = abs(value)
    if magnitude < LEAST_MAGNITUDE:
        return 0
    index = ceil((log(magnitude) - log(LEAST_MAGNITUDE)) / log(_GROWTH))
    return int(copysign(min(max(index, 1), MOST_BUCKETS), value))


def value_of(bucket: int) -> float:
    """The value that is within RELATIVE_ACCURACY of all values of a bucket."""
    return _edge(bucket, abs(bucket)) * 2 / (_GROWTH + 1)


def quantile(counts: Counts, p: float) -> float | None:
    """The smallest value that a share `p` of all values does not exceed; None without values.

    p  in (0, 1)
    """
    total = sum(counts.values())
    return value_of(_bucket_at(counts, max(ceil(p * total), 1))) if total else None


def rank_interval(counts: Counts, p: float, alpha: float) -> Interval | None:
    """Covers the quantile with probability 1 - alpha, for one look at a number fixed before.

    The order statistics beyond which the binomial distribution of ranks has alpha / 2 each: exact,
    whatever the values' distribution. None while there are too few values for either end.
    """
    total = sum(counts.values())
    if total == 0:
        return None
    lower = _rank_from_below(total, p, alpha / 2)
    upper = total + 1 - _rank_from_below(total, 1 - p, alpha / 2)
    return _between_ranks(counts, total, lower, upper)


def sequence_interval(counts: Counts, p: float, alpha: float) -> Interval | None:
    """Covers the quantile at every look at once, with probability 1 - alpha.

    Howard and Ramdas (2022), "Sequential estimation of quantiles with applications to A/B testing
    and best-arm identification", theorem 1. None while there are too few values for either end.
    """
    total = sum(counts.values())
    if total == 0:
        return None
    spent = (1.4 * log(log(2.1 * total)) + log(10 / alpha)) / total
    radius = 1.5 * sqrt(p * (1 - p) * spent) + 0.8 * spent
    lower, upper = floor(total * (p - radius)) + 1, ceil(total * (p + radius))
    return _between_ranks(counts, total, lower, upper)


def difference_interval(
    counts: Counts, control_counts: Counts, p: float, alpha: float
) -> Interval | None:
    """Covers the arm's quantile less the control's at every look at once, with 1 - alpha.

    None while one of the two has no interval.
    """
    arm = sequence_interval(counts, p, alpha / 2)
    control = sequence_interval(control_counts, p, alpha / 2)
    if arm is None or control is None:
        return None
    return Interval(arm.lower - control.upper, arm.upper - control.lower)


def _rank_from_below(total: int, p: float, error: float) -> int:
    """The largest rank whose value is above the quantile with probability `error` at most.

    0 where even the smallest value's is larger.
    """
    if (1 - p) ** total > error:
        return 0
    return floor(float(bdtrik(error, total, p))) + 1


def _between_ranks(counts: Counts, total: int, lower: int, upper: int) -> Interval | None:
    """From the value of one rank to that of another, ranks from 1; None where there is none."""
    if lower < 1 or upper > total:
        return None
    first, last = _bucket_at(counts, lower), _bucket_at(counts, upper)
    return Interval(
        _edge(first, first - 1 if first > 0 else -first),
        _edge(last, last if last > 0 else -last - 1),
    )


def _bucket_at(counts: Counts, rank: int) -> int:
    """The bucket of the value of that rank, 1 being the smallest value's."""
    seen = 0
    for bucket in sorted(counts):
        seen += counts[bucket]
        if seen >= rank:
            return bucket
    raise ValueError(f"no value has rank {rank}")


def _edge(bucket: int, step: int) -> float:
    """The edge that is `step` buckets away from the least magnitude, with the bucket's sign."""
    return copysign(LEAST_MAGNITUDE * _GROWTH**step, bucket) if bucket else 0.0
