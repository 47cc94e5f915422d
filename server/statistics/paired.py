"""Two shares on the same items: is one no worse than the other?

Items on which both agree say nothing about the difference; those on which one alone is right say
all. The interval is the adjusted Wald interval of Bonett and Price (2012), "Adjusted Wald intervals
for a difference of binomial proportions based on paired data": one item is added to either side,
which keeps its coverage near nominal with a handful of items.
"""

from math import sqrt

from scipy.special import ndtri


def lower_difference(items: int, only_first: int, only_second: int, alpha: float = 0.05) -> float:
    """Lower end of the one-sided 1 - alpha interval of the first share less the second.

    items                    asked of both, 1 or more
    only_first, only_second  where one alone is right
    Returns a number in [-1, 1].
    """
    first, second = (only_first + 1) / (items + 2), (only_second + 1) / (items + 2)
    deviation = sqrt((first + second - (first - second) ** 2) / (items + 2))
    return max(-1.0, first - second - float(ndtri(1 - alpha)) * deviation)
