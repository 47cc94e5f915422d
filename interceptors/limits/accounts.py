"""What every caller has spent, as this process knows it: a bounded table of callers."""

import heapq
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterable
from itertools import chain

from interceptors.limits.book import LimitBook
from interceptors.limits.tiers import Limits
from interceptors.limits.windows import OUTCOMES, Meter, Window, is_near

MOST_CALLERS = 50_000
MOST_LOOKS = 8  # at accounts, to find one that can be forgotten


class Account:
    """What one caller has spent. Its meters stand for the limits of `tier` and `version`."""

    __slots__ = (
        "admitted_units",
        "at_methods",
        "caller",
        "charges",
        "everywhere",
        "refused_units",
        "tier",
        "version",
    )

    def __init__(self, caller: str) -> None:
        self.caller = caller
        self.tier = ""
        self.version = -1
        self.everywhere = Meter((), "")
        self.at_methods: dict[str, Meter] | None = None  # few callers have limits at methods
        self.charges: dict[str, int] = {}  # of its tier, by outcome
        self.admitted_units = 0
        self.refused_units = 0

    def is_near(self, now: float) -> bool:
        """Whether the caller has spent most of a limit, so that to begin anew would be a gift."""
        meters = (self.everywhere, *(self.at_methods or {}).values())
        return any(is_near(meter, now) for meter in meters)


class Accounts:
    """The accounts of the callers seen last; who is forgotten begins anew.

    Callers near a limit, or over it, are forgotten after all others, or strangers could give them
    their units back. While those are told apart, a few at each call, there may be a seventh more
    accounts than `most_callers`.
    """

    def __init__(
        self, book: LimitBook, clock: Callable[[], float], most_callers: int = MOST_CALLERS
    ) -> None:
        self._book = book
        self._clock = clock
        self._most_callers = most_callers
        self._seen: OrderedDict[str, Account] = OrderedDict()  # the longest ago first
        # Of these, what was near a limit when it was to be forgotten.
        self._near: OrderedDict[str, Account] = OrderedDict()
        # How many charges had each outcome, by tier.
        self.charges = {tier: dict.fromkeys(OUTCOMES, 0) for tier in book.tiers}

    def __len__(self) -> int:
        return len(self._seen) + len(self._near)

    def open(self, caller: str, tier: str) -> Account:
        """The account of a caller, with the limits now in force."""
        account = self._seen.get(caller)
        if account is None:
            near = self._near.pop(caller, None)
            account = self._seen[caller] = near or Account(caller)
            if len(self) > self._most_callers:
                self._make_room()
        else:
            self._seen.move_to_end(caller)
        if account.version != self._book.version or account.tier != tier:
            self._renew(account, tier)
        return account

    def look(self, caller: str, tier: str) -> Account:
        """The same to look at alone: a caller without an account does not get one."""
        account = self.get(caller) or Account(caller)
        self._renew(account, tier)
        return account

    def meter(self, account: Account, method: str) -> Meter:
        """The windows that a call of a method is charged to; without one, those everywhere."""
        if not (method and self._book.limits_methods):
            return account.everywhere
        limits = self._book.at_method(account.caller, method)
        return account.everywhere if limits is None else self._meter_at(account, method, limits)

    def get(self, caller: str) -> Account | None:
        """The account of a caller, where there is one."""
        return self._seen.get(caller) or self._near.get(caller)

    def forget(self, caller: str) -> None:
        """Let a caller begin anew."""
        self._seen.pop(caller, None)
        self._near.pop(caller, None)

    def top(self, most: int) -> list[Account]:
        """The callers that asked for the most units, admitted and refused."""
        accounts = chain(self._seen.values(), self._near.values())
        return heapq.nlargest(most, accounts, key=lambda a: a.admitted_units + a.refused_units)

    def _make_room(self) -> None:
        """Forget who was seen longest ago, but callers near a limit last."""
        now = self._clock()
        for _ in range(MOST_LOOKS):
            if len(self) <= self._most_callers:
                return
            longest_near = next(iter(self._near.values()), None)
            nobody_else = len(self._seen) == 1  # but who is just seen
            if longest_near and (nobody_else or not longest_near.is_near(now)):
                self._near.popitem(last=False)
            else:
                caller, account = self._seen.popitem(last=False)
                if account.is_near(now):
                    self._near[caller] = account

    def _renew(self, account: Account, tier: str) -> None:
        limits = self._book.everywhere(account.caller, tier)
        account.everywhere = _meter(_windows(limits, "", account.everywhere.windows))
        account.charges = self.charges[self._book.tier(tier)]
        account.tier, account.version = tier, self._book.version
        kept, account.at_methods = account.at_methods or {}, None
        for method, meter in kept.items():
            at_method = self._book.at_method(account.caller, method)
            if at_method is not None:
                self._meter_at(account, method, at_method, meter.windows)

    def _meter_at(
        self, account: Account, method: str, limits: Limits, kept: Iterable[Window] = ()
    ) -> Meter:
        if account.at_methods is None:
            account.at_methods = {}
        meter = account.at_methods.get(method)
        if meter is None:
            at_method = _windows(limits, f"{method} ", kept)
            meter = _meter((*account.everywhere.windows, *at_method))
            account.at_methods[method] = meter
        return meter


def _windows(limits: Limits, prefix: str, kept: Iterable[Window]) -> tuple[Window, ...]:
    """Windows with these limits; what is spent in those `kept` stays spent."""
    spent = {window.name: window for window in kept}
    windows = []
    for name, width_s, limit in limits.windows():
        window = Window(sys.intern(prefix + name), limit, width_s)
        if window.name in spent:
            window = spent[window.name]
            window.limit = limit
        windows.append(window)
    return tuple(windows)


def _meter(windows: tuple[Window, ...]) -> Meter:
    policy = ", ".join(f'"{w.name}";q={w.limit};w={w.width_s}' for w in windows)
    # Interned, as are the names: a few strings serve all the callers of a tier.
    return Meter(windows, sys.intern(policy))
