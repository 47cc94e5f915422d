"""Refresh before the time is over: of many who ask, one is early, and none has to wait.

XFetch after Vattani, Chierichetti, Lowenstein (2015), "Optimal Probabilistic Cache Stampede
Prevention": the chance rises as the end comes near, the sooner the longer the work takes.
"""

import math

BETA = 1.0  # above 1 is earlier; 1 is the optimum of the paper


def is_due_early(age_s: float, ttl_s: float, made_in_s: float, chance: float) -> bool:
    """Whether to refresh an entry now. `chance` is uniform in [0, 1)."""
    return age_s - made_in_s * BETA * math.log(1.0 - chance) >= ttl_s
