"""Figures of an experiment as people read them."""

from switchyard_client.messages.switchyard.experiment.v1 import Interval, MetricKind

_SMALLEST_P = 0.001


def value(number: float | None, kind: MetricKind) -> str:
    """A rate in per cent, or a mean; empty when it is not known."""
    if number is None:
        return ""
    return f"{number * 100:.2f} %" if kind is MetricKind.BINARY else _short(number)


def difference(number: float | None, kind: MetricKind) -> str:
    """A lift with its sign: percentage points of rates, else the metric's unit."""
    if number is None:
        return ""
    sign = "-" if number < 0 else "+"
    return f"{sign}{_points(abs(number), kind)}" + (" pp" if kind is MetricKind.BINARY else "")


def bounds(interval: Interval | None, kind: MetricKind) -> str:
    """From where to where, in the unit of the figure beside it."""
    if interval is None:
        return ""
    return f"[{_points(interval.lower, kind)}, {_points(interval.upper, kind)}]"


def relative(number: float | None) -> str:
    """A lift as a share of the control's value."""
    return "" if number is None else f"{number * 100:+.1f} %"


def share(number: float | None) -> str:
    """A probability, or a weight."""
    return "" if number is None else f"{number * 100:.1f} %"


def sure(confidence: float) -> str:
    """A confidence; it is never whole."""
    return f"{min(confidence * 100, 99.99):.2f} %"


def p_value(number: float | None) -> str:
    """A p-value to three digits."""
    if number is None:
        return ""
    return f"<{_SMALLEST_P}" if number < _SMALLEST_P else f"{number:.3f}"


def _points(number: float, kind: MetricKind) -> str:
    return f"{number * 100:.2f}" if kind is MetricKind.BINARY else _short(number)


def _short(number: float) -> str:
    return f"{number:,.0f}" if abs(number) >= 10_000 else f"{number:.4g}"
