"""Charges callers for what they do: in Redis where there is one, else in this process."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from interceptors.call import ANONYMOUS_TIER, network_of
from interceptors.errors import RateLimited
from interceptors.limits.accounts import MOST_CALLERS, Account, Accounts
from interceptors.limits.book import LimitBook
from interceptors.limits.shared import SharedWindows
from interceptors.limits.windows import (
    REFUSED,
    SHADOW,
    Verdict,
    admit,
    charge,
    fits,
    refuse,
    remaining_units,
)

# Windows of a second and a minute never ask for a longer wait: two minutes at most.
LONGEST_WAIT_S = 121.0
# A refusal by Redis is repeated here without asking it; then it is asked again, because
# another process may have reset the caller.
REFUSAL_HOLDS_S = 1.0


@dataclass(frozen=True, slots=True)
class WindowStatus:
    """Where a caller stands in one window."""

    method: str  # that it counts alone; empty: all together
    width_s: int
    limit: int
    remaining_units: int
    reset_s: float  # until the whole limit is there again, if nothing more is spent


@dataclass(frozen=True, slots=True)
class Usage:
    """Units that a caller asked for in this process since it was last forgotten."""

    caller: str
    tier: str
    admitted_units: int
    refused_units: int


class Limiter:
    """Holds callers to the limits of `book`. `shared` is None where this process stands alone.

    While Redis is away, this process goes on with what it last knew; what is spent meanwhile is
    not carried into Redis. In shadow mode refusals are counted and nobody is refused.
    """

    def __init__(
        self,
        book: LimitBook,
        shared: SharedWindows | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        most_callers: int = MOST_CALLERS,
        is_shadow: bool = False,
    ) -> None:
        self.book = book
        self.shared = shared
        self.is_shadow = is_shadow
        self._clock = clock
        self._sleep = sleep
        self._accounts = Accounts(book, clock, most_callers)

    @property
    def is_shared(self) -> bool:
        """Whether all processes charge the same windows just now."""
        return self.shared is not None and self.shared.is_up

    @property
    def charges(self) -> Mapping[str, Mapping[str, int]]:
        """How many charges had each outcome, by tier."""
        return self._accounts.charges

    @property
    def callers_known(self) -> int:
        """How many callers have an account in this process."""
        return len(self._accounts)

    def charge_here(self, caller: str, tier: str, method: str, cost: int) -> Verdict | None:
        """Charge a caller in this process alone. None: the caller has no limit."""
        account = self._accounts.open(caller, tier)
        return self._count(account, self._decide_here(account, method, cost), cost)

    def check_here(self, caller: str, tier: str) -> None:
        """Raises RateLimited where another unit would be refused in this process."""
        meter, now = self._accounts.look(caller, tier).everywhere, self._clock()
        if not (self.is_shadow or fits(meter, 1, now)):
            verdict = refuse(meter, 1, now)
            raise rate_limited(caller, verdict, fields_of(verdict))

    async def charge(self, caller: str, tier: str, method: str, cost: int) -> Verdict | None:
        """Charge a caller, in Redis where it answers. None: the caller has no limit."""
        account = self._accounts.open(caller, tier)
        return self._count(account, await self._decide(account, method, cost), cost)

    async def charge_patiently(
        self, caller: str, tier: str, method: str, cost: int
    ) -> Verdict | None:
        """Charge a caller once there is room; only a wait above LONGEST_WAIT_S is a refusal."""
        while True:
            account = self._accounts.open(caller, tier)
            if self.shared is None:
                verdict = self._decide_here(account, method, cost)
            else:
                verdict = await self._decide(account, method, cost)
            if verdict is None or self.is_shadow or not 0.0 < verdict.wait_s <= LONGEST_WAIT_S:
                return self._count(account, verdict, cost)
            await self._sleep(verdict.wait_s)

    async def charge_anonymous(self, address: str) -> None:
        """Charge an address for a call whose caller did not show who it is.

        Raises RateLimited.
        """
        caller = anonymous_name(address)
        verdict = await self.charge(caller, ANONYMOUS_TIER, "", 1)
        if verdict is not None and verdict.outcome == REFUSED:
            raise rate_limited(caller, verdict, fields_of(verdict))

    async def status(self, caller: str, tier: str) -> list[WindowStatus]:
        """Where a caller stands in each of its windows, those of single methods last."""
        account = self._accounts.look(caller, tier)
        everywhere = account.everywhere.windows
        windows = [("", window) for window in everywhere]
        for method in self.book.methods_of(caller):
            meter = self._accounts.meter(account, method)
            windows += [(method, window) for window in meter.windows[len(everywhere) :]]
        if self.shared is not None and windows:
            await self.shared.charge(caller, tuple(window for _, window in windows), 0)
        now = self._clock()
        return [
            WindowStatus(method, w.width_s, w.limit, remaining_units(w, now), w.whole_in_s(now))
            for method, w in windows
        ]

    async def reset(self, caller: str) -> None:
        """Let a caller begin anew, in Redis as soon as it answers."""
        self.forget(caller)
        if self.shared is not None:
            await self.shared.forget(caller)

    def forget(self, caller: str) -> None:
        """Know nothing more of a caller in this process: another one has reset it."""
        self._accounts.forget(caller)

    def usage(self, caller: str) -> Usage | None:
        """What a caller asked for; None: this process knows nothing of it."""
        account = self._accounts.get(caller)
        return None if account is None else _usage(account)

    def top_callers(self, most: int) -> list[Usage]:
        """The callers that asked for the most units, the greatest first."""
        return [_usage(account) for account in self._accounts.top(most)]

    def _decide_here(self, account: Account, method: str, cost: int) -> Verdict | None:
        return charge(self._accounts.meter(account, method), cost, self._clock())

    async def _decide(self, account: Account, method: str, cost: int) -> Verdict | None:
        meter = self._accounts.meter(account, method)
        if self.shared is None or not meter.windows:
            return charge(meter, cost, self._clock())
        now = self._clock()
        # Nothing but time makes room: what did not fit a moment ago need not be asked again.
        if now < meter.asked_at + REFUSAL_HOLDS_S and not fits(meter, cost, now):
            return refuse(meter, cost, now)
        is_admitted = await self.shared.charge(account.caller, meter.windows, cost)
        now = self._clock()
        if is_admitted is None:
            return charge(meter, cost, now)
        meter.asked_at = now
        return admit(meter, now) if is_admitted else refuse(meter, cost, now)

    def _count(self, account: Account, verdict: Verdict | None, cost: int) -> Verdict | None:
        if verdict is None:
            return None
        if verdict.wait_s:
            account.refused_units += cost
            if self.is_shadow:
                verdict.outcome = SHADOW
        else:
            account.admitted_units += cost
        account.charges[verdict.outcome] += 1
        return verdict


def anonymous_name(address: str) -> str:
    """The name under which an address is charged, with all of its network."""
    return f"address/{network_of(address)}"


def rate_limited(
    caller: str, verdict: Verdict, fields: Sequence[tuple[str, str]] = ()
) -> RateLimited:
    """The refusal that a verdict tells of; `fields` go with it to a caller that has none yet."""
    window = verdict.window
    return RateLimited(caller, window.limit, float(window.width_s), verdict.wait_s, fields)


def fields_of(verdict: Verdict) -> tuple[tuple[str, str], ...]:
    """Where a caller stands, in the fields of draft-ietf-httpapi-ratelimit-headers."""
    window, remaining = verdict.window, verdict.remaining_units
    return (
        ("ratelimit-policy", verdict.policy),
        ("ratelimit", f'"{window.name}";r={remaining};t={math.ceil(verdict.reset_s)}'),
        ("x-ratelimit-limit", str(window.limit)),
        ("x-ratelimit-remaining", str(remaining)),
    )


def _usage(account: Account) -> Usage:
    return Usage(account.caller, account.tier, account.admitted_units, account.refused_units)
