"""Whether an experiment has come to its end by itself, and how.

It ends with a winner when one variant is better than every rival in the primary metric, each
comparison at alpha / (variants - 1), has passed all guardrails, and units and time are enough. It
ends with harm when a variant is shown to do some (see `harm`): then a person decides what goes on
without it. It ends inconclusive at its maximum, and only so while units do not arrive as they
should: what is left of them shows neither.

The control wins only under an algorithm. With fixed weights, what is worse than the control does
harm, and that is said first.

Of variants that are all alike, one is wrongly said to win or to be worse than the control with
probability alpha at most, at whatever looks: each of these claims needs one of variants - 1
two-sided comparisons with the control to be wrong.
"""

from collections.abc import Sequence
from datetime import datetime

from server.experiments.experiment import Conclusion, Design, Ending, Experiment, State
from server.experiments.findings.evidence import comparison_alpha, doubt
from server.experiments.findings.harm import harms
from server.experiments.findings.reading import Reading, read
from server.experiments.findings.wording import counted, lasting, lead, listed, proven_lead
from server.experiments.results import (
    GuardrailVerdict,
    Interval,
    Results,
    Tally,
    VariantResult,
)


def decide(
    experiment: Experiment, results: Results, tally: Tally, now: datetime
) -> Conclusion | None:
    """How it ends now, with the evidence as it stands; None: it does not.

    A winner is told of also where the experiment goes on after one, to be latched. Once something
    is latched, only the maximum ends it, and so while units do not arrive as they should. Harm that
    does not end it is a warning of the results.
    """
    if experiment.state not in (State.RUNNING, State.PAUSED):
        return None
    if experiment.conclusion is not None or results.is_mismatched:
        return _at_maximum(experiment, results, now)
    primary = read(experiment.design, tally, experiment.design.primary)
    return (
        _harm(experiment, primary, results, now)
        or _winner(experiment, primary, results, now)
        or _at_maximum(experiment, results, now)
    )


def _harm(
    experiment: Experiment, primary: Reading, results: Results, now: datetime
) -> Conclusion | None:
    design = experiment.design
    if design.stopping.continues_after_harm:
        return None
    found = harms(design, primary, results)
    if not found:
        return None
    return _concluded(Ending.HARM, results, now, found[0].explanation, found[0].variant)


def _winner(
    experiment: Experiment, primary: Reading, results: Results, now: datetime
) -> Conclusion | None:
    design, contenders = experiment.design, results.contenders
    least_units = min(primary.units[at] for at in contenders)
    is_early = _passed_s(experiment, now) < design.stopping.min_duration_s
    if is_early or least_units < design.stopping.min_units:
        return None
    for at in contenders if design.allocation.is_adaptive else contenders[1:]:
        rivals = [rival for rival in contenders if rival != at]
        if _has_passed(results, at) and _is_best(design, primary, at, rivals):
            words = _winning_words(design, primary, at, rivals)
            return _concluded(Ending.WINNER, results, now, words, at)
    return None


def _at_maximum(experiment: Experiment, results: Results, now: datetime) -> Conclusion | None:
    rule = experiment.design.stopping
    units = sum(variant.units for variant in results.primary.variants)
    if rule.max_units and units >= rule.max_units:
        maximum = counted(rule.max_units)
    elif rule.max_duration_s and _passed_s(experiment, now) >= rule.max_duration_s:
        maximum = lasting(rule.max_duration_s)
    else:
        return None
    words = f"No variant has won within {maximum}{_reason_words(experiment.design, results)}."
    return _concluded(Ending.INCONCLUSIVE, results, now, words)


def _has_passed(results: Results, at: int) -> bool:
    """Whether a variant has passed all guardrails; the control has nothing to pass."""
    verdicts = [metric.variants[at].guardrail for metric in results.metrics]
    return all(verdict in (None, GuardrailVerdict.PASSED) for verdict in verdicts)


def _is_best(design: Design, primary: Reading, at: int, rivals: Sequence[int]) -> bool:
    alpha = comparison_alpha(design)
    return all(doubt(primary, at, rival) <= alpha for rival in rivals)


def _winning_words(design: Design, primary: Reading, at: int, rivals: Sequence[int]) -> str:
    """Such as "b beats a and c: +2.9 points over a (95 % sure: +0.4 to +5.3), 3,412 units."

    The figures are those beside the control, or beside the best rival where the control wins.
    """
    names = [variant.name for variant in design.variants]
    beside = (
        0 if at else max(rivals, key=lambda rival: design.primary.gain(primary.value(rival) or 0.0))
    )
    difference = primary.difference(at, beside)
    assert difference is not None  # noqa: S101  # it was shown to be better
    interval, alpha = difference.interval(comparison_alpha(design)), design.stopping.alpha
    figures = proven_lead(design.primary, difference.value, interval, names[beside], alpha)
    beaten = listed([names[rival] for rival in rivals])
    return f"{names[at]} beats {beaten}: {figures}, {counted(sum(primary.units))}."


def _reason_words(design: Design, results: Results) -> str:
    """Such as ": b has +0.4 points over a (95 % sure: -1.2 to +2.0)"; nothing without a lift."""
    if results.is_mismatched:
        return ": units did not arrive as their weights say"
    metric, variants = design.primary, results.primary.variants
    lifts = {at: one.lift for at, one in enumerate(variants) if one.lift is not None}
    if not lifts:
        return ""
    at = max(lifts, key=lambda at: metric.gain(lifts[at]))
    interval, alpha = variants[at].lift_interval, design.stopping.alpha
    figures = lead(metric, lifts[at], interval, variants[0].variant, alpha)
    return f": {variants[at].variant} has {figures}"


def _concluded(
    ending: Ending, results: Results, now: datetime, explanation: str, at: int | None = None
) -> Conclusion:
    """With the evidence as it stands; `at` is the variant that it is about."""
    variants = results.primary.variants
    found = VariantResult("", units=0) if at is None else variants[at]
    interval = found.lift_interval or Interval(0.0, 0.0)
    return Conclusion(
        ending,
        found.variant,
        explanation,
        now,
        units=sum(variant.units for variant in variants),
        lift=found.lift or 0.0,
        lift_lower=interval.lower,
        lift_upper=interval.upper,
    )


def _passed_s(experiment: Experiment, now: datetime) -> float:
    """Since the phase began."""
    return (now - experiment.start_time).total_seconds() if experiment.start_time else 0.0
