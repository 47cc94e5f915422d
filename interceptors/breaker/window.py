"""The newest outcomes of a breaker's calls."""

from collections import deque
from dataclasses import dataclass

FAILED = 1
SLOW = 2


@dataclass(frozen=True, slots=True)
class Rates:
    """What a window shows."""

    calls: int
    failure_rate: float  # share of the calls, 0 to 1
    slow_call_rate: float  # share of the calls, 0 to 1


class Window:
    """At most `most_calls` outcomes, none older than `span_s` when one is added."""

    def __init__(self, most_calls: int, span_s: float) -> None:
        self.failed = 0
        self.slow = 0
        self._outcomes: deque[tuple[float, int]] = deque()  # (when, FAILED | SLOW), oldest first
        self.resize(most_calls, span_s)

    def __len__(self) -> int:
        """Calls in the window."""
        return len(self._outcomes)

    def rates(self, now_s: float) -> Rates:
        """What the window shows now. Any thread may ask: nothing is changed."""
        oldest_s = now_s - self._span_s
        outcomes = [outcome for when_s, outcome in tuple(self._outcomes) if when_s > oldest_s]
        calls = len(outcomes)
        failed = sum(outcome & FAILED for outcome in outcomes)
        slow = sum(outcome >> 1 for outcome in outcomes)
        return Rates(calls, failed / max(1, calls), slow / max(1, calls))

    def resize(self, most_calls: int, span_s: float) -> None:
        """Change the bounds; the newest outcomes stay."""
        self._most_calls = most_calls
        self._span_s = span_s
        while len(self._outcomes) > most_calls:
            self._forget_oldest()

    def add(self, outcome: int, now_s: float) -> None:
        """Take in a call: 0, or FAILED and SLOW added up."""
        if outcome:
            self.failed += outcome & FAILED
            self.slow += outcome >> 1
        outcomes = self._outcomes
        outcomes.append((now_s, outcome))
        if len(outcomes) > self._most_calls:
            self._forget_oldest()
        oldest_s = now_s - self._span_s
        while outcomes[0][0] <= oldest_s:
            self._forget_oldest()

    def clear(self) -> None:
        """Forget everything."""
        self._outcomes.clear()
        self.failed = self.slow = 0

    def _forget_oldest(self) -> None:
        _, outcome = self._outcomes.popleft()
        if outcome:
            self.failed -= outcome & FAILED
            self.slow -= outcome >> 1
