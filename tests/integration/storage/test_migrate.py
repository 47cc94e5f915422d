"""Migrations run once, also when several servers start at once."""

import asyncio

import pytest

from server.storage.database import Database
from server.storage.errors import MigrationFailed
from server.storage.migrate import Migration, migrate, read_migrations

FIRST = Migration(1, "0001_first", "CREATE TABLE first (tenant text)")
SECOND = Migration(2, "0002_second", "CREATE TABLE second (tenant text)")


async def test_each_migration_runs_once(database: Database) -> None:
    assert await migrate(database, [FIRST]) == ["0001_first"]
    assert await migrate(database, [FIRST, SECOND]) == ["0002_second"]
    assert await migrate(database, [FIRST, SECOND]) == []


async def test_servers_that_start_at_once_migrate_once(database: Database) -> None:
    ran = await asyncio.gather(*[migrate(database, [FIRST, SECOND]) for _ in range(6)])
    assert sorted(ran, key=len) == [[], [], [], [], [], ["0001_first", "0002_second"]]


async def test_a_migration_that_fails_leaves_nothing(database: Database) -> None:
    broken = Migration(2, "0002_broken", "CREATE TABLE half (tenant text); SELECT nonsense")
    with pytest.raises(Exception, match="nonsense"):
        await migrate(database, [FIRST, broken])
    assert await migrate(database, [FIRST]) == ["0001_first"]


async def test_a_newer_schema_is_refused(database: Database) -> None:
    await migrate(database, [FIRST, SECOND])
    with pytest.raises(MigrationFailed, match="newer server"):
        await migrate(database, [FIRST])


async def test_a_migration_that_was_changed_after_it_ran_is_refused(database: Database) -> None:
    await migrate(database, [FIRST])
    changed = Migration(1, "0001_first", "CREATE TABLE other (tenant text)")
    with pytest.raises(MigrationFailed, match="changed"):
        await migrate(database, [changed])


async def test_every_table_has_a_tenant(database: Database) -> None:
    await migrate(database, read_migrations())
    async with database.connection("test") as connection:
        cursor = await connection.execute(
            "SELECT table_name FROM information_schema.tables t WHERE table_schema = 'public'"
            " AND NOT EXISTS (SELECT FROM information_schema.columns c"
            " WHERE c.table_name = t.table_name AND column_name = 'tenant')"
        )
        assert await cursor.fetchall() == []
