"""Figures of experiments in plain words."""

from collections.abc import Sequence
from math import floor, log10

from server.experiments.experiment import Metric, MetricKind
from server.experiments.results import Interval

_UNITS_S = (("day", 86_400.0), ("hour", 3600.0), ("minute", 60.0))


def listed(names: Sequence[str]) -> str:
    """As in "a, b and c"."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def counted(number: int, noun: str = "unit") -> str:
    """As in "1 unit" and "3,412 units"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def times(number: int) -> str:
    """As in "once", "twice" and "3 times"."""
    return {1: "once", 2: "twice"}.get(number, f"{number:,} times")


def lasting(duration_s: float) -> str:
    """As in "1 day" and "2.5 hours"."""
    noun, size = next((unit for unit in _UNITS_S if duration_s >= unit[1]), ("second", 1.0))
    number = f"{duration_s / size:.3g}"
    return f"{number} {noun}" if number == "1" else f"{number} {noun}s"


def amount(metric: Metric, value: float) -> str:
    """As in "2.9 points", a hundredth of a rate each, and "1,204"."""
    shown = _shown(metric, value)
    return f"{shown:,.0f}{_unit(metric)}" if abs(shown) >= 1000 else f"{shown:.3g}{_unit(metric)}"


def lead(
    metric: Metric, difference: float, interval: Interval | None, rival: str, alpha: float
) -> str:
    """As in "+2.9 points over a (95 % sure: +0.4 to +5.3)"."""
    if interval is None:
        return f"{_shown(metric, difference):+.3g}{_unit(metric)} over {rival}"
    decimals = _decimals(metric, interval)
    told, lower, upper = (
        f"{round(_shown(metric, value), decimals) + 0.0:+,.{decimals}f}"  # + 0.0: there is no -0
        for value in (difference, interval.lower, interval.upper)
    )
    return f"{told}{_unit(metric)} over {rival} ({_sure(alpha)}: {lower} to {upper})"


def proven_lead(
    metric: Metric, difference: float, interval: Interval | None, rival: str, alpha: float
) -> str:
    """The same of a difference that is shown: by exact evidence where the interval does not."""
    if interval is None or not interval.lower <= 0 <= interval.upper:
        return lead(metric, difference, interval, rival, alpha)
    told = lead(metric, difference, None, rival, alpha)
    return f"{told} ({_sure(alpha)} by exact evidence)"


def _sure(alpha: float) -> str:
    return f"{100 * (1 - alpha):.4g} % sure"


def _shown(metric: Metric, value: float) -> float:
    return 100 * value if metric.kind is MetricKind.BINARY else value


def _decimals(metric: Metric, interval: Interval) -> int:
    """So many that half the width of the interval has two digits."""
    half = _shown(metric, interval.upper - interval.lower) / 2
    return max(1 - floor(log10(half)), 0) if half > 0 else 0


def _unit(metric: Metric) -> str:
    return " points" if metric.kind is MetricKind.BINARY else ""
