"""Budgets on a real PostgreSQL, as two processes would share them."""

import uuid
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest
import pytest_asyncio

from server.budget.budget import Budget, OverBudget, WhenSpent
from server.budget.ledger import Ledger, Reservation
from server.budget.store import BudgetStore
from server.storage.database import Database
from tests.integration.databases import make_schema, opened
from tests.unit.interceptors.clock import Clock

LIMIT = 100_000  # micro_usd


@dataclass
class Site:
    """Two processes on one database, and the clock that they share."""

    url: str
    databases: list[Database]
    ledgers: list[Ledger]
    store: BudgetStore
    clock: Clock
    asked: Counter[str]  # how often the first process asked the database for what

    @property
    def ledger(self) -> Ledger:
        """Of the first process."""
        return self.ledgers[0]

    async def allow(self, tenant: str, daily_micro_usd: int | None = LIMIT) -> None:
        """Give a tenant a budget; None: take it away."""
        budget = None
        if daily_micro_usd is not None:
            budget = Budget(tenant, daily_micro_usd, WhenSpent.REFUSE)
        await self.store.set(tenant, budget, "somebody")


@pytest_asyncio.fixture(scope="package")
async def budget_url(postgres_url: str) -> str:
    """A database with the schema, shared by the tests: each has a tenant of its own."""
    return await make_schema(postgres_url)


@pytest_asyncio.fixture(scope="package")
async def budget_database(budget_url: str) -> AsyncIterator[Database]:
    """A pool for what the stores do not do."""
    async with opened(budget_url) as database:
        yield database


@pytest_asyncio.fixture
async def site(budget_url: str) -> AsyncIterator[Site]:
    """Two processes that do not settle by themselves."""
    clock, asked = Clock(), Counter[str]()

    def count(work: str, _seconds: float, _outcome: str) -> None:
        asked[work] += 1

    async with AsyncExitStack() as stack:
        databases = [
            await stack.enter_async_context(opened(budget_url, observe))
            for observe in (count, None)
        ]
        stores = [BudgetStore(database) for database in databases]
        ledgers = [Ledger(store, clock) for store in stores]
        yield Site(budget_url, databases, ledgers, stores[1], clock, asked)


@pytest.fixture
def tenant() -> str:
    """A tenant of the test's own."""
    return f"tenant-{uuid.uuid4().hex}"


async def reserved(ledger: Ledger, tenant: str, micro_usd: int) -> Reservation:
    """A reservation that the budget must cover."""
    found = await ledger.reserve(tenant, micro_usd)
    assert isinstance(found, Reservation)
    return found


async def reserve_all(ledger: Ledger, tenant: str, micro_usd: int) -> int:
    """Reserve so much again and again until the budget refuses; how often it did not."""
    count = 0
    while not isinstance(await ledger.reserve(tenant, micro_usd), OverBudget):
        count += 1
    return count
