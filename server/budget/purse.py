"""What one process holds of a tenant's budget for one day."""

import asyncio
from dataclasses import dataclass
from datetime import date

from server.budget.budget import Budget

CALLS_AHEAD = 8  # that a process takes money for when it knows nothing of a tenant
SECONDS_AHEAD = 2  # that it takes money for when it does


@dataclass(slots=True, eq=False)
class Purse:
    """Money that is charged to the budget already, and may be spent without asking."""

    tenant: str
    day: date
    left_micro_usd: int = 0  # below 0: calls cost more than was reserved, or there is no budget
    budget: Budget | None = None
    is_known: bool = False  # whether `budget` was read; None then means that there is none
    reserved_micro_usd: int = 0  # in this second, whatever was given back of it
    refused_micro_usd: int | None = None  # the least that the budget did not cover in this second
    filling: asyncio.Task[None] | None = None

    @property
    def is_unlimited(self) -> bool:
        """Whether the tenant has no budget."""
        return self.is_known and self.budget is None

    def covers(self, micro_usd: int) -> bool:
        """Whether so much may be reserved."""
        return self.is_unlimited or self.left_micro_usd >= micro_usd

    def refuses(self, micro_usd: int) -> bool:
        """Whether it is known that the budget does not cover so much."""
        return self.refused_micro_usd is not None and micro_usd >= self.refused_micro_usd

    def reserve(self, micro_usd: int) -> int:
        """Take out what a call may cost; what is set aside for it. Without a budget, nothing is."""
        self.reserved_micro_usd += micro_usd
        if self.is_unlimited:
            return 0
        self.left_micro_usd -= micro_usd
        return micro_usd

    def needs(self, micro_usd: int) -> int:
        """What is missing to reserve so much."""
        return max(0, micro_usd - self.left_micro_usd)

    def likes(self, micro_usd: int) -> int:
        """What it would take beyond that, to ask seldom."""
        return max(CALLS_AHEAD * micro_usd, SECONDS_AHEAD * self.reserved_micro_usd)

    def give_back(self) -> int:
        """What goes back to the budget at the end of a second: all that the coming seconds do not
        need, or less than nothing where too much was spent.
        """
        kept = min(self.left_micro_usd, SECONDS_AHEAD * self.reserved_micro_usd)
        if self.is_unlimited or self.left_micro_usd < 0:
            kept = 0
        given = self.left_micro_usd - kept
        self.left_micro_usd = kept
        return given

    def is_low(self) -> bool:
        """Whether the next second might have to ask for more."""
        return not self.is_unlimited and self.left_micro_usd < self.reserved_micro_usd
