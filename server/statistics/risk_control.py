"""Keeps an error budget: which score is high enough to act on without a check.

Items come with a score. Those that reach the threshold in force are acted on, except for a random
share, which is audited; of the others the truth is learned anyway. Everything starts audited: no
threshold is in force before the evidence is there.

For every threshold of a fixed grid a bet (see `betting`) runs against "of the items that reach it,
more than the budget are wrong". Thresholds are tested from the strictest to the lowest; each has an
equal share of alpha, and one that passes hands all it had to the next (the fallback procedure,
Wiens and Dmitrienko 2005; in risk control the multi-start sequence of Angelopoulos, Bates, Candes,
Jordan and Lei 2021, "Learn then Test"). So with probability 1 - alpha no threshold that breaks the
budget is ever in force, and a threshold that few items reach does not stand in the way of others.

That holds while errors do not become more frequent. For the day when they do, a second bet runs
the other way over the audited items alone and starts anew whenever it has lost its stake (a CUSUM
e-detector, Shin, Ramdas and Rinaldo 2024): while the budget is kept, it takes MEAN_RUN audits on
average, or more, to a false alarm. After an alarm all evidence is void.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log
from typing import NamedTuple

import numpy as np

from server.statistics.betting import FloatArray, log_capital, upper_bound

MEAN_RUN = 1000.0
_ALARMING = 3.0  # times the budget: the error that the second bet is quickest to see


class Observation(NamedTuple):
    """What was learned from one item."""

    threshold: float  # the strictest of the grid that its score reaches
    value: float  # 1 / probability of the audit if it was audited and wrong, else 0
    ceiling: float  # the most that the value of any item could have been at that time


@dataclass(frozen=True, slots=True)
class RiskPolicy:
    """What is promised, and how it is checked."""

    error_budget: float  # share of the items acted on that may be wrong, in (0, 1)
    thresholds: tuple[float, ...]  # strictest first
    audit_rate: float  # of the items that reach the threshold in force, in (0, 1]
    alpha: float = 0.05  # probability with which the promise may be broken


@dataclass(frozen=True, slots=True)
class Ruling:
    """The threshold in force, and what is known of the items that reach it."""

    threshold: float | None  # None: nothing is acted on
    error_bound: float  # upper bound on the share that is wrong, in [0, 1]
    is_guaranteed: bool  # whether the bound holds and is within the budget

    def lets_pass(self, score: float) -> bool:
        """Whether an item of that score may be acted on."""
        return self.threshold is not None and score >= self.threshold


CLOSED = Ruling(None, 1.0, is_guaranteed=False)

Evidence = Mapping[Observation, int]  # how often each was made; several are added up


def observe(
    policy: RiskPolicy, ruling: Ruling, score: float, is_wrong: bool | None
) -> Observation | None:
    """What an item teaches; None when its score is below the grid.

    is_wrong  None for an item that was acted on and not audited
    """
    reached = next((t for t in policy.thresholds if score >= t), None)
    if reached is None:
        return None
    weight = 1 / policy.audit_rate
    value = weight if ruling.lets_pass(score) else 1.0
    ceiling = 1.0 if ruling.threshold is None else weight
    return Observation(reached, value if is_wrong else 0.0, ceiling)


def rule(policy: RiskPolicy, evidence: Evidence) -> Ruling:
    """The lowest threshold that keeps the budget; CLOSED where none does yet."""
    if not evidence:
        return CLOSED
    values, ceilings, counts = _arrays(policy, evidence)
    capitals = log_capital(values, ceilings, counts, policy.error_budget)
    share, lowest = 0.0, None
    for at, capital in enumerate(capitals):
        share += policy.alpha / len(policy.thresholds)
        if capital >= -log(share):
            lowest = (at, share)
        else:
            share = 0.0
    if lowest is None:
        return CLOSED
    at, share = lowest
    bound = upper_bound(values, ceilings, counts[at], share)
    return Ruling(policy.thresholds[at], bound, is_guaranteed=True)


def rule_fixed(policy: RiskPolicy, evidence: Evidence, threshold: float) -> Ruling:
    """A threshold of the grid in force without a promise; its bound is what the audits say."""
    bound = 1.0
    if evidence:
        values, ceilings, counts = _arrays(policy, evidence)
        at = policy.thresholds.index(threshold)
        bound = upper_bound(values, ceilings, counts[at], policy.alpha)
    return Ruling(threshold, bound, is_guaranteed=False)


def _arrays(policy: RiskPolicy, evidence: Evidence) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Values and ceilings [n_kinds]; counts [n_thresholds, n_kinds] of items that reach each."""
    kinds = sorted({(seen.value, seen.ceiling) for seen in evidence})
    rows = {threshold: at for at, threshold in enumerate(policy.thresholds)}
    columns = {kind: at for at, kind in enumerate(kinds)}
    counts = np.zeros((len(rows), len(kinds)))
    for seen, count in evidence.items():
        counts[rows[seen.threshold], columns[seen.value, seen.ceiling]] = count
    values, ceilings = np.array(kinds).T
    return values, ceilings, counts.cumsum(axis=0)


def drift_gain(policy: RiskPolicy, is_wrong: bool) -> float:
    """What one audit adds to the evidence that the budget is no longer kept.

    The logarithm of the likelihood ratio between an alarming error and one of the budget.
    """
    budget = policy.error_budget
    alarming = min(_ALARMING * budget, (1 + budget) / 2)
    return log(alarming / budget) if is_wrong else log((1 - alarming) / (1 - budget))


def add_drift(drift: float, gain: float) -> float:
    """The evidence of drift after more audits. Once it has lost its stake it starts anew."""
    return max(drift, 0.0) + gain


def has_drifted(drift: float) -> bool:
    """Whether the evidence of drift suffices to void what was learned before."""
    return drift >= log(MEAN_RUN)
