"""Draws an outage: who answered, how long callers waited, and the state of the circuits."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

EMBEDDED, FAILED = "embedded", "failed"

WIDTH, LEFT, RIGHT = 960, 60, 20
ANSWERS = (50, 170)  # top and height of each part
WAITS = (260, 120)
CIRCUITS = 420
STRIP = 14
HEIGHT = 490
COLOURS = {"first": "#4c78a8", "second": "#72b7b2", EMBEDDED: "#f2b134", FAILED: "#d62728"}
STATES = {"closed": "#9ecf9e", "half_open": "#f2b134", "open": "#d62728"}


@dataclass(frozen=True, slots=True)
class Outage:
    """When the first provider is silent; the second is away in the middle third of that."""

    begins_s: int
    lasts_s: int
    after_s: int  # that callers go on
    deadline_s: float  # of each call

    @property
    def ends_s(self) -> int:
        """When the first provider is back."""
        return self.begins_s + self.lasts_s

    @property
    def total_s(self) -> int:
        """How long callers call."""
        return self.ends_s + self.after_s


@dataclass(frozen=True, slots=True)
class Slice:
    """What one second was like."""

    answers: Mapping[str, int]  # by who answered
    median_s: float
    longest_s: float
    circuits: Mapping[str, str]  # state by provider


def draw(slices: Sequence[Slice], outage: Outage) -> str:
    """The picture as SVG, a column for each second."""
    column = (WIDTH - LEFT - RIGHT) / len(slices)
    parts = [
        *_bands(outage, column),
        *_answers(slices, column),
        *_waits(slices, outage, column),
        *_circuits(slices, column),
        *_seconds(len(slices), column),
    ]
    frame = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
        ' font-family="sans-serif" font-size="12">'
    )
    return "\n".join([frame, _rect(0, 0, WIDTH, HEIGHT, "#fff"), *parts, "</svg>", ""])


def _bands(outage: Outage, column: float) -> Iterator[str]:
    """When who was away."""
    third = outage.lasts_s / 3
    spans = (
        (outage.begins_s, outage.lasts_s, "#eee", "first is silent", 16),
        (outage.begins_s + third, third, "#ddd", "second is gone", 30),
    )
    for begin, length, colour, text, y in spans:
        x = LEFT + begin * column
        yield _rect(x, ANSWERS[0] - 10, length * column, CIRCUITS - ANSWERS[0], colour)
        yield _text(x, y, text)


def _answers(slices: Sequence[Slice], column: float) -> Iterator[str]:
    """Answers a second, one colour upon the other."""
    top, height = ANSWERS
    most = max(sum(each.answers.values()) for each in slices)
    yield _text(4, top + 10, "answers/s")
    yield _text(4, top + 26, f"(up to {most})")
    for number, each in enumerate(slices):
        y = float(top + height)
        for name, colour in COLOURS.items():
            size = each.answers.get(name, 0) / most * height
            y -= size
            if size:
                yield _rect(LEFT + number * column, y, column + 0.3, size, colour)
    for number, (name, colour) in enumerate(COLOURS.items()):
        x = LEFT + number * 110
        yield _rect(x, top + height + 8, 10, 10, colour)
        yield _text(x + 15, top + height + 17, name)


def _waits(slices: Sequence[Slice], outage: Outage, column: float) -> Iterator[str]:
    """The longest and the median wait of each second, below the deadline."""
    top, height = WAITS
    scale = height / (outage.deadline_s * 1.05)
    deadline_y = top + height - outage.deadline_s * scale
    yield _text(4, top + 10, "wait, s")
    yield _line([(LEFT, deadline_y), (WIDTH - RIGHT, deadline_y)], "#888", "4 3")
    yield _text(LEFT + 4, deadline_y - 4, f"deadline: {outage.deadline_s:g} s")
    for name, colour in (("longest_s", "#d62728"), ("median_s", "#333")):
        points = [
            (LEFT + (number + 0.5) * column, top + height - getattr(each, name) * scale)
            for number, each in enumerate(slices)
        ]
        yield _line(points, colour)
    yield _text(LEFT, top + height + 16, "red: the longest; black: the median")


def _circuits(slices: Sequence[Slice], column: float) -> Iterator[str]:
    """The states of both circuits."""
    for row, provider in enumerate(("first", "second")):
        y = CIRCUITS + row * (STRIP + 4)
        yield _text(4, y + 11, provider)
        for number, each in enumerate(slices):
            colour = STATES.get(each.circuits.get(provider, ""), "#fff")
            yield _rect(LEFT + number * column, y, column + 0.3, STRIP, colour)
    for number, (state, colour) in enumerate(STATES.items()):
        x = WIDTH - RIGHT - 330 + number * 110
        yield _rect(x, CIRCUITS - 16, 10, 10, colour)
        yield _text(x + 15, CIRCUITS - 7, f"circuit {state.replace('_', ' ')}")


def _seconds(count: int, column: float) -> Iterator[str]:
    for second in range(0, count, 10):
        yield _text(LEFT + second * column, HEIGHT - 14, f"{second} s")


def _rect(x: float, y: float, width: float, height: float, colour: str) -> str:
    size = f'width="{width:.1f}" height="{height:.1f}"'
    return f'<rect x="{x:.1f}" y="{y:.1f}" {size} fill="{colour}"/>'


def _line(points: Sequence[tuple[float, float]], colour: str, dashes: str = "none") -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return (
        f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"'
        f' stroke-dasharray="{dashes}"/>'
    )


def _text(x: float, y: float, text: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="#222">{escape(text)}</text>'
