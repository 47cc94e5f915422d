"""What commands print with: terminals, colours, and texts that others wrote."""

import sys
from datetime import UTC, datetime, timedelta
from typing import TextIO

from rich.console import Console
from rich.text import Text

# Control characters steer terminals; texts from tickets and servers must not.
_CONTROLS = dict.fromkeys((*range(32), 127, *range(128, 160)), "�")
_CONTROLS[ord("\n")] = "\n"
_CONTROLS[ord("\t")] = " "
_CONTROLS[ord("\r")] = ""

_FILE_COLUMNS = 1000

DECISION_STYLES = {"automatic": "green", "review": "yellow", "escalate": "bold red"}
PRIORITY_STYLES = {"urgent": "bold red", "high": "yellow", "medium": "", "low": "dim"}


def stdout() -> Console:
    """Standard output; NO_COLOR and FORCE_COLOR are honoured."""
    return _console(sys.stdout)


def stderr() -> Console:
    """Standard error."""
    return _console(sys.stderr)


def _console(stream: TextIO) -> Console:
    # A file has no width: nothing is cut there.
    return Console(file=stream, highlight=False, width=None if stream.isatty() else _FILE_COLUMNS)


def plain(text: str, style: str = "") -> Text:
    """A text that others wrote, without markup or control characters."""
    return Text(text.translate(_CONTROLS), style=style)


def counted(count: int, noun: str, plural: str = "") -> str:
    """A number of things: "1 label", "1,200 labels"."""
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"


def percent(confidence: float) -> str:
    """A probability as people read it."""
    return "<1 %" if 0 < confidence < 0.005 else f"{confidence * 100:.0f} %"


def dollars(micro_usd: int) -> str:
    """An amount of money, to the millionth of a dollar that prices are reckoned in."""
    return f"${micro_usd / 1e6:,.6f}"


def duration(seconds: float) -> str:
    """A time span in the two units that matter."""
    if seconds < 1:
        return f"{seconds * 1000:.1f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    left = timedelta(seconds=round(seconds))
    hours, minutes = divmod(left.seconds // 60, 60)
    parts = ((left.days, "d"), (hours, "h"), (minutes, "min"), (left.seconds % 60, "s"))
    first = next(i for i, (count, _) in enumerate(parts) if count)
    return " ".join(f"{count} {unit}" for count, unit in parts[first : first + 2] if count)


def moment(time: datetime | None) -> str:
    """A time in UTC, to the second; empty when there is none."""
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ") if time else ""
