"""A provider at work: its transport, its circuit breaker, and how it has done of late."""

import asyncio
import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from interceptors.breaker.breaker import CircuitBreaker
from interceptors.breaker.registry import BreakerRegistry
from interceptors.breaker.settings import BreakerSettings
from server.engines.llm.completion import Transport
from server.engines.llm.errors import Fault, ProviderError
from server.engines.llm.provider import Preference, Provider

# A dead provider fails ten times in a row at once; one that fails every fifth call by chance does
# so once in ten million calls, and half of its last fifty once in a million.
BREAKER = BreakerSettings(
    consecutive_failures=10, failure_rate=0.5, minimum_calls=50, window_s=60.0, open_s=5.0
)
REMEMBERED = 200  # newest calls that times are taken from
ENOUGH = 20  # calls before their times say something, and until they are looked at again
PATIENCE = 0.99  # of the shortest time, left each time that it kept a call from being begun
MEMORY = 0.95  # of the share of successes, at each call
USUAL_TOKENS = (800, 200)  # of a question and its answer: what prices are compared by


class OutOfTime(ProviderError):
    """The time that the caller had was over before the provider's own: no fault of the provider."""

    def __init__(self) -> None:
        super().__init__(Fault.TRANSIENT, "timeout")


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
    _times_s: deque[float] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    _unread: int = 0  # times that have come since they were last looked at

    def succeeded(self, seconds: float) -> None:
        """A call was answered."""
        self.success_share = MEMORY * self.success_share + (1 - MEMORY)
        self._times_s.append(seconds)
        self._unread += 1
        if self._unread == ENOUGH:
            self._unread = 0
            ordered = sorted(self._times_s)
            self.shortest_s = ordered[len(ordered) // 20]
            self.p95_s = ordered[len(ordered) * 19 // 20]

    def failed(self) -> None:
        """A call failed."""
        self.success_share *= MEMORY

    def can_answer_in(self, left_s: float) -> bool:
        """Whether it is worth while to begin a call.

        Less is asked for with each that is not begun: the provider may have become faster.
        """
        if left_s > self.shortest_s:
            return True
        self.shortest_s *= PATIENCE
        return False


def make_member(provider: Provider, transport: Transport, breakers: BreakerRegistry) -> Member:
    """A provider with the breaker of its model: one bad model closes no other."""
    name = f"llm/{provider.name}/{provider.model}"
    breaker = breakers.get(name, counts_against, BREAKER)
    return Member(provider, transport, breaker, asyncio.Semaphore(provider.most_in_flight))


def in_order(
    members: Sequence[Member], preference: Preference, chance: random.Random
) -> list[Member]:
    """Whom to ask first, second, and so on; those whose circuit refuses calls come last.

    One whose circuit is open, but would let a call pass to try, stands where it did before: else
    it would never be asked again while another answers.
    """
    ordered = list(members)
    if preference is Preference.CHEAPEST:
        ordered.sort(key=lambda member: member.provider.cost_micro_usd(*USUAL_TOKENS))
    elif preference is Preference.WEIGHTED:
        ordered.sort(key=lambda member: -_drawn(member, chance))
    ordered.sort(key=lambda member: member.breaker.refuses())
    return ordered


def _drawn(member: Member, chance: random.Random) -> float:
    """A key whose order draws without replacement by weight (Efraimidis and Spirakis 2006)."""
    weight = member.provider.weight * max(member.success_share, 0.01)
    return float(chance.random() ** (1 / max(weight, 1e-9)))
