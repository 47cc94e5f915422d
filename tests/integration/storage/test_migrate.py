"""Migrations run once, also when several servers start at once."""

import asyncio
import uuid

import psycopg
import pytest
from psycopg import sql

from server.storage.database import Database
from server.storage.errors import MigrationFailed
from server.storage.migrate import (
    MAY_NOT_CREATE,
    MAY_NOT_EXTEND,
    Migration,
    lacking_right,
    migrate,
    read_migrations,
)
from tests.conftest import make_database
from tests.integration.databases import opened

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
    with pytest.raises(MigrationFailed, match="0002_broken failed"):
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


async def test_a_user_without_the_right_to_make_extensions_is_told_what_to_do(
    database_url: str,
) -> None:
    limited_url = await _limited_user(database_url, "GRANT CREATE ON SCHEMA public TO {}")
    async with opened(limited_url) as database:
        with pytest.raises(MigrationFailed, match="CREATE EXTENSION vector"):
            await migrate(database, read_migrations())
        async with database.connection("test") as connection:
            assert await lacking_right(connection) == MAY_NOT_EXTEND


async def test_a_user_without_the_right_to_make_tables_is_told_what_to_do(
    database_url: str,
) -> None:
    async with opened(await _limited_user(database_url)) as database:
        with pytest.raises(MigrationFailed, match="may not create tables"):
            await migrate(database, read_migrations())
        async with database.connection("test") as connection:
            assert await lacking_right(connection) == MAY_NOT_CREATE


async def test_a_user_whom_an_administrator_made_the_extension_for_migrates(
    database_url: str,
) -> None:
    url = await _limited_user(
        database_url, "CREATE EXTENSION vector", "GRANT CREATE ON SCHEMA public TO {}"
    )
    async with opened(url) as database:
        async with database.connection("test") as connection:
            assert not await lacking_right(connection)
        assert await migrate(database, read_migrations())


async def _limited_user(database_url: str, *statements: str) -> str:
    """The URL of the database for a new user without any right of its own."""
    name = f"limited_{uuid.uuid4().hex}"
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        for statement in ("CREATE ROLE {} LOGIN", *statements):
            await connection.execute(sql.SQL(statement).format(sql.Identifier(name)))
    return database_url.replace("//postgres:", f"//{name}:")


async def test_every_table_has_a_tenant(database: Database) -> None:
    await migrate(database, read_migrations())
    async with database.connection("test") as connection:
        cursor = await connection.execute(
            "SELECT table_name FROM information_schema.tables t WHERE table_schema = 'public'"
            " AND NOT EXISTS (SELECT FROM information_schema.columns c"
            " WHERE c.table_name = t.table_name AND column_name = 'tenant')"
        )
        assert await cursor.fetchall() == []


async def test_a_database_that_cannot_hold_every_text_is_refused(postgres_url: str) -> None:
    url = await make_database(postgres_url, "ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    async with opened(url) as database:
        with pytest.raises(MigrationFailed, match=r"LATIN1.*ENCODING 'UTF8'"):
            await migrate(database, read_migrations())
