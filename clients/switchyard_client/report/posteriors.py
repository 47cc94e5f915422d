"""The picture of the values: posteriors, and intervals of quantiles, which have none."""

from dataclasses import dataclass
from math import exp, lgamma, log, pi, sqrt

from matplotlib.axes import Axes

from switchyard_client.messages.switchyard.experiment.v1 import (
    ExperimentResults,
    InferenceMethod,
    MetricKind,
    MetricResults,
    VariantResults,
)
from switchyard_client.report import figures
from switchyard_client.report.look import (
    INK,
    Label,
    dress,
    label_above,
    label_column,
    mark_x,
    name_axes,
    say,
)
from switchyard_client.report.reading import primary_of
from switchyard_client.report.shown import Shown, left_out, shown_variants

Points = tuple[list[float], list[float]]  # places, and how likely each is

_MOST_PEAKS = 4  # that have their labels above them
_POINTS = 400
_LABEL_WIDTH, _LABEL_HEIGHT = 0.28, 0.16  # of the panel
_DEVIATIONS = 4.5  # of the posterior, on either side of its mean


def draw_posteriors(axes: Axes, results: ExperimentResults) -> None:
    """What each value may be, by how likely it is; of quantiles the value and its interval."""
    metric = primary_of(results) or MetricResults()
    variants = [
        (one, metric.variants[one.index])
        for one in shown_variants(results)
        if one.index < len(metric.variants) and metric.variants[one.index].value is not None
    ]
    curves = [
        _Curve(one, figure, *found)
        for one, figure in variants
        if (found := _curve(figure, metric.kind)) is not None
    ]
    if metric.kind is MetricKind.QUANTILE or len(curves) < len(variants):
        subtitle = f"{metric.metric} with intervals that hold at every look."
        dress(axes, "Values", subtitle + left_out(results))
        _draw_intervals(axes, variants, metric.kind)
    else:
        dress(axes, "Posteriors", _belief(metric) + left_out(results))
        _draw_densities(axes, curves, metric.kind)
    if not variants:
        say(axes, "no outcome has been counted yet")
        return
    mark_x(axes, lambda value: _tick(value, metric.kind))
    is_rate = metric.kind is MetricKind.BINARY
    name_axes(axes, x=f"{metric.metric}, {'per cent of units' if is_rate else 'its unit'}")


@dataclass(frozen=True, slots=True)
class _Curve:
    """A variant's posterior."""

    shown: Shown
    figure: VariantResults
    places: list[float]
    densities: list[float]

    @property
    def peak(self) -> tuple[float, float]:
        """Place and density of what is likeliest."""
        points = zip(self.places, self.densities, strict=True)
        return max(points, key=lambda point: point[1])


def _curve(figure: VariantResults, kind: MetricKind) -> Points | None:
    """Of a rate, Beta; of all else, normal. None where it is not known how wide it is."""
    if kind is MetricKind.BINARY:
        return beta_curve(figure.conversions, figure.units)
    if figure.value is None or not figure.standard_error:
        return None
    return normal_curve(figure.value, figure.standard_error)


def _belief(metric: MetricResults) -> str:
    is_rate = metric.kind is MetricKind.BINARY
    family = "Beta" if is_rate else "normal"
    is_blind = is_rate and metric.method is InferenceMethod.SEQUENCE_AIPW
    note = " Blind to moving weights." if is_blind else ""
    return f"How likely each value of {metric.metric} is, from flat priors ({family}).{note}"


def _draw_densities(axes: Axes, curves: list[_Curve], kind: MetricKind) -> None:
    axes.set_yticks([])
    axes.grid(visible=False)
    for curve in curves:
        color = curve.shown.color
        axes.fill_between(curve.places, curve.densities, color=color, alpha=0.13, linewidth=0)
        axes.plot(curve.places, curve.densities, color=color, linewidth=1.8)
    axes.margins(y=0.2)
    axes.set_ylim(bottom=0)
    peaks = [curve.peak for curve in curves]
    labels = [
        Label(f"{curve.shown.name} {_likeliest(curve.figure, kind)}", curve.shown.color, height)
        for curve, (_, height) in zip(curves, peaks, strict=True)
    ]
    if len(curves) > _MOST_PEAKS:
        label_column(axes, axes.get_xlim()[1], labels)
        return
    for label, peak, lines_up in zip(labels, peaks, _lines_up(axes, peaks), strict=True):
        label_above(axes, *peak, label.text, label.color, lines_up)


def _likeliest(figure: VariantResults, kind: MetricKind) -> str:
    """Where the curve peaks; of rates under adaptive weights the estimate lies elsewhere."""
    if kind is MetricKind.BINARY:
        return figures.value(figure.conversions / max(figure.units, 1), kind)
    return figures.value(figure.value, kind)


def _lines_up(axes: Axes, peaks: list[tuple[float, float]]) -> list[int]:
    """How many lines each label must go up, not to cover one that stands nearby."""
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    places = [((x - left) / (right - left), (y - low) / (high - low)) for x, y in peaks]
    lines: list[int] = []
    for i, (x, y) in enumerate(places):
        near = [
            lines[k]
            for k in range(i)
            if abs(x - places[k][0]) < _LABEL_WIDTH and abs(y - places[k][1]) < _LABEL_HEIGHT
        ]
        lines.append(1 + max(near) if near else 0)
    return lines


def beta_curve(successes: int, units: int) -> Points:
    """Places and densities of the Beta posterior of a rate, where it is not flat at 0."""
    a, b = successes + 1, units - successes + 1
    mean, spread = a / (a + b), sqrt(a * b / (a + b + 1)) / (a + b)
    low, high = max(0.0, mean - _DEVIATIONS * spread), min(1.0, mean + _DEVIATIONS * spread)
    places = _places(low, high)
    scale = lgamma(a + b) - lgamma(a) - lgamma(b)
    return places, [_beta_density(place, a, b, scale) for place in places]


def normal_curve(mean: float, spread: float) -> Points:
    """The same of a normal posterior; the spread is above 0."""
    scale = 1 / (spread * sqrt(2 * pi))
    steps = _places(-_DEVIATIONS, _DEVIATIONS)
    return [mean + spread * step for step in steps], [
        scale * exp(-step * step / 2) for step in steps
    ]


def _places(low: float, high: float) -> list[float]:
    return [low + (high - low) * i / _POINTS for i in range(_POINTS + 1)]


def _beta_density(place: float, a: int, b: int, scale: float) -> float:
    if place in (0.0, 1.0):  # without a failure, or a success, the density is highest there
        return exp(scale) if (a if place == 0.0 else b) == 1 else 0.0
    return exp(scale + (a - 1) * log(place) + (b - 1) * log(1 - place))


def _draw_intervals(
    axes: Axes, variants: list[tuple[Shown, VariantResults]], kind: MetricKind
) -> None:
    axes.grid(visible=False)
    axes.set_yticks(range(len(variants)), [one.name for one, _ in variants], color=INK)
    axes.set_ylim(len(variants) - 0.3, -0.7)
    for height, (one, figure) in enumerate(variants):
        if figure.value is None:
            continue
        if figure.interval is not None:
            ends = [figure.interval.lower, figure.interval.upper]
            axes.plot(ends, [height, height], color=one.color, linewidth=7, alpha=0.25)
        axes.plot([figure.value], [height], "o", color=one.color, markersize=7)
        label_above(axes, figure.value, height, figures.value(figure.value, kind), one.color)


def _tick(value: float, kind: MetricKind) -> str:
    return f"{value * 100:.4g}" if kind is MetricKind.BINARY else f"{value:,.4g}"
