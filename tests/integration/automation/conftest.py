"""Error budgets on a real PostgreSQL."""

from collections.abc import AsyncIterator

import pytest_asyncio

from server.storage.database import Database
from tests.integration.automation.desk import Desk
from tests.integration.databases import add_tenant, make_schema, opened


@pytest_asyncio.fixture(scope="package")
async def automation_url(postgres_url: str) -> str:
    """A database with the schema. Tests share it: each has a tenant of its own."""
    return await make_schema(postgres_url)


@pytest_asyncio.fixture(scope="package")
async def automation_database(automation_url: str) -> AsyncIterator[Database]:
    """An open pool on it."""
    async with opened(automation_url) as database:
        yield database


@pytest_asyncio.fixture
async def desk(automation_database: Database) -> Desk:
    """A tenant whose answers are decided on and judged."""
    return Desk(automation_database, await add_tenant(automation_database))
