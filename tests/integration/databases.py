"""Databases with the schema, for the tests of stores."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from server.storage.database import Database
from server.storage.migrate import migrate, read_migrations
from tests.conftest import make_database


@asynccontextmanager
async def opened(
    url: str, observe: Callable[[str, float], None] | None = None
) -> AsyncIterator[Database]:
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
