"""The SQL of budgets: shares of a day's budget, what was spent, and reports."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import orjson
from psycopg.rows import TupleRow

from server.audit.store import Change, Facts, record
from server.budget.budget import Account, Budget, DayReport, Spending, WhenSpent
from server.caller import DEFAULT_TENANT
from server.storage.database import Connection, Database

MOST_REPORTED = 10_000  # rows of one report
WRITER_LIFE = "1 day"  # after its last settlement

# The first share of a day also charges what was spent before there was a budget.
TAKE = """
INSERT INTO budget_days AS today
SELECT tenant, %(day)s, daily_micro_usd, share, spent + share
FROM budgets
CROSS JOIN LATERAL (
    SELECT coalesce(sum(cost_micro_usd), 0)::bigint AS spent FROM usage_days
    WHERE tenant = budgets.tenant AND day = %(day)s) AS used
CROSS JOIN LATERAL share_of_budget(daily_micro_usd, spent, %(needed)s, %(more)s) AS share
WHERE tenant = %(tenant)s
ON CONFLICT (tenant, day) DO UPDATE SET
    daily_micro_usd = excluded.daily_micro_usd,
    granted_micro_usd = share_of_budget(
        excluded.daily_micro_usd, today.charged_micro_usd, %(needed)s, %(more)s),
    charged_micro_usd = today.charged_micro_usd + share_of_budget(
        excluded.daily_micro_usd, today.charged_micro_usd, %(needed)s, %(more)s)
RETURNING daily_micro_usd, granted_micro_usd,
    (SELECT when_spent FROM budgets WHERE budgets.tenant = today.tenant)
"""
COUNT_SETTLEMENT = """
INSERT INTO budget_writers AS writer (tenant, writer, number)
VALUES (%(tenant)s, %(writer)s, %(number)s)
ON CONFLICT (tenant, writer) DO UPDATE SET number = excluded.number, time = now()
WHERE writer.number < excluded.number
RETURNING number
"""
# In the order of the primary key: processes that settle at once must not wait for one another in
# a circle.
BOOK = """
INSERT INTO usage_days AS booked
SELECT * FROM json_to_recordset(%s::json) AS row(
    tenant text, day date, model text, calls bigint, input_tokens bigint, output_tokens bigint,
    cost_micro_usd bigint)
ORDER BY tenant, day, model
ON CONFLICT (tenant, day, model) DO UPDATE SET
    calls = booked.calls + excluded.calls,
    input_tokens = booked.input_tokens + excluded.input_tokens,
    output_tokens = booked.output_tokens + excluded.output_tokens,
    cost_micro_usd = booked.cost_micro_usd + excluded.cost_micro_usd
"""
GIVE_BACK = """
UPDATE budget_days SET charged_micro_usd = charged_micro_usd - %(micro_usd)s
WHERE tenant = %(tenant)s AND day = %(day)s
"""
REPORT = """
SELECT daily_micro_usd, when_spent, charged_micro_usd, calls, input_tokens, output_tokens, cost
FROM (
    SELECT coalesce(sum(calls), 0)::bigint AS calls,
        coalesce(sum(input_tokens), 0)::bigint AS input_tokens,
        coalesce(sum(output_tokens), 0)::bigint AS output_tokens,
        coalesce(sum(cost_micro_usd), 0)::bigint AS cost
    FROM usage_days WHERE tenant = %(tenant)s AND day = %(day)s) AS used
LEFT JOIN (SELECT daily_micro_usd, when_spent FROM budgets WHERE tenant = %(tenant)s) AS budget
    ON true
LEFT JOIN (
    SELECT charged_micro_usd FROM budget_days WHERE tenant = %(tenant)s AND day = %(day)s) AS today
    ON true
"""


@dataclass(frozen=True, slots=True)
class Share:
    """What a process got of a budget; of no budget, nothing."""

    budget: Budget | None
    micro_usd: int


@dataclass(frozen=True, slots=True)
class Settlement:
    """What one process has spent and gives back. Made once, however often it is sent."""

    writer: str  # UUID of the process
    number: int  # of its settlements, counted from 1
    spent: Sequence[tuple[Account, Spending]]
    given_back: Sequence[tuple[str, date, int]]  # tenant, day, micro_usd; sorted


class BudgetStore:
    """Budgets and spending on record. Every method raises StorageUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take(self, tenant: str, day: date, needed: int, more: int) -> Share:
        """Charge `needed` micro_usd to a day's budget, and up to `more` where plenty is left;
        nothing when it does not cover `needed`.
        """
        values = {"tenant": tenant, "day": day, "needed": needed, "more": more}
        rows = await self._fetch("budget.take", TAKE, values)
        if not rows:
            return Share(None, 0)
        daily_micro_usd, granted, when_spent = rows[0]
        return Share(_budget(tenant, daily_micro_usd, when_spent), granted)

    async def settle(self, settlement: Settlement) -> None:
        """Book a settlement whole, unless it was booked before."""
        async with (
            self._database.connection("budget.settle") as connection,
            connection.transaction(),
        ):
            if await _is_new(connection, settlement):
                await connection.execute(BOOK, [_rows(settlement.spent)])
                if settlement.given_back:
                    await _give_back(connection, settlement)

    async def forget_writer(self, writer: str) -> None:
        """Remove a process that settles no more, and those that ended without a word."""
        query = (
            "DELETE FROM budget_writers WHERE tenant = %(tenant)s"
            f" AND (writer = %(writer)s OR time < now() - interval '{WRITER_LIFE}') RETURNING 1"
        )
        values = {"tenant": DEFAULT_TENANT, "writer": writer}
        await self._fetch("budget.forget_writer", query, values)

    async def budgets(self, tenants: Sequence[str]) -> dict[str, Budget]:
        """The budgets of those tenants that have one."""
        if not tenants:
            return {}
        query = "SELECT * FROM budgets WHERE tenant = ANY(%(tenants)s)"
        rows = await self._fetch("budget.read", query, {"tenants": list(tenants)})
        return {row[0]: _budget(*row) for row in rows}

    async def set(self, tenant: str, budget: Budget | None, actor: str) -> None:
        """Commit what a tenant may spend in a day, None for what it likes, with its audit event."""
        async with self._database.connection("budget.set") as connection, connection.transaction():
            before = await _replace(connection, tenant, budget)
            change = Change(tenant, actor, "budget.set", "budget", _facts(before), _facts(budget))
            await record(connection, change)

    async def report(self, tenant: str, day: date) -> DayReport:
        """How a tenant's budget stands, as of the last second."""
        ((daily, when_spent, charged, *spent),) = await self._fetch(
            "budget.report", REPORT, {"tenant": tenant, "day": day}
        )
        budget = None if daily is None else _budget(tenant, daily, when_spent)
        return DayReport(budget, Spending(*spent), charged or 0)

    async def usage(
        self, first: date, last: date, tenant: str = ""
    ) -> list[tuple[Account, Spending]]:
        """What was spent from the first day to the last, by tenant, day and model, in this order;
        10,000 rows at most. "": of all tenants.
        """
        query = "SELECT * FROM usage_days WHERE day BETWEEN %(first)s AND %(last)s"
        query += " AND tenant = %(tenant)s" if tenant else ""
        query += " ORDER BY tenant, day, model LIMIT %(most)s"
        values = {"first": first, "last": last, "tenant": tenant, "most": MOST_REPORTED}
        rows = await self._fetch("budget.usage", query, values)
        return [(Account(*row[:3]), Spending(*row[3:])) for row in rows]

    async def _fetch(self, work: str, query: str, values: dict[str, Any]) -> list[TupleRow]:
        async with self._database.connection(work) as connection:
            return await (await connection.execute(query.encode(), values)).fetchall()


async def delete_budget(connection: Connection, tenant: str) -> None:
    """Delete a tenant's budget and usage on the open transaction."""
    for table in ("budgets", "budget_days", "usage_days"):
        await connection.execute(f"DELETE FROM {table} WHERE tenant = %s".encode(), [tenant])


async def _is_new(connection: Connection, settlement: Settlement) -> bool:
    values = {
        "tenant": DEFAULT_TENANT,
        "writer": settlement.writer,
        "number": settlement.number,
    }
    return await (await connection.execute(COUNT_SETTLEMENT, values)).fetchone() is not None


async def _give_back(connection: Connection, settlement: Settlement) -> None:
    values = [
        {"tenant": tenant, "day": day, "micro_usd": micro_usd}
        for tenant, day, micro_usd in settlement.given_back
    ]
    async with connection.cursor() as cursor:
        await cursor.executemany(GIVE_BACK, values)


def _rows(spent: Sequence[tuple[Account, Spending]]) -> str:
    return orjson.dumps(
        [asdict(account) | asdict(spending) for account, spending in spent]
    ).decode()


async def _replace(connection: Connection, tenant: str, budget: Budget | None) -> Budget | None:
    """Put a budget in another's place; the one before."""
    cursor = await connection.execute(
        "DELETE FROM budgets WHERE tenant = %s RETURNING tenant, daily_micro_usd, when_spent",
        [tenant],
    )
    before = await cursor.fetchone()
    if budget is not None:
        await connection.execute(
            "INSERT INTO budgets VALUES (%s, %s, %s)",
            [tenant, budget.daily_micro_usd, int(budget.when_spent)],
        )
    return _budget(*before) if before else None


def _budget(tenant: str, daily_micro_usd: int, when_spent: int) -> Budget:
    return Budget(tenant, daily_micro_usd, WhenSpent(when_spent))


def _facts(budget: Budget | None) -> Facts | None:
    if budget is None:
        return None
    return {
        "daily_micro_usd": budget.daily_micro_usd,
        "when_spent": budget.when_spent.name.lower(),
    }
