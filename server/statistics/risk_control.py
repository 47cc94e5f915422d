"""Keeps an error budget: which score is high enough to act on without a check.

Items come with a score. Those that reach the threshold in force are acted on, and a random share of
them is looked at all the same; of the others the truth is learned anyway. Everything starts looked
at: no threshold is in force before the evidence is there. What is promised while errors do not
become more frequent, for a confidence of 1 - alpha:

1. Opening. While nothing is acted on, bets (see `betting`) run against "of the items that reach
   this threshold, more than the budget are wrong", for a few thresholds: those that the best 10,
   20, 30, 60 and 100 % of the items reach. The gambler splits one unit over them, and the gate
   opens once it has become 1 / alpha. If none of them keeps the budget, it ever opens, however
   often one looks, with probability alpha at most. Where to begin may be chosen by the scores, for
   it is the outcomes that are bet on; bets on a hundred thresholds would take far more evidence.

2. How far. Of an open gate the lowest threshold is in force whose upper confidence bound (see
   `weighted_share`) is within the budget. It is a bound for the moment: at any one moment the share
   of wrong items above a threshold exceeds its bound with a probability of about alpha. Over all
   moments together it does so more often, and a threshold then breaks the budget for a while; a
   rule under which none ever did would act on far less. What it comes to in the end, all that was
   acted on taken together, is no theorem but measured (`bench/error_budget.py`): on public data,
   and on items made up so that the rule has the hardest time.

Items are counted by how likely they were to be looked at, within the steps of the grid: in each, an
item that was looked at stands for as many as there were for each one seen (post-stratification).
So what was learned before a step was acted on keeps its weight beside the few audits afterwards.
Counts of several processes are added up, in any order, and taken back when a truth is amended.

For the day when errors do become more frequent see `drift`; after that all evidence is void.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import log
from typing import NamedTuple

import numpy as np

from server.statistics.betting import FloatArray, log_capital
from server.statistics.weighted_share import upper_bounds

_STARTS = (0.1, 0.2, 0.3, 0.6, 1.0)  # share of the items that reach the thresholds bet on
_STAKES = (0.2, 0.3, 0.3, 0.1, 0.1)  # on each


class Observation(NamedTuple):
    """What was learned from one item: as much as it takes to check every ruling afterwards."""

    threshold: float  # the strictest of the grid that its score reaches
    propensity: float  # probability with which it was to be looked at, in (0, 1]
    is_census: bool  # whether every item was looked at, at that time
    is_wrong: bool


@dataclass(frozen=True, slots=True)
class RiskPolicy:
    """What is promised, and how it is checked."""

    error_budget: float  # share of the items acted on that may be wrong, in (0, 1)
    thresholds: tuple[float, ...]  # strictest first
    audit_rate: float  # of the items that reach the threshold in force, in (0, 1]
    alpha: float = 0.05  # probability with which the promise may be broken, below 0.5


@dataclass(frozen=True, slots=True)
class Ruling:
    """The threshold in force, and what is known of the items that reach it."""

    threshold: float | None  # None: nothing is acted on
    error_bound: float  # upper bound, for now, on the share that is wrong, in [0, 1]
    is_guaranteed: bool  # whether evidence put it in force: the bound is within the budget

    def lets_pass(self, score: float) -> bool:
        """Whether an item of that score may be acted on."""
        return self.threshold is not None and score >= self.threshold


CLOSED = Ruling(None, 1.0, is_guaranteed=False)

Evidence = Mapping[Observation, int]  # how often each was made; several are added up


@dataclass(frozen=True, slots=True)
class Coverage:
    """What would be acted on under a budget."""

    error_budget: float
    threshold: float | None  # None: nothing
    share: float  # of the items that reach the lowest threshold of the grid, in [0, 1]


def observe(
    policy: RiskPolicy, ruling: Ruling, score: float, is_wrong: bool | None
) -> Observation | None:
    """What an item teaches; None when its score is below the grid, or nobody looked at it.

    ruling    what was in force when it came
    is_wrong  None for an item that was acted on and not looked at
    """
    reached = next((t for t in policy.thresholds if score >= t), None)
    if reached is None or is_wrong is None:
        return None
    propensity = policy.audit_rate if ruling.lets_pass(score) else 1.0
    is_census = ruling.threshold is None or policy.audit_rate == 1.0
    return Observation(reached, propensity, is_census, is_wrong)


def rule(policy: RiskPolicy, evidence: Evidence, lowest: float = 0.0) -> Ruling:
    """The lowest threshold that keeps the budget, of those from `lowest` on; CLOSED where none
    does yet.
    """
    return _rule(policy, tally(policy, evidence), lowest)


def rule_fixed(policy: RiskPolicy, evidence: Evidence, threshold: float) -> Ruling:
    """A threshold of the grid in force without a promise; its bound is what the audits say."""
    bounds = tally(policy, evidence).upper_bounds(policy.alpha)
    bound = float(bounds[policy.thresholds.index(threshold)])
    return Ruling(threshold, bound, is_guaranteed=False)


def risk_coverage(
    policy: RiskPolicy, evidence: Evidence, budgets: Sequence[float]
) -> list[Coverage]:
    """What would be acted on now under each of these budgets."""
    known = tally(policy, evidence)
    found = []
    for budget in budgets:
        threshold = _rule(replace(policy, error_budget=budget), known).threshold
        share = 0.0
        if threshold is not None:
            reached = policy.thresholds.index(threshold) + 1
            share = float(known.stands_for[:reached].sum() / known.stands_for.sum())
        found.append(Coverage(budget, threshold, share))
    return found


@dataclass(frozen=True, slots=True)
class Tally:
    """Evidence by step of the grid, from one threshold to the next: [n_thresholds] each."""

    items: FloatArray  # that were looked at
    wrong: FloatArray  # of them
    stands_for: FloatArray  # how many there were, looked at or not
    census_items: FloatArray  # that came while every one was looked at
    census_wrong: FloatArray  # of them

    def upper_bounds(self, alpha: float) -> FloatArray:
        """Upper bounds on the share of wrong items above each threshold."""
        return upper_bounds(self.items, self.wrong, self.stands_for, alpha)


def tally(policy: RiskPolicy, evidence: Evidence) -> Tally:
    """The evidence as numbers; it is made of thresholds of the policy."""
    steps = {threshold: at for at, threshold in enumerate(policy.thresholds)}
    rows = [
        (n, n * wrong, n / propensity, n * is_census, n * wrong * is_census)
        for (_, propensity, is_census, wrong), n in evidence.items()
    ]
    sums = np.zeros((len(steps), 5))
    np.add.at(sums, [steps[seen.threshold] for seen in evidence], np.reshape(rows, (-1, 5)))
    return Tally(*sums.T)


def _rule(policy: RiskPolicy, known: Tally, lowest: float = 0.0) -> Ruling:
    if not _may_open(policy, known):
        return CLOSED
    bounds = known.upper_bounds(policy.alpha)
    may_be = np.array(policy.thresholds) >= lowest
    kept = np.flatnonzero((bounds <= policy.error_budget) & (known.items > 0) & may_be)
    if not len(kept):
        return CLOSED
    at = kept[-1]
    return Ruling(policy.thresholds[at], float(bounds[at]), is_guaranteed=True)


def _may_open(policy: RiskPolicy, known: Tally) -> bool:
    """Whether the bets were won that some threshold keeps the budget."""
    items, wrong = known.census_items.cumsum(), known.census_wrong.cumsum()
    starts = np.searchsorted(items, np.multiply(_STARTS, items[-1]))
    capitals = log_capital(items[starts], wrong[starts], policy.error_budget)
    return bool(np.logaddexp.reduce(capitals + np.log(_STAKES)) >= -log(policy.alpha))
