"""How many calls to do at once, learnt from how long they take.

After Gradient2 of Netflix's concurrency-limits: while calls take about as long as they
usually do, the limit grows by a small queue; when they take longer, it shrinks in proportion.
"""

import math
from collections.abc import Callable

WINDOW_S = 0.25  # between two changes of the limit
LEAST_SAMPLES = 10  # in a window
WARM_UP_WINDOWS = 10  # whose plain mean the long average begins with
LONG_WEIGHT = 2 / 1201  # of a later window in it: it remembers five minutes of steady traffic
TOLERANCE = 1.5  # calls may take so much longer than usual before the limit shrinks
SMOOTHING = 0.2  # share of the way to its new value that the limit goes in one window
LEAST_GRADIENT = 0.5
RECOVERY = 0.95  # pulls down a long average that an overload has left far too high


class RoundTrips:
    """How long one kind of call takes: in the present window, and usually."""

    __slots__ = ("_windows", "calls", "total_s", "usual_s")

    def __init__(self) -> None:
        self.total_s = 0.0  # of this window's calls
        self.calls = 0  # in this window
        self.usual_s = 0.0
        self._windows = 0

    def end_window(self) -> float:
        """How many calls of the usual length the window's would make up."""
        short_s = self.total_s / self.calls
        self._windows += 1
        weight = 1 / self._windows if self._windows <= WARM_UP_WINDOWS else LONG_WEIGHT
        self.usual_s += (short_s - self.usual_s) * weight
        if self.usual_s > 2 * short_s:
            self.usual_s *= RECOVERY
        usual_calls = self.total_s / self.usual_s if self.usual_s else float(self.calls)
        self.total_s, self.calls = 0.0, 0
        return usual_calls


class GradientLimit:
    """The limit, never below `least` nor above `most`.

    Each kind of call is held against its own past: a change in the mix is no change of speed.
    """

    def __init__(self, least: int, most: int, initial: int, clock: Callable[[], float]) -> None:
        self._least = least
        self._most = most
        self._clock = clock
        self._estimate = float(initial)
        self._kinds: list[RoundTrips] = []
        self._samples = 0
        self._most_in_flight = 0
        self._window_end_s = -math.inf

    @property
    def calls(self) -> int:
        """How many calls may be in flight."""
        return int(self._estimate)

    def new_kind(self) -> RoundTrips:
        """Where the round trips of one more kind of call are kept."""
        self._kinds.append(RoundTrips())
        return self._kinds[-1]

    def sample(self, kind: RoundTrips, started_s: float, in_flight: int) -> bool:
        """Take in a call that ends well now, beside `in_flight` calls, itself included.

        Whether the limit may have changed.
        """
        now_s = self._clock()
        kind.total_s += now_s - started_s
        kind.calls += 1
        self._samples += 1
        self._most_in_flight = max(self._most_in_flight, in_flight)
        if now_s < self._window_end_s or self._samples < LEAST_SAMPLES:
            return False
        self._end_window(now_s)
        return True

    def _end_window(self, now_s: float) -> None:
        usual_calls = sum(kind.end_window() for kind in self._kinds if kind.calls)
        slowness = usual_calls / self._samples
        # A limit that is far from reached has slowed nobody down, and is not known to hold.
        if self._most_in_flight >= self._estimate / 2:
            self._move(max(LEAST_GRADIENT, TOLERANCE / max(TOLERANCE, slowness)))
        self._samples = self._most_in_flight = 0
        self._window_end_s = now_s + WINDOW_S

    def _move(self, gradient: float) -> None:
        queue = math.sqrt(self._estimate)
        aim = self._estimate * gradient + queue
        estimate = self._estimate + (aim - self._estimate) * SMOOTHING
        self._estimate = min(float(self._most), max(float(self._least), estimate))
