"""What every caller has spent, as this process knows it: a bounded table of callers."""

import heapq
import sys
from collections import OrderedDict
from collections.abc import Iterable

from interceptors.limits.book import LimitBook
from interceptors.limits.tiers import Limits
from interceptors.limits.windows import OUTCOMES, Meter, Window

MOST_CALLERS = 50_000


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


class Accounts:
    """The accounts of the callers seen last; who is forgotten begins anew."""

    def __init__(self, book: LimitBook, most_callers: int = MOST_CALLERS) -> None:
        self._book = book
        self._most_callers = most_callers
        self._accounts: OrderedDict[str, Account] = OrderedDict()
        # How many charges had each outcome, by tier.
        self.charges = {tier: dict.fromkeys(OUTCOMES, 0) for tier in book.tiers}

    def __len__(self) -> int:
        return len(self._accounts)

    def open(self, caller: str, tier: str) -> Account:
        """The account of a caller, with the limits now in force."""
        account = self._accounts.get(caller)
        if account is None:
            account = self._accounts[caller] = Account(caller)
            if len(self._accounts) > self._most_callers:
                self._accounts.popitem(last=False)
        else:
            self._accounts.move_to_end(caller)
        if account.version != self._book.version or account.tier != tier:
            self._renew(account, tier)
        return account

    def look(self, caller: str, tier: str) -> Account:
        """The same to look at alone: a caller without an account does not get one."""
        account = self._accounts.get(caller) or Account(caller)
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
        return self._accounts.get(caller)

    def forget(self, caller: str) -> None:
        """Let a caller begin anew."""
        self._accounts.pop(caller, None)

    def top(self, most: int) -> list[Account]:
        """The callers that asked for the most units, admitted and refused."""
        return heapq.nlargest(
            most, self._accounts.values(), key=lambda a: a.admitted_units + a.refused_units
        )

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
