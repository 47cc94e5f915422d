"""The circuit breaker: a state machine that is told of calls and says which may pass.

CLOSED -- too many failures or slow calls --> OPEN -- open_s later --> HALF_OPEN
HALF_OPEN -- enough successes --> CLOSED          HALF_OPEN -- a failure --> OPEN
"""

import math
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import NoReturn, Protocol

from interceptors.breaker.settings import BreakerSettings, Mode, State
from interceptors.breaker.window import FAILED, SLOW, Rates, Window
from interceptors.errors import CircuitOpen

_CLOSED = State.CLOSED  # looked up once, not at each call


class BreakerListener(Protocol):
    """Hears of a breaker. Must be quick: it runs on the call's path."""

    def state_changed(self, breaker: str, before: State, after: State) -> None:
        """The breaker has opened, closed, or begun to try."""

    def refused(self, breaker: str) -> None:
        """A call was refused."""

    def succeeded(self, breaker: str, duration_s: float) -> None:
        """A call ended well."""

    def failed(self, breaker: str, duration_s: float, error: Exception) -> None:
        """A call failed in a way that counts."""


class Permit:
    """Leave for one call, to be reported on once."""

    __slots__ = ("epoch", "started_s")

    def __init__(self, epoch: int, started_s: float) -> None:
        self.epoch = epoch  # of the breaker, which begins a new one with each change of state
        self.started_s = started_s


@dataclass(slots=True)
class Tally:
    """Calls since the breaker was made."""

    successful: int = 0
    failed: int = 0
    ignored: int = 0  # cancelled, or failed in a way that does not count
    not_permitted: int = 0
    slow: int = 0  # of the successful and the failed


NOT_COUNTED = Permit(-1, math.inf)


class CircuitBreaker:
    """Lets calls pass while they succeed. `counts` says which exceptions are failures.

    `async with breaker.guard():` and `@breaker.guard()` do all there is to do. Where the
    microsecond counts: `admit`, then `succeeded` or `failed` exactly once.
    """

    def __init__(
        self,
        name: str,
        settings: BreakerSettings,
        counts: Callable[[Exception], bool],
        clock: Callable[[], float],
        listeners: Sequence[BreakerListener] = (),
    ) -> None:
        self.name = name
        self.settings = settings
        self.mode = Mode.AUTOMATIC
        self.state = State.CLOSED
        self.changed_s: float | None = None  # by the clock; None: it never changed its state
        self.tally = Tally()
        self._window = Window(settings.window_calls, settings.window_s)
        self._counts = counts
        self._clock = clock
        self._listeners = tuple(listeners)
        self._epoch = 0
        self._opened_s = 0.0
        self._failures_in_a_row = 0
        self._probes: set[Permit] = set()
        self._probe_successes = 0
        self._shared_permit = self._make_shared_permit()

    @asynccontextmanager
    async def guard(self) -> AsyncIterator[None]:
        """Round one piece of work, or as a decorator of a coroutine function.

        Raises CircuitOpen, and lets every other exception through.
        """
        permit = self.admit()
        try:
            yield
        except BaseException as error:
            self.failed(permit, error)
            raise
        self.succeeded(permit)

    def admit(self) -> Permit:
        """Leave for a call that begins now. Raises CircuitOpen with the time to wait."""
        if self.state is _CLOSED:
            return self._shared_permit or Permit(self._epoch, self._clock())
        return self._admit_probe()

    def refuses(self) -> bool:
        """Whether `admit` would refuse a call now. Changes nothing."""
        if self.state is _CLOSED:
            return False
        now_s = self._clock()
        if self.state is State.OPEN:
            is_resting = now_s < self._opened_s + self.settings.open_s
            return is_resting or self.mode is Mode.FORCED_OPEN
        oldest_s = now_s - self.settings.probe_lease_s
        probes = sum(probe.started_s > oldest_s for probe in self._probes)
        return probes >= self.settings.half_open_calls

    def succeeded(self, permit: Permit) -> None:
        """The call ended well."""
        if permit is NOT_COUNTED:
            return
        now_s = self._clock()
        self.tally.successful += 1
        self._learn(permit, 0, now_s)
        for listener in self._listeners:
            listener.succeeded(self.name, now_s - permit.started_s)

    def failed(self, permit: Permit, error: BaseException) -> None:
        """The call raised. A cancelled call, or one that its reader left, is no failure."""
        if permit is NOT_COUNTED:
            return
        if not isinstance(error, Exception) or not self._counts(error):
            self.tally.ignored += 1
            self._probes.discard(permit)
            return
        now_s = self._clock()
        self.tally.failed += 1
        self._learn(permit, FAILED, now_s)
        for listener in self._listeners:
            listener.failed(self.name, now_s - permit.started_s, error)

    def update(self, settings: BreakerSettings) -> None:
        """Work by other settings from now on; state and window stay."""
        self.settings = settings
        self._window.resize(settings.window_calls, settings.window_s)
        self._shared_permit = self._make_shared_permit()

    def set_mode(self, mode: Mode) -> None:
        """Obey an order, and start afresh. An order that stands already changes nothing."""
        if mode is not self.mode:
            self.mode = mode
            self.reset()

    def reset(self) -> None:
        """Close, and forget what was seen; one that is forced open stays open."""
        self._become(State.OPEN if self.mode is Mode.FORCED_OPEN else State.CLOSED, self._clock())
        self._window.clear()

    def rates(self) -> Rates:
        """What the window shows now. Any thread may ask."""
        return self._window.rates(self._clock())

    def _admit_probe(self) -> Permit:
        now_s = self._clock()
        if self.state is State.OPEN:
            self._try_after_rest(now_s)
        lease_s, probes = self.settings.probe_lease_s, self._probes
        probes -= {probe for probe in probes if probe.started_s + lease_s <= now_s}
        if len(probes) >= self.settings.half_open_calls:
            self._refuse(min(probe.started_s for probe in probes) + lease_s - now_s)
        permit = Permit(self._epoch, now_s)
        probes.add(permit)
        return permit

    def _try_after_rest(self, now_s: float) -> None:
        if self.mode is Mode.FORCED_OPEN:
            self._refuse(self.settings.open_s)  # nobody knows when the order ends
        rest_s = self._opened_s + self.settings.open_s - now_s
        if rest_s > 0:
            self._refuse(rest_s)
        self._become(State.HALF_OPEN, now_s)

    def _refuse(self, retry_after_s: float) -> NoReturn:
        self.tally.not_permitted += 1
        for listener in self._listeners:
            listener.refused(self.name)
        raise CircuitOpen(self.name, retry_after_s, is_forced=self.mode is Mode.FORCED_OPEN)

    def _learn(self, permit: Permit, outcome: int, now_s: float) -> None:
        if now_s - permit.started_s >= self.settings.slow_call_s:
            self.tally.slow += 1
            outcome += SLOW
        if permit.epoch != self._epoch:
            return  # It began before the state changed, and tells nothing of the new one.
        if self.state is not _CLOSED:
            self._learn_from_probe(permit, outcome, now_s)
            return
        window = self._window
        window.add(outcome, now_s)
        self._failures_in_a_row = self._failures_in_a_row + 1 if outcome & FAILED else 0
        if (window.failed or window.slow) and self._must_open():
            self._become(State.OPEN, now_s)

    def _learn_from_probe(self, probe: Permit, outcome: int, now_s: float) -> None:
        if probe not in self._probes:
            return  # Its lease is over, and its slot is another's.
        self._probes.remove(probe)
        if outcome:
            self._become(State.OPEN, now_s)
            return
        self._probe_successes += 1
        if self._probe_successes >= self.settings.successes_to_close:
            self._become(State.CLOSED, now_s)

    def _must_open(self) -> bool:
        if self.mode is not Mode.AUTOMATIC:
            return False
        settings, window = self.settings, self._window
        if self._failures_in_a_row >= settings.consecutive_failures:
            return True
        if len(window) < min(settings.minimum_calls, settings.window_calls):
            return False
        return window.failed >= settings.failure_rate * len(
            window
        ) or window.slow >= settings.slow_call_rate * len(window)

    def _become(self, state: State, now_s: float) -> None:
        before, self.state = self.state, state
        self._epoch += 1
        self._opened_s = now_s
        self._failures_in_a_row = 0
        self._probes.clear()
        self._probe_successes = 0
        self._shared_permit = self._make_shared_permit()
        if state is State.CLOSED:
            self._window.clear()  # while it is open, the window shows what opened it
        if state is not before:
            self.changed_s = now_s
            for listener in self._listeners:
                listener.state_changed(self.name, before, state)

    def _make_shared_permit(self) -> Permit | None:
        """The permit of every call while nobody asks how long one takes; None: they do."""
        if self.mode is Mode.DISABLED:
            return NOT_COUNTED
        if self._listeners or self.settings.slow_call_s < math.inf:
            return None
        return Permit(self._epoch, math.inf)
