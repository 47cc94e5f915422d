"""What a reader should know before believing results, in plain words."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

from server.experiments.experiment import Experiment, Metric, MetricKind, State
from server.experiments.findings.evidence import LEAST_UNITS
from server.experiments.findings.harm import Harm
from server.experiments.findings.quantile_reading import keep_shares
from server.experiments.findings.wording import counted, lasting, listed, times
from server.experiments.results import (
    GuardrailVerdict,
    MetricResult,
    Results,
    Tally,
    VariantResult,
)
from server.statistics.fixed_horizon import chi_square
from server.statistics.moments import Moments

_MOST_NAMED = 4  # variants in one remark
_SUSPICIOUS_UNITS = 20  # without a single success, or failure
_UNEVEN_SHARE = 0.05  # of units with an outcome, between two variants
_UNEVEN_ALPHA = 0.001

_LIVE = (State.RUNNING, State.PAUSED)


def remarks(
    experiment: Experiment, tally: Tally, results: Results, harmful: Sequence[Harm]
) -> tuple[str, ...]:
    """All that applies, the gravest first."""
    general: tuple[Callable[[Experiment, Tally, Results], Iterator[str]], ...] = (
        _nothing_yet,
        _no_contrast,
        _too_early,
        _few_units,
        _waiting,
        _uneven,
        _weights,
        _incomparable,
        _open_guardrails,
    )
    return (
        *_mismatch(experiment, tally, results),
        *_harm(experiment, results, harmful),
        *(remark for remarks_of in general for remark in remarks_of(experiment, tally, results)),
    )


def _mismatch(experiment: Experiment, tally: Tally, results: Results) -> Iterator[str]:
    if not results.is_mismatched:
        return
    names = [variant.name for variant in experiment.design.variants]
    expected = [0.0] * len(names)
    for configuration, row in zip(tally.configurations, tally.exposures, strict=True):
        for at, weight in enumerate(configuration.weights):
            expected[at] += weight * sum(row)
    furthest = sorted(range(len(names)), key=lambda at: -abs(results.exposures[at] - expected[at]))
    told = sorted(furthest[:_MOST_NAMED])
    found = listed([f"{counted(results.exposures[at])} in {names[at]}" for at in told])
    due = listed([f"{expected[at]:,.0f}" for at in told])
    yield (
        f"{found}, where by their weights {due} were to be expected: something loses units; "
        "believe nothing until it is found."
    )


def _harm(experiment: Experiment, results: Results, harmful: Sequence[Harm]) -> Iterator[str]:
    is_warning = experiment.design.stopping.continues_after_harm or results.is_mismatched
    goes_on = is_warning and experiment.state in _LIVE
    for harm in harmful:
        yield f"{harm.explanation}{' The experiment goes on all the same.' if goes_on else ''}"


def _nothing_yet(experiment: Experiment, _tally: Tally, results: Results) -> Iterator[str]:
    exposed = sum(results.exposures)
    if not exposed:
        yield "No unit has been exposed yet."
        return
    for metric, result in _with_results(experiment, results):
        if not _units(result.variants):
            when = _when_units_count(metric)
            yield f"No unit counts in {metric.name} yet, of {exposed:,} that were exposed{when}."


def _no_contrast(experiment: Experiment, _tally: Tally, results: Results) -> Iterator[str]:
    for metric, result in _with_results(experiment, results):
        if metric.kind is MetricKind.BINARY:
            yield from _all_alike(metric, result)
        else:
            yield from _all_the_same(metric, result)


def _all_alike(metric: Metric, result: MetricResult) -> Iterator[str]:
    units = _units(result.variants)
    successes = sum(variant.conversions or 0 for variant in result.variants)
    if units < _SUSPICIOUS_UNITS:
        return
    if successes == 0:
        yield (
            f"No unit succeeded in {metric.name} in any variant: is the outcome recorded at all?"
        )
    if successes == units:
        yield f"Every unit succeeded in {metric.name}: are failures recorded at all?"


def _all_the_same(metric: Metric, result: MetricResult) -> Iterator[str]:
    lacking = [
        variant for variant in result.variants if variant.units >= 2 and variant.interval is None
    ]
    if not lacking:
        return
    names = _named([variant.variant for variant in lacking])
    if metric.kind is MetricKind.QUANTILE:
        yield f"Too few units in {names} for an interval of {metric.name}."
    elif any(variant.value is None for variant in lacking):
        yield f"The denominators of {metric.name} sum up to 0 in {names}: there is no ratio."
    else:
        yield (
            f"All units in {names} have the same {metric.name}: without variance nothing can be "
            "said of it."
        )


def _too_early(experiment: Experiment, _tally: Tally, results: Results) -> Iterator[str]:
    rule = experiment.design.stopping
    short = [variant for variant in _contending(results) if variant.units < rule.min_units]
    if short and sum(results.exposures):
        fewest = min(short, key=lambda variant: variant.units)
        others = f", and too few in {len(short) - 1:,} more" if len(short) > 1 else ""
        yield (
            f"Too early: {fewest.units:,} of at least {rule.min_units:,} units in variant "
            f"{fewest.variant}{others}."
        )
    if experiment.state not in _LIVE or experiment.start_time is None:
        return
    passed_s = (results.time - experiment.start_time).total_seconds()
    if passed_s < rule.min_duration_s:
        yield f"Too early: {lasting(passed_s)} of at least {lasting(rule.min_duration_s)}."


def _few_units(experiment: Experiment, _tally: Tally, results: Results) -> Iterator[str]:
    fewest = min(_contending(results), key=lambda variant: variant.units)
    if experiment.design.stopping.min_units <= fewest.units < LEAST_UNITS:
        yield (
            f"Intervals are for large samples: with {counted(fewest.units)} in variant "
            f"{fewest.variant} they may be too narrow."
        )


def _waiting(experiment: Experiment, _tally: Tally, results: Results) -> Iterator[str]:
    exposed = sum(results.exposures)
    for metric, result in _with_results(experiment, results):
        waiting = exposed - _units(result.variants)
        if metric.missing_is_failure and 0 < waiting < exposed:
            yield (
                f"{waiting:,} of {exposed:,} units do not count in {metric.name} yet"
                f"{_when_units_count(metric)}."
            )


def _uneven(experiment: Experiment, _tally: Tally, results: Results) -> Iterator[str]:
    if experiment.design.allocation.is_adaptive:
        return  # the favoured variant has the newest units, whose outcomes are still to come
    for metric, result in _with_results(experiment, results):
        variants = [result.variants[at] for at in results.contenders]
        exposed = [results.exposures[at] for at in results.contenders]
        if metric.missing_is_failure or not all(exposed) or not _units(variants):
            continue
        shares = [one.units / units for one, units in zip(variants, exposed, strict=True)]
        low, high = min(shares), max(shares)
        if high - low > _UNEVEN_SHARE and _differ(variants, exposed):
            most, least = (variants[shares.index(share)].variant for share in (high, low))
            yield (
                f"Outcomes of {metric.name} are missing unevenly: {100 * high:.0f} % of the units "
                f"in {most} have one, {100 * low:.0f} % in {least}; a difference may come from "
                "that alone."
            )


def _weights(experiment: Experiment, tally: Tally, _results: Results) -> Iterator[str]:
    if experiment.design.allocation.is_adaptive:
        yield (
            "The weights follow the outcomes: intervals allow for that, the probability of being "
            "the best, the expected loss and fixed-horizon figures do not."
        )
        return
    changes = sum(one.weights != other.weights for one, other in pairwise(tally.configurations))
    if changes:
        yield (
            f"The weights changed {times(changes)}: lifts are stratified by configuration, "
            "all other figures are not."
        )


def _incomparable(experiment: Experiment, tally: Tally, results: Results) -> Iterator[str]:
    """Of quantiles whose units came at times that differ between variants."""
    weights = [configuration.weights for configuration in tally.configurations]
    changed = [at for at in results.contenders[1:] if not keep_shares(weights, 0, at)]
    for metric, result in _with_results(experiment, results):
        if metric.kind is MetricKind.QUANTILE and changed:
            names = _named([result.variants[at].variant for at in changed])
            yield (
                f"{metric.name} is a quantile, which cannot be compared across weights: of "
                f"{names}, whose share beside {result.variants[0].variant} has changed, there is "
                "no lift."
            )


def _open_guardrails(_experiment: Experiment, _tally: Tally, results: Results) -> Iterator[str]:
    found = [
        f"{result.metric} for {_named(names)}"
        for result in results.metrics
        if (names := [result.variants[at].variant for at in _open(result, results.contenders)])
    ]
    if found and sum(results.exposures):
        yield f"Guardrails are open: {listed(found)}; who wins must have passed all."


def _open(result: MetricResult, contenders: Iterable[int]) -> Iterator[int]:
    return (at for at in contenders if result.variants[at].guardrail is GuardrailVerdict.OPEN)


def _with_results(
    experiment: Experiment, results: Results
) -> Iterator[tuple[Metric, MetricResult]]:
    return zip(experiment.design.metrics, results.metrics, strict=True)


def _contending(results: Results) -> list[VariantResult]:
    """Those that get units, in the primary metric."""
    return [results.primary.variants[at] for at in results.contenders]


def _units(variants: Iterable[VariantResult]) -> int:
    return sum(variant.units for variant in variants)


def _when_units_count(metric: Metric) -> str:
    if not metric.awaits_window:
        return ""
    which = "each" if metric.missing_is_failure else "each that has an outcome"
    return f": {which} does when its window of {lasting(metric.window_s)} has passed"


def _named(variants: Sequence[str]) -> str:
    """All of them, or the first and how many more."""
    more = len(variants) - _MOST_NAMED
    if more <= 0:
        return listed(variants)
    return listed([*variants[:_MOST_NAMED], f"{more:,} more"])


def _differ(variants: Sequence[VariantResult], exposed: Sequence[int]) -> bool:
    """Whether the shares of units with an outcome differ by more than chance."""
    arms = [
        Moments(units, variant.units, variant.units)
        for variant, units in zip(variants, exposed, strict=True)
    ]
    found = chi_square(arms)
    return found is not None and found.p_value < _UNEVEN_ALPHA
