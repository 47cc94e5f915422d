"""Which gates a picture shows, in which colour, and what became of each."""

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from switchyard_client.messages.switchyard.feedback.v1 import ErrorBudget, Gate, GateMoment
from switchyard_client.report.look import CHALLENGERS

_MOST_NAME_CHARACTERS = 24


@dataclass(frozen=True, slots=True)
class Shown:
    """A gate of a picture."""

    gate: Gate
    color: str

    @property
    def name(self) -> str:
        """Who answers; of a long name its end, which tells versions apart."""
        name = self.gate.answerer
        cut = len(name) > _MOST_NAME_CHARACTERS
        return f"...{name[3 - _MOST_NAME_CHARACTERS :]}" if cut else name


def shown_gates(budget: ErrorBudget) -> list[Shown]:
    """The busiest gates, as many as there are colours."""
    return [Shown(gate, color) for gate, color in zip(budget.gates, CHALLENGERS, strict=False)]


def left_out(budget: ErrorBudget) -> str:
    """A remark where not all are shown; else empty."""
    most, gates = len(CHALLENGERS), len(budget.gates)
    return f" The busiest {most} of {gates}." if gates > most else ""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time through which a gate stayed open at one threshold."""

    start: datetime
    end: datetime
    threshold: float
    error_bound: float


def stretches(gate: Gate, now: datetime) -> list[Stretch]:
    """When the gate was open, the earliest first; the last is the moment now, if it is open."""
    moments = [moment for moment in reversed(gate.history) if moment.time is not None]
    last = GateMoment(time=now, threshold=gate.threshold, error_bound=gate.error_bound)
    return [
        Stretch(here.time, there.time, here.threshold, here.error_bound)
        for here, there in pairwise([*moments, last, last])
        if here.time and there.time and here.threshold is not None
    ]
