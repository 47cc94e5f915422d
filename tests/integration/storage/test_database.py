"""What the pool raises where the database, and not the caller, is at fault; and times."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime

import psycopg
import pytest
import pytest_asyncio
from psycopg import sql

from interceptors.timings import CANCELLED, FAILED, OK
from server.storage.database import Database
from server.storage.errors import StorageUnavailable
from tests.integration.databases import opened

ENDED = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


class Observed:
    """A pool, and how each work with it ended."""

    def __init__(self) -> None:
        self.ends: list[tuple[str, str]] = []
        self.database: Database

    def __call__(self, work: str, _seconds: float, outcome: str) -> None:
        self.ends.append((work, outcome))


@pytest_asyncio.fixture
async def observed(database_url: str) -> AsyncIterator[Observed]:
    """An open pool that is observed."""
    observed = Observed()
    async with opened(database_url, observed) as observed.database:
        yield observed


async def test_a_database_that_takes_no_changes_for_now_is_unavailable(database: Database) -> None:
    with pytest.raises(StorageUnavailable):
        await make_table(database)


async def test_a_full_disk_is_told_as_such(database: Database) -> None:
    raised = b"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'disk_full'; END $$"
    with pytest.raises(StorageUnavailable, match="its disk is full"):
        async with database.connection("test") as connection:
            await connection.execute(raised)


async def test_changes_at_once_wait_for_each_other_whatever_level_others_want(
    database_url: str,
) -> None:
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        name = sql.Identifier(connection.info.dbname)
        query = "ALTER DATABASE {} SET default_transaction_isolation TO 'serializable'"
        await connection.execute(sql.SQL(query).format(name))
        await connection.execute("CREATE TABLE counters (number int)")
        await connection.execute("INSERT INTO counters VALUES (0)")

    async def count() -> None:
        async with database.connection("test") as connection, connection.transaction():
            await connection.execute("SELECT 1")
            await connection.execute("UPDATE counters SET number = number + 1")

    async with opened(database_url) as database:
        await asyncio.gather(*[count() for _ in range(8)])
        async with database.connection("test") as connection:
            row = await (await connection.execute("SELECT number FROM counters")).fetchone()
    assert row == (8,)


async def test_any_text_comes_back_whatever_encoding_others_want(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    async with opened(database_url) as database, database.connection("test") as connection:
        row = await (await connection.execute("SELECT %s::text", ["20 € 漢"])).fetchone()
    assert row == ("20 € 漢",)


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


async def test_a_query_that_fails_is_observed_as_a_failure(observed: Observed) -> None:
    with suppress(psycopg.errors.DivisionByZero):
        async with observed.database.connection("broken") as connection:
            await connection.execute("SELECT 1/0")
    assert observed.ends == [("broken", FAILED)]


async def test_a_connection_that_is_lost_is_observed_as_a_failure(
    observed: Observed, database: Database
) -> None:
    with suppress(StorageUnavailable):
        async with observed.database.connection("lost") as connection:
            async with database.connection("test") as other:
                await other.execute(ENDED)
            await connection.execute("SELECT 1")
    assert observed.ends == [("lost", FAILED)]


async def test_work_whose_caller_leaves_is_observed_as_no_failure(observed: Observed) -> None:
    begun = asyncio.Event()

    async def work() -> None:
        async with observed.database.connection("left"):
            begun.set()
            await asyncio.Event().wait()

    working = asyncio.create_task(work())
    await begun.wait()
    working.cancel()
    await asyncio.wait([working])
    assert observed.ends == [("left", CANCELLED)]


async def test_a_refusal_of_ours_is_no_failure_of_a_query(observed: Observed) -> None:
    with suppress(LookupError):
        async with observed.database.connection("read"):
            raise LookupError
    assert observed.ends == [("read", OK)]


async def test_a_database_whose_connections_are_all_in_use_is_alive(database_url: str) -> None:
    database = Database(database_url, most_connections=2, wait_s=0.5)
    await database.open()
    async with database.connection("one"), database.connection("other"):
        await database.ping()
    await database.close()
