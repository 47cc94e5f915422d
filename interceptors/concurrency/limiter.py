"""Gives calls their places under a limit, and sheds those for which there is none in time.

A call has a rank: 0 gives way first. Each rank may fill a share of the limit only, so that
there is room for the more urgent before the less urgent are done.
"""

import asyncio
import math
import random
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence

from interceptors.concurrency.gradient import GradientLimit, RoundTrips
from interceptors.errors import Overloaded, TooManyStreams

Waiting = OrderedDict[asyncio.Future[bool], None]  # True: it has a place; False: it is shed

SHARES = (0.5, 0.9, 1.0)  # of the limit, by rank


class ConcurrencyLimiter:
    """Calls that answer once share `limit`; streams, which last, share `most_streams`.

    When there is no room, at most `most_waiting` calls wait, for at most `longest_wait_s`;
    streams do not. One that is shed is told to come back after `retry_s` on the average.
    One caller holds a share of the streams at most, so that it does not hold them all.
    """

    def __init__(
        self,
        limit: GradientLimit,
        most_streams: int,
        most_waiting: int,
        longest_wait_s: float,
        retry_s: float = 1.0,
        shares: Sequence[float] = SHARES,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self.limit = limit
        self.in_flight = 0
        self.streams = 0
        self.shed = [0 for _ in shares]  # by rank
        self._most_waiting = most_waiting
        self._longest_wait_s = longest_wait_s
        self._retry_s = retry_s
        self._shares = shares
        self._draw = draw
        self._all_streams = most_streams
        self._most_streams = _split(most_streams, shares)
        self._streams_of = Counter[str]()  # by caller
        self._most = _split(limit.calls, shares)
        self._waiting: list[Waiting] = [OrderedDict() for _ in shares]

    @property
    def waiting(self) -> list[int]:
        """Calls that wait, by rank."""
        return [len(waiting) for waiting in self._waiting]

    def enter(self, rank: int) -> bool:
        """Take a place if there is one."""
        if self.in_flight < self._most[rank]:
            self.in_flight += 1
            return True
        return False

    async def wait(self, rank: int) -> None:
        """Take a place as soon as there is one. Raises Overloaded."""
        if sum(self.waiting) >= self._most_waiting and not self._displace_below(rank):
            raise self._shed(rank)
        loop = asyncio.get_running_loop()
        place: asyncio.Future[bool] = loop.create_future()
        waiting = self._waiting[rank]
        waiting[place] = None
        timer = loop.call_later(self._longest_wait_s, _settle, place, False)
        try:
            has_place = await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled() and place.result():
                self.leave()  # It was cancelled in the moment in which it got its place.
            raise
        finally:
            timer.cancel()
            waiting.pop(place, None)
        if not has_place:
            raise self._shed(rank)

    def leave(self) -> None:
        """Give a place back."""
        self.in_flight -= 1
        if any(self._waiting):
            self._fill_places()

    def leave_after_success(self, kind: RoundTrips, started_s: float) -> None:
        """Give a place back, and learn from the time that the call took."""
        if self.limit.sample(kind, started_s, self.in_flight):
            self._most = _split(self.limit.calls, self._shares)
        self.leave()

    def enter_stream(self, rank: int, caller: str, share: float) -> None:
        """Take a place for a stream of a caller, who may hold this share of all places.

        Raises Overloaded, TooManyStreams.
        """
        if self.streams >= self._most_streams[rank]:
            raise self._shed(rank)
        most = _part(self._all_streams, share)
        if self._streams_of[caller] >= most:
            raise TooManyStreams(most, self._shed(rank).retry_after_s)
        self.streams += 1
        self._streams_of[caller] += 1

    def leave_stream(self, caller: str) -> None:
        """Give the place of a caller's stream back."""
        self.streams -= 1
        self._streams_of[caller] -= 1
        if not self._streams_of[caller]:
            del self._streams_of[caller]

    def _fill_places(self) -> None:
        for rank in reversed(range(len(self._waiting))):
            waiting = self._waiting[rank]
            while waiting and self.in_flight < self._most[rank]:
                place, _ = waiting.popitem(last=False)
                self.in_flight += _settle(place, True)

    def _displace_below(self, rank: int) -> bool:
        """Shed the last comer of the lowest rank below this one, if any waits."""
        for waiting in self._waiting[:rank]:
            if waiting:
                place, _ = waiting.popitem(last=True)
                _settle(place, False)
                return True
        return False

    def _shed(self, rank: int) -> Overloaded:
        self.shed[rank] += 1
        # Spread: clients that obey to the millisecond would come back all at once.
        return Overloaded(self._retry_s * (0.5 + self._draw()))


def _split(limit: int, shares: Sequence[float]) -> list[int]:
    """The places that each rank may fill."""
    return [_part(limit, share) for share in shares]


def _part(limit: int, share: float) -> int:
    """A share of the places, at least one."""
    return max(1, math.floor(limit * share))


def _settle(place: asyncio.Future[bool], has_place: bool) -> bool:
    """Tell a waiting call; False when it has left."""
    if place.done():
        return False
    place.set_result(has_place)
    return True
