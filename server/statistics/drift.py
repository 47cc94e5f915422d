"""Notices that items which are acted on have become wrong more often than they were.

Every audit is a bet that something new makes items wrong, of high scores and low ones alike: beside
the errors that are usual at a score, a share of _NEW_ERRORS of all items. It pays the likelihood
ratio of both beliefs, so that an error at a score where errors were hardly known says much, one at
a score where they are common little. The evidence starts anew whenever it has lost its stake (a
CUSUM e-detector; Shin, Ramdas and Rinaldo 2024, "E-detectors: a nonparametric framework for
sequential change detection"): while errors are no more frequent than what is taken as usual, it
takes MEAN_RUN audits on average to a false alarm, or more; as a rule it takes ten times as many.

An alarm takes several errors, a doubt few, often one. Whoever then looks at more items, before they
are acted on, knows soon, and little harm is done meanwhile.
"""

from math import log

from server.statistics.isotonic import rising
from server.statistics.risk_control import Evidence, Observation, RiskPolicy, tally

MEAN_RUN = 300.0  # audits
DOUBT = 3.0  # what was seen is so many times as likely if items have become worse
_NEW_ERRORS = 0.1
_PRIOR_ITEMS = 30.0  # a step of the grid is taken to be as wrong as the budget until as many came
_LEAST_USUAL = 0.25  # of the budget: no step is known so well that one error is an alarm


def drift_gain(policy: RiskPolicy, evidence: Evidence, seen: Observation) -> float:
    """What an audit of an item that was acted on adds to the evidence of drift.

    evidence  what was known before
    """
    usual = usual_errors(policy, evidence)[policy.thresholds.index(seen.threshold)]
    return log(1 + _NEW_ERRORS * (1 - usual) / usual) if seen.is_wrong else log(1 - _NEW_ERRORS)


def add_drift(drift: float, gain: float) -> float:
    """The evidence of drift after more audits. Once it has lost its stake it starts anew."""
    return max(drift, 0.0) + gain


def is_doubtful(drift: float) -> bool:
    """Whether the evidence of drift calls for more audits, and for acting on less meanwhile."""
    return drift >= log(DOUBT)


def has_drifted(drift: float) -> bool:
    """Whether the evidence of drift suffices to void what was learned before."""
    return drift >= log(MEAN_RUN)


def usual_errors(policy: RiskPolicy, evidence: Evidence) -> list[float]:
    """The share of wrong items in each step of the grid; it rises as scores fall."""
    known, budget = tally(policy, evidence), policy.error_budget
    weights = known.items + _PRIOR_ITEMS
    shares = (known.wrong + _PRIOR_ITEMS * budget) / weights
    least = _LEAST_USUAL * budget
    return [max(share, least) for share in rising(shares.tolist(), weights.tolist())]
