"""How pictures look: one palette, one way to draw axes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, num2date
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, MaxNLocator

# Okabe and Ito's colours, told apart by every kind of eye; the control is grey.
CONTROL = "#6b7280"
CHALLENGERS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
INK = "#1f2933"
PALE_INK = "#6b7280"
LINE = "#e3e7eb"
PAPER = "#ffffff"
MOST_CHALLENGERS = len(CHALLENGERS)

WIDTH_IN, HEIGHT_IN = 8.0, 3.9
_TICK_STEPS = (1, 2, 2.5, 5, 10)
_TIME_FORMS = ((4.0, "%-d %b"), (0.02, "%-d %b %H:%M"), (0.0, "%H:%M:%S"))  # by days shown, more
_LINES = 14  # of text, in the height of a panel
_SMALL_PT, _TEXT_PT, _TITLE_PT = 8.5, 9.5, 12.0


@dataclass(frozen=True, slots=True)
class Label:
    """A text that stands beside a line, at the height of its end."""

    text: str
    color: str
    height: float


def new_figure(panels: int = 1) -> tuple[Figure, list[Axes]]:
    """An empty figure, and its panels from the top."""
    figure = Figure(
        figsize=(WIDTH_IN, HEIGHT_IN * panels),
        layout=ConstrainedLayoutEngine(w_pad=0.14, h_pad=0.16, hspace=0.04),
        facecolor=PAPER,
        dpi=144,
    )
    axes = figure.subplots(panels, 1, squeeze=False)
    return figure, [row[0] for row in axes]


def dress(axes: Axes, title: str, subtitle: str) -> None:
    """Gives a panel its headings, and takes away what carries no information."""
    axes.set_title(f"{plain(title)}\n", loc="left", fontsize=_TITLE_PT, color=INK, weight="bold")
    axes.text(
        0,
        1.025,
        plain(subtitle),
        transform=axes.transAxes,
        fontsize=_TEXT_PT,
        color=PALE_INK,
        va="bottom",
    )
    axes.set_facecolor(PAPER)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(LINE)
    axes.tick_params(colors=PALE_INK, labelsize=_SMALL_PT, length=0, pad=6)
    axes.grid(axis="y", color=LINE, linewidth=0.8)
    axes.set_axisbelow(True)


def name_axes(axes: Axes, x: str = "", y: str = "") -> None:
    """What the axes measure, with the unit."""
    axes.set_xlabel(plain(x), fontsize=_SMALL_PT, color=PALE_INK, labelpad=8)
    axes.set_ylabel(plain(y), fontsize=_SMALL_PT, color=PALE_INK, labelpad=8)


def label_beside(axes: Axes, x: object, y: float, text: str, color: str) -> None:
    """A direct label, right of a point."""
    _label(axes, (x, y), (7, 0), text, color)


def label_above(axes: Axes, x: float, y: float, text: str, color: str, lines_up: int = 0) -> None:
    """A direct label above a point, so many lines higher."""
    _label(axes, (x, y), (0, 9 + lines_up * 1.4 * _TEXT_PT), text, color)


def _label(
    axes: Axes, point: tuple[object, float], offset: tuple[float, float], text: str, color: str
) -> None:
    axes.annotate(
        plain(text),
        point,
        xytext=offset,
        textcoords="offset points",
        ha="left" if offset[0] else "center",
        va="center",
        fontsize=_TEXT_PT,
        color=color,
        annotation_clip=False,
    )


def say(axes: Axes, text: str) -> None:
    """An empty panel that says why it is empty."""
    axes.text(
        0.5,
        0.5,
        plain(text),
        transform=axes.transAxes,
        ha="center",
        fontsize=_TEXT_PT,
        color=PALE_INK,
    )
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(visible=False)


def mark_y(axes: Axes, text_of: Callable[[float], str]) -> None:
    """Ticks of the vertical axis."""
    axes.yaxis.set_major_locator(MaxNLocator(nbins=6, steps=_TICK_STEPS))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: text_of(value)))


def mark_x(axes: Axes, text_of: Callable[[float], str], *, counts: bool = False) -> None:
    """Ticks of the horizontal axis; of counts at whole numbers alone."""
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, steps=_TICK_STEPS, integer=counts))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: text_of(value)))


def mark_times(axes: Axes) -> None:
    """Ticks of a horizontal axis of times, in UTC."""
    first, last = axes.get_xlim()
    form = next(form for days, form in _TIME_FORMS if last - first > days)
    axes.xaxis.set_major_locator(AutoDateLocator(tz=UTC, minticks=3, maxticks=8))  # type: ignore[no-untyped-call]  # published without types
    axes.xaxis.set_major_formatter(FuncFormatter(lambda day, _: f"{_time(day):{form}}"))


def _time(day: float) -> datetime:
    time: datetime = num2date(day, tz=UTC)  # type: ignore[no-untyped-call]  # published without types
    return time


def label_column(axes: Axes, x: object, labels: list[Label]) -> None:
    """Direct labels right of `x`, each near its height and none on another."""
    low, high = axes.get_ylim()
    heights = _apart([label.height for label in labels], (high - low) / _LINES, high)
    for label, height in zip(labels, heights, strict=True):
        label_beside(axes, x, height, label.text, label.color)


def _apart(heights: list[float], least: float, most: float) -> list[float]:
    """Heights near the given ones, in their order, no two closer than `least`, none over `most`."""
    order = sorted(range(len(heights)), key=lambda i: heights[i])
    moved = list(heights)
    for before, here in pairwise(order):
        moved[here] = max(moved[here], moved[before] + least)
    # Pushed up only, they would drift.
    drift = (sum(moved) - sum(heights)) / len(heights) if heights else 0.0
    drift = max(drift, max(moved, default=most) - most)
    return [height - drift for height in moved]


def plain(text: str) -> str:
    """A text without what matplotlib would read as a formula or has no glyph for."""
    shown = (c if c.isascii() and (c.isprintable() or c == "\n") else "?" for c in text)
    return "".join(shown).replace("$", r"\$")
