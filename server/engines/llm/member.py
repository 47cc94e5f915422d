"""A provider at work: its transport, its circuit breaker, and how it has done of late."""

import asyncio
import math
import random
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from interceptors.breaker.breaker import CircuitBreaker
from interceptors.breaker.registry import BreakerRegistry
from interceptors.breaker.settings import BreakerSettings
from server.engines.llm.completion import Transport
from server.engines.llm.errors import Fault, ProviderError
from server.engines.llm.next_step import MOST_BACKOFF_S
from server.engines.llm.provider import Preference, Provider

# A dead provider fails ten times in a row at once; one that fails every fifth call by chance does
# so once in ten million calls, and half of its last fifty once in a million.
BREAKER = BreakerSettings(
    consecutive_failures=10, failure_rate=0.5, minimum_calls=50, window_s=60.0, open_s=5.0
)
REMEMBERED = 200  # newest calls that times are taken from
ENOUGH = 20  # calls before their times say something, and until they are looked at again
PATIENCE = 0.99  # of the shortest time, left each time that it kept a call from being begun
MOST_REST_S = 60.0  # what a provider asks for beyond that is not believed
# What a provider says to every question when its settings are wrong, or its model is too small. A
# refused content is none of these: one tenant's texts could push a provider back for all.
MISFITS = frozenset({"bad_request", "context_too_long"})
MOST_MISFITS = 10  # in a row, before others are asked first
MISFIT_S = 60.0  # until it is asked in its place again
MEMORY = 0.95  # of the share of successes, at each call
USUAL_TOKENS = (800, 200)  # of a question and its answer: what prices are compared by


class OutOfTime(ProviderError):
    """The time that the caller had was over before the provider's own, which is not held against
    the provider. The reason is "timeout" all the same where it had as long as it usually takes.
    """

    def __init__(self, *, had_usual_time: bool = False) -> None:
        super().__init__(Fault.TRANSIENT, "timeout" if had_usual_time else "no_time")


def counts_against(error: BaseException) -> bool:
    """Whether a failure opens a provider's circuit: its own alone do, not the question's."""
    if isinstance(error, OutOfTime) or not isinstance(error, ProviderError):
        return False
    return error.fault is not Fault.PERMANENT or error.reason in {"not_found", "defect"}


@dataclass(slots=True)
class Member:
    """One provider of those that may be asked."""

    provider: Provider
    transport: Transport
    breaker: CircuitBreaker
    slots: asyncio.Semaphore
    is_drilled: bool = False  # made to fail, to rehearse it
    success_share: float = 1.0  # of late, in [0, 1]
    shortest_s: float = 0.0  # below which hardly a call was answered; 0.0 when little is known
    p95_s: float = 0.0  # in which 95 % of the calls were answered; 0.0 when little is known
    clock: Callable[[], float] = time.monotonic
    _rests_until_s: float = -math.inf  # by the clock
    _misfits: int = 0  # since a call was answered
    _misfit_s: float = -math.inf  # when the last one was
    _times_s: deque[float] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    _unread: int = 0  # times that have come since they were last looked at

    def succeeded(self, seconds: float) -> None:
        """A call was answered."""
        self.success_share = MEMORY * self.success_share + (1 - MEMORY)
        self._misfits = 0
        self._times_s.append(seconds)
        self._unread += 1
        if self._unread == ENOUGH:
            self._unread = 0
            ordered = sorted(self._times_s)
            self.shortest_s = ordered[len(ordered) // 20]
            self.p95_s = ordered[len(ordered) * 19 // 20]

    def failed(self, error: ProviderError) -> None:
        """A call failed."""
        if error.reason in MISFITS:
            self._misfits += 1
            self._misfit_s = self.clock()
        if not counts_against(error):
            return
        self.success_share *= MEMORY
        rest_s = error.retry_after_s or 0.0
        if rest_s > MOST_BACKOFF_S:  # less is waited for by each question itself
            self._rests_until_s = self.clock() + min(rest_s, MOST_REST_S)

    def barred_by(self) -> str:
        """Why no call may be begun now, as an outcome; empty: one may."""
        if self.is_drilled:
            return "drill"
        if self.is_resting():
            return "told_to_wait"
        return "circuit_open" if self.breaker.refuses() else ""

    def is_resting(self) -> bool:
        """Whether the provider has asked not to be called yet."""
        return self.clock() < self._rests_until_s

    def can_answer_in(self, left_s: float) -> bool:
        """Whether it is worth while to begin a call.

        Less is asked for with each that is not begun: the provider may have become faster.
        """
        if left_s > self.shortest_s:
            return True
        self.shortest_s *= PATIENCE
        return False

    def comes_last(self) -> bool:
        """Whether others are to be asked first: it may not be called, or refuses all of late."""
        if self.is_resting() or self.breaker.refuses():
            return True
        return self._misfits >= MOST_MISFITS and self.clock() < self._misfit_s + MISFIT_S


def make_member(
    provider: Provider,
    transport: Transport,
    breakers: BreakerRegistry,
    clock: Callable[[], float] = time.monotonic,
) -> Member:
    """A provider with the breaker of its model: one bad model closes no other."""
    name = f"llm/{provider.name}/{provider.model}"
    breaker = breakers.get(name, counts_against, BREAKER)
    slots = asyncio.Semaphore(provider.most_in_flight)
    return Member(provider, transport, breaker, slots, clock=clock)


def in_order(
    members: Sequence[Member], preference: Preference, chance: random.Random
) -> list[Member]:
    """Whom to ask first, second, and so on; those that would refuse come last.

    One whose circuit is open, but would let a call pass to try, stands where it did before: else
    it would never be asked again while another answers.
    """
    ordered = list(members)
    if preference is Preference.CHEAPEST:
        ordered.sort(key=lambda member: member.provider.cost_micro_usd(*USUAL_TOKENS))
    elif preference is Preference.WEIGHTED:
        ordered.sort(key=lambda member: -_drawn(member, chance))
    ordered.sort(key=Member.comes_last)
    return ordered


def _drawn(member: Member, chance: random.Random) -> float:
    """A key whose order draws without replacement by weight (Efraimidis and Spirakis 2006)."""
    weight = member.provider.weight * max(member.success_share, 0.01)
    return float(chance.random() ** (1 / max(weight, 1e-9)))
