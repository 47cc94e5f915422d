"""What the pool raises where the database, and not the caller, is at fault; and times."""

from datetime import UTC, datetime

import psycopg
import pytest
from psycopg import sql

from server.storage.database import Database
from server.storage.errors import StorageUnavailable


async def test_a_database_that_takes_no_changes_for_now_is_unavailable(database: Database) -> None:
    with pytest.raises(StorageUnavailable):
        await make_table(database)


async def test_the_last_time_of_all_comes_back_wherever_the_database_is(database_url: str) -> None:
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        database_name = sql.Identifier(connection.info.dbname)
        query = sql.SQL("ALTER DATABASE {} SET timezone TO 'Asia/Tokyo'").format(database_name)
        await connection.execute(query)
    database = Database(database_url)
    await database.open()
    last = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    try:
        async with database.connection("test") as connection:
            row = await (await connection.execute("SELECT %s::timestamptz", [last])).fetchone()
    finally:
        await database.close()
    assert row == (last,)


async def make_table(database: Database) -> None:
    """As a server does whose database has become the standby of another."""
    async with database.connection("test") as connection:
        await connection.execute("SET default_transaction_read_only = on")
        await connection.execute("CREATE TABLE refused ()")
