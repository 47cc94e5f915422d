"""What a design must be like, beyond the ranges of single fields on the wire.

Faults name fields as the contract does. Lengths and patterns of texts are the contract's own rules.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from math import fsum, inf, isfinite

from server.experiments.condition import Between, Condition, walk
from server.experiments.errors import InvalidExperiment
from server.experiments.experiment import (
    TRIAGE_LAYER,
    Aggregation,
    Design,
    Metric,
    MetricKind,
    Role,
    Source,
    StoppingRule,
    UnitKind,
    Variant,
)
from server.violation import FieldViolation

_DAY_S = 86_400.0
_MOST_VARIANTS = 100
_MOST_METRICS = 20
_MOST_CONDITIONS = 100
_MOST_DEPTH = 8
_MOST_CELLS = 200  # variants times metrics, under an algorithm: sums of each in every configuration
LEAST_FLOOR = 0.005  # bounds after inverse-propensity weighting take too long to hold below
_ROUNDING = 1e-6  # weights of 0.333333 sum to 1

_VALUED_KINDS = (MetricKind.MEAN, MetricKind.QUANTILE)  # whose units have a value of any size
_FAILING_KINDS = (MetricKind.BINARY, MetricKind.MEAN)  # where 0 says that nothing came
_AMENDABLE = frozenset({Aggregation.SUM, Aggregation.MEAN})  # without the single values


def no_faults(_design: Design) -> Sequence[FieldViolation]:
    """What is wrong with parameters that nobody reads."""
    return ()


def check_design(
    design: Design, parameter_faults: Callable[[Design], Sequence[FieldViolation]] = no_faults
) -> None:
    """Raise InvalidExperiment with all that is wrong with a design.

    parameter_faults  what its layer finds wrong with the parameters of its variants

    With fixed weights a weight of 0 takes a variant out, but the control and one other get units.
    Under an algorithm no weight begins below the floor.
    """
    faults = [
        *_variant_faults(design),
        *_metric_faults(design),
        *_allocation_faults(design),
        *_stopping_faults(design.stopping, len(design.variants)),
        *_share_faults(design),
        *_condition_faults(design.targeting),
        *parameter_faults(design),
    ]
    if faults:
        raise InvalidExperiment(faults)


def _variant_faults(design: Design) -> Iterator[FieldViolation]:
    yield from _count("variants", design.variants, 2, _MOST_VARIANTS, "variants")
    yield from _repeated("variants", [variant.name for variant in design.variants])
    for at, variant in enumerate(design.variants):
        yield from _parameter_faults(f"variants[{at}]", variant)
    broken = [
        fault
        for at, weight in enumerate(design.weights)
        for fault in _within(f"variants[{at}].weight", weight, 0, 1)
    ]
    yield from broken or _weight_faults(design)


def _weight_faults(design: Design) -> Iterator[FieldViolation]:
    """Of weights that are shares, each for itself."""
    weights = design.weights
    whole = fsum(weights)
    if abs(whole - 1) > _ROUNDING:
        yield FieldViolation(
            "variants", f"must have weights that sum to 1; they sum to {whole:.10g}"
        )
    if design.allocation.is_adaptive:
        floor = design.allocation.floor
        for at, weight in enumerate(weights):
            if weight < floor:
                rule = f"must be at least the floor, {floor:.10g}, under an algorithm"
                yield FieldViolation(f"variants[{at}].weight", f"{rule}; it is {weight:.10g}")
    elif len(weights) > 1 and weights[0] == 0:
        yield FieldViolation("variants[0].weight", "must be greater than 0: it is the control's")
    elif len(weights) > 1 and not any(weights[1:]):
        yield FieldViolation("variants", "must have a weight greater than 0 beside the control's")


def _parameter_faults(path: str, variant: Variant) -> Iterator[FieldViolation]:
    for name, value in variant.parameters.items():
        if isinstance(value, float) and not isfinite(value):
            yield FieldViolation(f"{path}.parameters[{name}]", f"must be finite; it is {value}")


def _metric_faults(design: Design) -> Iterator[FieldViolation]:
    metrics = design.metrics
    yield from _count("metrics", metrics, 1, _MOST_METRICS, "metrics")
    yield from _repeated("metrics", [metric.name for metric in metrics])
    primaries = sum(metric.role is Role.PRIMARY for metric in metrics)
    if metrics and primaries != 1:
        yield FieldViolation(
            "metrics", f"must have exactly one primary among them; {primaries} are"
        )
    for at, metric in enumerate(metrics):
        path = f"metrics[{at}]"
        yield from _kind_faults(path, metric)
        yield from _value_faults(path, metric)
        yield from _source_faults(path, metric, design)
        if metric.kind is MetricKind.QUANTILE and design.allocation.is_adaptive:
            yield FieldViolation(
                f"{path}.kind", "must not be a quantile where an algorithm moves weights"
            )


def _kind_faults(path: str, metric: Metric) -> Iterator[FieldViolation]:
    """What makes no sense for a metric of its kind or role."""
    kind, is_binary = metric.kind, metric.kind is MetricKind.BINARY
    is_quantile, is_guardrail = kind is MetricKind.QUANTILE, metric.role is Role.GUARDRAIL
    if is_quantile and not 0 < metric.quantile < 1:
        yield FieldViolation(f"{path}.quantile", f"must be in (0, 1); it is {metric.quantile:.10g}")
    for name, is_stray, what in (
        ("quantile", metric.quantile != 0 and not is_quantile, "no quantile"),
        ("margin", metric.margin != 0 and not is_guardrail, "no guardrail"),
        ("uses_pre_period", metric.uses_pre_period and kind is not MetricKind.MEAN, "no mean"),
        ("winsorize_lower", metric.winsorize_lower is not None and is_binary, "binary"),
        ("winsorize_upper", metric.winsorize_upper is not None and is_binary, "binary"),
        (
            "aggregation",
            metric.aggregation is not Aggregation.SUM and kind not in _VALUED_KINDS,
            "neither a mean nor a quantile",
        ),
        (
            "missing",
            metric.missing_is_failure and kind not in _FAILING_KINDS,
            "neither binary nor a mean",
        ),
    ):
        if is_stray:
            yield FieldViolation(f"{path}.{name}", f"must be absent: the metric is {what}")


def _value_faults(path: str, metric: Metric) -> Iterator[FieldViolation]:
    yield from _within(f"{path}.margin", metric.margin, 0)
    yield from _within(f"{path}.attribution_window", metric.window_s, 1, 365 * _DAY_S, "seconds")
    lower, upper = metric.winsorize_lower, metric.winsorize_upper
    for name, limit in (("winsorize_lower", lower), ("winsorize_upper", upper)):
        if limit is not None and not isfinite(limit):
            yield FieldViolation(f"{path}.{name}", f"must be finite; it is {limit}")
    if lower is not None and upper is not None and lower >= upper:
        yield FieldViolation(
            f"{path}.winsorize_upper", f"must be greater than winsorize_lower, {lower:.10g}"
        )


def _source_faults(path: str, metric: Metric, design: Design) -> Iterator[FieldViolation]:
    if metric.source is Source.CALLER:
        return
    if design.layer != TRIAGE_LAYER:
        yield FieldViolation(f"{path}.source", f'must be the caller outside layer "{TRIAGE_LAYER}"')
    if metric.source is Source.FEEDBACK_OVERTURNED and not metric.is_minimized:
        yield FieldViolation(f"{path}.direction", "must be to minimize: to be overturned is bad")
    if metric.source.is_feedback and metric.aggregation not in _AMENDABLE:
        rule = "must be the sum or the mean: who reviews may think better of it"
        yield FieldViolation(f"{path}.aggregation", rule)
    if metric.source.is_binary:
        if metric.kind is not MetricKind.BINARY:
            yield FieldViolation(
                f"{path}.kind", "must be binary: so are the outcomes of its source"
            )
    elif metric.kind not in _VALUED_KINDS:
        yield FieldViolation(
            f"{path}.kind", "must be a mean or a quantile, for outcomes of its source"
        )


def _allocation_faults(design: Design) -> Iterator[FieldViolation]:
    allocation, variants = design.allocation, len(design.variants)
    yield from _positive("allocation.epsilon", allocation.epsilon)
    yield from _within("allocation.floor", allocation.floor, LEAST_FLOOR, 0.5)
    yield from _positive("allocation.discount", allocation.discount)
    yield from _within("allocation.batch_units", allocation.batch_units, 10, 1_000_000)
    yield from _within(
        "allocation.sticky_ttl", allocation.sticky_s, 60, 365 * _DAY_S, unit="seconds"
    )
    cells = variants * len(design.metrics)
    if allocation.is_adaptive and cells > _MOST_CELLS:
        rule = f"must hold at most {_MOST_CELLS // max(variants, 1)} metrics under an algorithm"
        yield FieldViolation(
            "metrics", f"{rule} with {variants} variants; it holds {len(design.metrics)}"
        )
    if allocation.is_adaptive and 0.5 < allocation.floor * variants < inf:
        yield FieldViolation(
            "allocation.floor",
            f"must be at most 1 / (2 * variants), {0.5 / variants:.4g} for {variants} variants; "
            f"it is {allocation.floor:.10g}",
        )


def _stopping_faults(rule: StoppingRule, variants: int) -> Iterator[FieldViolation]:
    yield from _positive("stopping.alpha", rule.alpha, 0.5)
    yield from _within("stopping.min_units", rule.min_units, 2, 1_000_000_000)
    yield from _within("stopping.min_duration", rule.min_duration_s, 0, 365 * _DAY_S, "seconds")
    yield from _within("stopping.max_units", rule.max_units, 0, 1_000_000_000_000)
    yield from _within("stopping.max_duration", rule.max_duration_s, 0, 5 * 365 * _DAY_S, "seconds")
    if 0 < rule.max_units < rule.min_units * variants:
        yield FieldViolation(
            "stopping.max_units",
            f"must be 0 or at least {rule.min_units * variants:,}, which is min_units in each of "
            f"{variants} variants; it is {rule.max_units:,}",
        )
    if 0 < rule.max_duration_s < rule.min_duration_s:
        yield FieldViolation("stopping.max_duration", "must be absent or at least min_duration")


def _share_faults(design: Design) -> Iterator[FieldViolation]:
    yield from _positive("layer_share", design.layer_share)
    yield from _within("holdout", design.holdout, 0, 0.5)
    yield from _within("traffic", design.traffic, 0, 1)
    if design.layer == TRIAGE_LAYER and design.unit is UnitKind.OTHER:
        yield FieldViolation("unit", f'must be a ticket or a customer in layer "{TRIAGE_LAYER}"')


def _condition_faults(targeting: Condition | None) -> Iterator[FieldViolation]:
    found = list(walk(targeting))
    if any(isinstance(condition, Between) and not _is_sound(condition) for condition, _ in found):
        yield FieldViolation("targeting", "must compare with finite numbers")
    if len(found) > _MOST_CONDITIONS:
        rule = f"must hold at most {_MOST_CONDITIONS} conditions"
        yield FieldViolation("targeting", f"{rule}; it holds {len(found)}")
    depth = max((depth for _, depth in found), default=0)
    if depth > _MOST_DEPTH:
        yield FieldViolation("targeting", f"must be at most {_MOST_DEPTH} deep; it is {depth} deep")


def _is_sound(test: Between) -> bool:
    """Whether it states a finite number, and nothing that is none."""
    has_bounds = test.least < inf and test.most > -inf
    return has_bounds and (isfinite(test.least) or isfinite(test.most))


def _count(
    path: str, items: Sequence[object], least: int, most: int, noun: str
) -> Iterator[FieldViolation]:
    if not least <= len(items) <= most:
        yield FieldViolation(path, f"must hold {least} to {most} {noun}; it holds {len(items)}")


def _repeated(path: str, names: Sequence[str]) -> Iterator[FieldViolation]:
    for at, name in enumerate(names):
        if name in names[:at]:
            yield FieldViolation(f"{path}[{at}].name", f'must be unique; "{name}" stands before it')


def _within(
    path: str, value: float, least: float, most: float = inf, unit: str = ""
) -> Iterable[FieldViolation]:
    """FieldViolation unless the value is finite and in [least, most]."""
    if isfinite(value) and least <= value <= most:
        return ()
    upto = f"{least:,.13g} to {most:,.13g}" if most < inf else f"{least:,.13g} or more"
    return (FieldViolation(path, f"must be {upto}{unit and ' '}{unit}; it is {value:,.13g}"),)


def _positive(path: str, value: float, most: float = 1.0) -> Iterable[FieldViolation]:
    """FieldViolation unless the value is in (0, most]."""
    if 0 < value <= most:
        return ()
    return (
        FieldViolation(path, f"must be greater than 0 and at most {most:.10g}; it is {value:.10g}"),
    )
