"""Budgets and what is spent of them. Money is in millionths of a dollar, days are UTC's."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import IntEnum


class WhenSpent(IntEnum):
    """What happens to a tenant's calls when its budget for the day is spent."""

    EMBEDDED = 1  # the embedded engine answers, and the answer says so
    REFUSE = 2


@dataclass(frozen=True, slots=True)
class Budget:
    """What a tenant may spend in a day."""

    tenant: str
    daily_micro_usd: int
    when_spent: WhenSpent = WhenSpent.EMBEDDED


@dataclass(frozen=True, slots=True)
class OverBudget:
    """The day's budget does not cover a call. Nothing was reserved."""

    budget: Budget
    renew_time: datetime  # when the next day's budget begins


@dataclass(frozen=True, slots=True)
class Spending:
    """What calls of models took."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_micro_usd: int = 0

    def __add__(self, other: "Spending") -> "Spending":
        """Both together."""
        return Spending(
            self.calls + other.calls,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cost_micro_usd + other.cost_micro_usd,
        )

    def without_debt(self) -> "Spending":
        """The same with nothing below 0: nobody is paid for calls."""
        return Spending(
            max(0, self.calls),
            max(0, self.input_tokens),
            max(0, self.output_tokens),
            max(0, self.cost_micro_usd),
        )


@dataclass(frozen=True, slots=True, order=True)
class Account:
    """What spending is booked under."""

    tenant: str
    day: date
    model: str


@dataclass(frozen=True, slots=True)
class DayReport:
    """How a tenant's budget stands on one day."""

    budget: Budget | None  # None: it may spend what it likes
    spent: Spending
    charged_micro_usd: int  # spent, or held by processes to spend; 0 without a budget


def day_of(now_s: float) -> date:
    """The day of a moment, given as Unix time."""
    return datetime.fromtimestamp(now_s, UTC).date()


def end_of(day: date) -> datetime:
    """When a day is over."""
    return datetime.combine(day + timedelta(days=1), time(), UTC)
