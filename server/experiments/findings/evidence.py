"""How sure it is that one variant is better than another, and what that says of guardrails.

Rates have two kinds of evidence. The asymptotic sequence is for large samples: it counts from
LEAST_UNITS units of each of the two variants on. The exact e-value holds for any number. Who waits
for either has two chances to be wrong, so they divide alpha: what the sequence gives up costs it a
few units in a hundred, what the e-value gets is enough for differences that few units can show.
Means, ratios and quantiles have the sequence alone, from the experiment's own least units on.
"""

from math import exp, inf

from server.experiments.experiment import Design, MetricKind, Role
from server.experiments.findings.reading import Difference, Reading
from server.experiments.results import GuardrailVerdict
from server.statistics.multiplicity import bonferroni

LEAST_UNITS = 250
EXACT_SHARE = 0.1  # of alpha


def comparison_alpha(design: Design) -> float:
    """The alpha of one comparison, so that all variants against the control keep the whole."""
    return bonferroni(design.stopping.alpha, len(design.variants) - 1)


def doubt(reading: Reading, variant: int, rival: int) -> float:
    """The smallest alpha at which the variant is shown to be better than the rival, in [0, 1].

    It is that of a two-sided comparison: which of the two is better may be asked both ways.
    """
    difference = reading.difference(variant, rival)
    if difference is None or reading.metric.gain(difference.value) <= 0:
        return 1.0
    if reading.metric.kind is not MetricKind.BINARY:
        return difference.p_value
    exact = _exact_doubt(reading, variant, rival) / EXACT_SHARE
    if min(reading.units[variant], reading.units[rival]) < LEAST_UNITS:
        return min(exact, 1.0)
    return min(exact, difference.p_value / (1 - EXACT_SHARE), 1.0)


def guardrail_verdict(
    design: Design, reading: Reading, variant: int, difference: Difference | None
) -> GuardrailVerdict | None:
    """Whether a variant is no worse than the control by more than the margin.

    difference  of the variant and the control
    It passes where a bound of one side at alpha allows no more harm. It is broken where an interval
    leaves no less, at alpha divided by all such comparisons: with probability alpha at most, any
    variant is wrongly said to break any guardrail. None for the control, and in other metrics.
    """
    if reading.metric.role is not Role.GUARDRAIL or variant == 0:
        return None
    units = min(reading.units[0], reading.units[variant])
    if difference is None or units < _enough(design, reading):
        return GuardrailVerdict.OPEN
    guardrails = sum(metric.role is Role.GUARDRAIL for metric in design.metrics)
    if (
        _least_harm(reading, difference, comparison_alpha(design) / guardrails)
        > reading.metric.margin
    ):
        return GuardrailVerdict.BROKEN
    if _most_harm(reading, variant, design.stopping.alpha) <= reading.metric.margin:
        return GuardrailVerdict.PASSED
    return GuardrailVerdict.OPEN


def _exact_doubt(reading: Reading, variant: int, rival: int) -> float:
    above, below = (rival, variant) if reading.metric.is_minimized else (variant, rival)
    evidence = reading.log_e_value_above(above, below) or 0.0
    return 2 * exp(-max(evidence, 0.0))  # of one side: it would have been asked the other way, too


def _enough(design: Design, reading: Reading) -> int:
    """Units of each of two variants from which on their sequence is believed."""
    least = design.stopping.min_units
    return max(least, LEAST_UNITS) if reading.metric.kind is MetricKind.BINARY else least


def _least_harm(reading: Reading, difference: Difference, alpha: float) -> float:
    found = difference.interval(alpha)
    if found is None:
        return -inf
    return found.lower if reading.metric.is_minimized else -found.upper


def _most_harm(reading: Reading, variant: int, alpha: float) -> float:
    """How much worse than the control it may be, to say that it is not so by the margin.

    Rates vary as they would if it were. By what is seen, a variant of few units that happens to
    have no failure would be sure to have none.
    """
    is_minimized, margin = reading.metric.is_minimized, reading.metric.margin
    difference = reading.difference(variant, 0, margin if is_minimized else -margin)
    if difference is None:
        return inf
    return difference.upper_bound(alpha) if is_minimized else -difference.lower_bound(alpha)
