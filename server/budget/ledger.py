"""Reserves before a call and settles after it, without a word to the database at most calls.

A process takes money out of a tenant's budget for the day in shares: what a call may cost, and
with it what the next two seconds may need, at most a hundredth of the budget. Taking a share is
one statement, which charges the budget at once: whatever processes do, they never hold and spend
more than there is. Calls reserve from the share in memory. Every second each process books what
was spent and gives back what it does not need, so that an idle process holds nothing.

What is never given back counts as spent: a process that is killed costs the tenant its share for
that day, and what its calls had reserved. A reservation that nobody settles comes back after some
minutes. A changed budget is in force within two seconds.

Settlements are numbered, so that one whose answer was lost is made once and not twice. One that the
database refuses twice is logged and dropped: else nothing would be settled ever after.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import uuid4

from server.budget.budget import Account, OverBudget, Spending, day_of, end_of
from server.budget.purse import Purse
from server.budget.store import BudgetStore, Settlement
from server.storage.errors import StorageUnavailable
from server.storage.rounds import Repeated

LOGGER = logging.getLogger("switchyard.budget")
SETTLE_S = 1.0
MOST_TRIES = 2  # of a settlement, while the database answers
RESERVED_S = 600.0  # longer than any call
MOST_RESERVATIONS = 10_000  # open at once; beyond, the oldest come back early
MOST_ACCOUNTS = 10_000  # that wait to be settled


@dataclass(slots=True, eq=False)
class Reservation:
    """What one call may cost, set aside. To be settled once."""

    tenant: str
    day: date  # that it is charged to, whenever it is settled
    micro_usd: int  # 0 without a budget, and once it is settled or has come back
    expires_at_s: float  # Unix time


class Ledger:
    """The budgets of all tenants, as one process sees them. The clock is Unix time."""

    def __init__(
        self,
        store: BudgetStore,
        clock: Callable[[], float] = time.time,
        new_id: Callable[[], str] = lambda: uuid4().hex,
    ) -> None:
        self._store = store
        self._clock = clock
        self._writer = new_id()
        self._settlements = 0
        self._purses: dict[tuple[str, date], Purse] = {}
        self._open: dict[Reservation, None] = {}  # the oldest first
        self._spent: dict[Account, Spending] = {}  # not settled yet
        self._unsent: Settlement | None = None  # one that may or may not have been made
        self._settling = asyncio.Lock()
        self._settling_up = Repeated("budget", self.settle_up, SETTLE_S, at_end=self._give_back)

    def start(self) -> None:
        """Settle every second."""
        self._settling_up.start()

    async def stop(self) -> None:
        """Settle all and give everything back."""
        await self._settling_up.stop()

    async def reserve(self, tenant: str, most_micro_usd: int) -> Reservation | OverBudget:
        """Set aside the most that a call may cost, before it is made.

        Raises StorageUnavailable when the database must be asked and does not answer.
        """
        if len(self._spent) >= MOST_ACCOUNTS:
            raise StorageUnavailable("too much spending waits to be booked")
        now_s = self._clock()
        day = day_of(now_s)
        while not (purse := self._purse(tenant, day)).covers(most_micro_usd):
            if purse.refuses(most_micro_usd) and purse.budget is not None:
                return OverBudget(purse.budget, end_of(day))
            await self._filled(purse, most_micro_usd)
        set_aside = purse.reserve(most_micro_usd)
        reservation = Reservation(tenant, day, set_aside, now_s + RESERVED_S)
        self._open[reservation] = None
        self._let_expire(now_s)
        return reservation

    def settle(self, reservation: Reservation, model: str, spending: Spending) -> None:
        """Book what a call took in the end, 0 where it was not made. The rest of what was set
        aside is free at once.
        """
        spending = spending.without_debt()
        self._release(reservation)
        purse = self._purse(reservation.tenant, reservation.day)
        purse.left_micro_usd -= spending.cost_micro_usd
        if spending != Spending():
            account = Account(reservation.tenant, reservation.day, model)
            self._spent[account] = self._spent.get(account, Spending()) + spending

    async def settle_up(self) -> None:
        """Book what was spent, give back what is not needed, and take what soon will be.

        Raises StorageUnavailable, and then the next time makes up for it.
        """
        async with self._settling:
            self._let_expire(self._clock())
            if self._unsent is not None:
                await self._settle(self._unsent)
            await self._settle(self._settlement())
            await self._look_ahead(tuple(self._purses.values()))

    async def _look_ahead(self, purses: Sequence[Purse]) -> None:
        budgets = await self._store.budgets(sorted({purse.tenant for purse in purses}))
        for purse in purses:
            purse.is_known, purse.budget = True, budgets.get(purse.tenant)
            if purse.is_low():
                await self._filled(purse, 0)
            purse.reserved_micro_usd, purse.refused_micro_usd = 0, None

    def _purse(self, tenant: str, day: date) -> Purse:
        purse = self._purses.get((tenant, day))
        if purse is None:
            purse = self._purses[tenant, day] = Purse(tenant, day)
        return purse

    async def _filled(self, purse: Purse, micro_usd: int) -> None:
        """Wait for a share. It is asked for in a task of its own: a caller that leaves must not
        cut off an answer, or the share would be charged and lost.
        """
        if purse.filling is None:
            purse.filling = asyncio.create_task(self._fill(purse, micro_usd))
            purse.filling.add_done_callback(lambda done: done.cancelled() or done.exception())
        await asyncio.shield(purse.filling)

    async def _fill(self, purse: Purse, micro_usd: int) -> None:
        try:
            share = await self._store.take(
                purse.tenant, purse.day, purse.needs(micro_usd), purse.likes(micro_usd)
            )
        finally:
            purse.filling = None
        purse.is_known, purse.budget = True, share.budget
        purse.left_micro_usd += share.micro_usd
        if not purse.covers(micro_usd):
            purse.refused_micro_usd = micro_usd

    def _release(self, reservation: Reservation) -> None:
        self._open.pop(reservation, None)
        self._purse(reservation.tenant, reservation.day).left_micro_usd += reservation.micro_usd
        reservation.micro_usd = 0

    def _let_expire(self, now_s: float) -> None:
        while self._open:
            oldest = next(iter(self._open))
            if oldest.expires_at_s > now_s and len(self._open) <= MOST_RESERVATIONS:
                return
            self._release(oldest)

    def _settlement(self) -> Settlement:
        given_back = {key: purse.give_back() for key, purse in self._purses.items()}
        self._purses = {
            key: purse
            for key, purse in self._purses.items()
            if purse.left_micro_usd or purse.reserved_micro_usd or purse.filling
        }
        self._settlements += 1
        spent, self._spent = self._spent, {}
        return Settlement(
            self._writer,
            self._settlements,
            sorted(spent.items()),
            sorted((*key, micro_usd) for key, micro_usd in given_back.items() if micro_usd),
        )

    async def _settle(self, settlement: Settlement) -> None:
        self._unsent = settlement
        if settlement.spent or settlement.given_back:
            for _ in range(MOST_TRIES):
                if await self._is_booked(settlement):
                    break
            else:
                LOGGER.error("a settlement was dropped")
        self._unsent = None

    async def _is_booked(self, settlement: Settlement) -> bool:
        """Try to book a settlement. Raises StorageUnavailable, and nothing else."""
        try:
            await self._store.settle(settlement)
        except StorageUnavailable:
            raise
        except Exception:
            LOGGER.exception("a settlement failed")
            return False
        return True

    async def _give_back(self) -> None:
        for _ in range(2):  # at the second time nothing was reserved since: all goes back
            await self.settle_up()
        await self._store.forget_writer(self._writer)
