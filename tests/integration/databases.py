"""Databases with the schema, for the tests of stores."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from interceptors.timings import Observe
from server.storage.database import Database
from server.storage.migrate import migrate, read_migrations
from tests.conftest import make_database


@asynccontextmanager
async def opened(url: str, observe: Observe | None = None) -> AsyncIterator[Database]:
    """An open pool."""
    database = Database(url, observe=observe)
    await database.open()
    yield database
    await database.close()


async def make_schema(postgres_url: str) -> str:
    """The URL of a new database with the schema. Tests share it: each has a tenant of its own."""
    url = await make_database(postgres_url)
    async with opened(url) as database:
        await migrate(database, read_migrations())
    return url


async def add_tenant(database: Database) -> str:
    """The name of a new tenant, with nothing in it."""
    name = f"tenant-{uuid.uuid4().hex}"
    async with database.connection("test") as connection:
        await connection.execute("INSERT INTO tenants (tenant, title) VALUES (%s, '')", [name])
    return name


async def add_run(database: Database, tenant: str, run_id: str) -> None:
    """A run of a tenant with nothing in it, unless it is there."""
    query = """
        INSERT INTO triage_runs (tenant, run_id, create_time, ticket_id, category, decision,
                                 ticket_digest, ticket, answer, server_version)
        VALUES (%s, %s, now(), 't-1', 'billing', 1, '', '{}', '{}', '1')
        ON CONFLICT DO NOTHING
    """
    async with database.connection("test") as connection:
        await connection.execute(query, [tenant, run_id])
