"""What an experiment has shown so far, from the sums on record. Pure: the same from every process.

Values and lifts keep their sign: a lift is the variant's value less the control's. What is better
is another question, which the metric answers.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from math import isfinite, nextafter

import numpy as np

from server.experiments.experiment import Design, Ending, Experiment, MetricKind, Role
from server.experiments.findings.evidence import comparison_alpha, doubt, guardrail_verdict
from server.experiments.findings.extras import chances, fixed_horizon
from server.experiments.findings.harm import harms
from server.experiments.findings.reading import Reading, read
from server.experiments.findings.remarks import remarks
from server.experiments.results import (
    MetricResult,
    Results,
    Tally,
    VariantResult,
    contenders_of,
)
from server.statistics.anytime import p_value_of
from server.statistics.mismatch import log_mismatch
from server.statistics.multiplicity import adjusted_p_values

MISMATCH_ALPHA = 0.001
_MOST_CONFIDENCE = nextafter(1.0, 0.0)


def analyse(experiment: Experiment, tally: Tally, now: datetime) -> Results:
    """Everything that there is to tell by now; None where something cannot be told yet."""
    design, conclusion = experiment.design, experiment.conclusion
    weights = experiment.configuration.weights if experiment.configuration else design.weights
    readings = {metric.name: read(design, tally, metric) for metric in design.metrics}
    mismatch_p_value = _mismatch_p_value(tally)
    results = Results(
        time=now,
        exposures=_exposures(design, tally),
        weights=weights,
        metrics=_adjusted([_metric_result(design, each, weights) for each in readings.values()]),
        winner=conclusion.variant if conclusion and conclusion.ending is Ending.WINNER else "",
        confidence=0.0,
        is_significant=False,
        mismatch_p_value=mismatch_p_value,
        is_mismatched=mismatch_p_value < MISMATCH_ALPHA,
        warnings=(),
    )
    return _judged(experiment, tally, readings[design.primary.name], results)


def _judged(experiment: Experiment, tally: Tally, primary: Reading, results: Results) -> Results:
    """The same with what follows from the figures."""
    design = experiment.design
    remaining = 1.0 if results.is_mismatched else _leaders_doubt(design, primary, results)
    harmful = harms(design, primary, results)
    return replace(
        results,
        confidence=min(1 - remaining, _MOST_CONFIDENCE),
        is_significant=remaining <= design.stopping.alpha,
        warnings=remarks(experiment, tally, results, harmful),
    )


def _exposures(design: Design, tally: Tally) -> tuple[int, ...]:
    nobody = (0,) * len(design.variants)
    return tuple(sum(column) for column in zip(nobody, *tally.exposures, strict=True))


def _metric_result(design: Design, reading: Reading, weights: Sequence[float]) -> MetricResult:
    """One metric, without what depends on the others."""
    metric, contenders = reading.metric, contenders_of(weights)
    arms = [reading.arms[at] for at in contenders] if reading.arms else []
    found = dict(zip(contenders, chances(metric, arms), strict=False))
    variants = []
    for at in range(len(design.variants)):
        best, loss = found.get(at, (None, None))
        result = _variant_result(design, reading, at)
        variants.append(replace(result, probability_best=best, expected_loss=loss))
    return MetricResult(
        metric.name,
        metric.kind,
        metric.role,
        reading.method,
        tuple(variants),
        fixed_horizon(metric, arms),
    )


def _variant_result(design: Design, reading: Reading, at: int) -> VariantResult:
    is_binary = reading.metric.kind is MetricKind.BINARY
    result = VariantResult(
        variant=design.variants[at].name,
        units=reading.units[at],
        conversions=round(reading.arms[at].y) if is_binary else None,
        value=reading.value(at),
        standard_error=reading.standard_error(at),
        interval=reading.interval(at, design.stopping.alpha),
    )
    return _beside_control(design, reading, at, result) if at else result


def _beside_control(
    design: Design, reading: Reading, at: int, result: VariantResult
) -> VariantResult:
    """A challenger's result with what comparing it with the control says."""
    difference = reading.difference(at, 0)
    guardrail = guardrail_verdict(design, reading, at, difference)
    if difference is None:
        return replace(result, guardrail=guardrail)
    return replace(
        result,
        guardrail=guardrail,
        lift=difference.value,
        lift_interval=difference.interval(comparison_alpha(design)),
        relative_lift=_relative(difference.value, reading.value(0)),
        p_value=difference.p_value,
        log_e_value=reading.log_e_value(at, 0),
    )


def _relative(lift: float, control: float | None) -> float | None:
    """The lift as a share of the control's value, where that is a share of anything."""
    share = lift / control if control else None
    return share if share is not None and isfinite(share) else None


def _adjusted(metrics: Sequence[MetricResult]) -> tuple[MetricResult, ...]:
    """The same with false discoveries among the secondary metrics controlled.

    Whoever cannot be compared yet is one of those asked about all the same, with nothing found.
    """
    asked = [
        1.0 if variant.p_value is None else variant.p_value
        for metric in metrics
        if metric.role is Role.SECONDARY
        for variant in metric.variants[1:]
    ]
    remaining = iter(adjusted_p_values(asked))
    return tuple(
        replace(
            metric,
            variants=(metric.variants[0], *map(_with_p_value, metric.variants[1:], remaining)),
        )
        if metric.role is Role.SECONDARY
        else metric
        for metric in metrics
    )


def _with_p_value(variant: VariantResult, adjusted_p_value: float) -> VariantResult:
    if variant.p_value is None:
        return variant
    return replace(variant, adjusted_p_value=adjusted_p_value)


def _leaders_doubt(design: Design, primary: Reading, results: Results) -> float:
    """The smallest alpha at which the leading challenger is better than the control; 1.0: none.

    Of all comparisons with the control together.
    """
    found = results.primary.variants
    gains = {
        at: design.primary.gain(lift)
        for at in results.contenders[1:]
        if (lift := found[at].lift) is not None
    }
    if not gains:
        return 1.0
    leader = max(gains, key=gains.__getitem__)
    return min(doubt(primary, leader, 0) * (len(found) - 1), 1.0)


def _mismatch_p_value(tally: Tally) -> float:
    if not tally.configurations:
        return 1.0
    weights = np.array([configuration.weights for configuration in tally.configurations])
    return p_value_of(log_mismatch(np.array(tally.exposures, dtype=np.float64), weights))
