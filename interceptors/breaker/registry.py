"""Every breaker of the process, by name."""

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import TypeVar

from interceptors.breaker.breaker import BreakerListener, CircuitBreaker
from interceptors.breaker.settings import BreakerSettings, Mode, State

Order = TypeVar("Order", BreakerSettings, Mode)

MOST_BREAKERS = 10_000


class BreakerRegistry:
    """Makes breakers, and remembers what operators ordered also for those not yet made.

    Beyond `most` breakers, or orders for breakers, the oldest make room; a breaker that is
    closed does so first. Who holds one that went may go on using it.
    """

    def __init__(
        self,
        defaults: BreakerSettings,
        clock: Callable[[], float],
        listeners: Sequence[BreakerListener] = (),
        most: int = MOST_BREAKERS,
    ) -> None:
        self.defaults = defaults
        self._clock = clock
        self._listeners = tuple(listeners)
        self._most = most
        self._breakers: dict[str, CircuitBreaker] = {}
        self._usual: dict[str, BreakerSettings] = {}  # other than the defaults
        self._settings: dict[str, BreakerSettings] = {}
        self._modes: dict[str, Mode] = {}

    def get(
        self,
        name: str,
        counts: Callable[[Exception], bool],
        usual: BreakerSettings | None = None,
    ) -> CircuitBreaker:
        """The breaker of this name, made if there is none; only then are `counts` used, and
        `usual`: its settings while nothing is ordered, where they are not the defaults.
        """
        return self._breakers.get(name) or self._make(name, counts, usual)

    def find(self, name: str) -> CircuitBreaker | None:
        """The breaker of this name, if it was made."""
        return self._breakers.get(name)

    def breakers(self) -> list[CircuitBreaker]:
        """All that were made, by name. Any thread may ask."""
        return sorted(self._breakers.values(), key=attrgetter("name"))

    def settings_of(self, name: str) -> BreakerSettings:
        """The settings that a breaker has, or will have when it is made."""
        return self._settings.get(name) or self.usual_settings(name)

    def usual_settings(self, name: str) -> BreakerSettings:
        """The settings of a breaker while nothing is ordered."""
        return self._usual.get(name, self.defaults)

    def update(self, name: str, settings: BreakerSettings) -> None:
        """Change a breaker's settings, now or when it is made."""
        _remember(self._settings, name, settings, self._most)
        if breaker := self.find(name):
            breaker.update(settings)

    def set_mode(self, name: str, mode: Mode) -> None:
        """Order a breaker's mode, now or when it is made."""
        _remember(self._modes, name, mode, self._most)
        if breaker := self.find(name):
            breaker.set_mode(mode)

    def reset(self, name: str) -> None:
        """Close a breaker and forget its counts; one that was not made has none."""
        if breaker := self.find(name):
            breaker.reset()

    def _make(
        self, name: str, counts: Callable[[Exception], bool], usual: BreakerSettings | None
    ) -> CircuitBreaker:
        if usual is not None:
            _remember(self._usual, name, usual, self._most)
        if len(self._breakers) >= self._most:
            self._make_room()
        breaker = CircuitBreaker(name, self.settings_of(name), counts, self._clock, self._listeners)
        breaker.set_mode(self._modes.get(name, Mode.AUTOMATIC))
        self._breakers[name] = breaker
        return breaker

    def _make_room(self) -> None:
        oldest = next(iter(self._breakers))
        closed = (n for n, breaker in self._breakers.items() if breaker.state is State.CLOSED)
        del self._breakers[next(closed, oldest)]


def _remember(orders: dict[str, Order], name: str, order: Order, most: int) -> None:
    orders.pop(name, None)
    while len(orders) >= most:
        del orders[next(iter(orders))]
    orders[name] = order
