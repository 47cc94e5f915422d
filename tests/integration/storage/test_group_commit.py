"""What group commit promises: answered is committed, and a bad row harms nobody else."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import psycopg
import pytest
import pytest_asyncio

from server.storage.database import Connection, Database
from server.storage.errors import StorageUnavailable
from server.storage.group_commit import GroupCommit

SHORT_S = 2.0  # enough for a commit on a busy machine


@pytest_asyncio.fixture
async def table(database: Database) -> Database:
    """A database with a table of positive numbers."""
    async with database.connection("test") as connection:
        await connection.execute("CREATE TABLE numbers (n int CHECK (n > 0))")
    return database


@pytest_asyncio.fixture
async def commits(table: Database) -> AsyncIterator[GroupCommit]:
    """A running writer."""
    commits = GroupCommit(table, most_in_batch=64, most_waiting=500)
    commits.start()
    yield commits
    await commits.stop()


async def insert(connection: Connection, rows: Sequence[int]) -> list[int]:
    await connection.execute("INSERT INTO numbers SELECT unnest(%s::int[])", [list(rows)])
    return [row * 10 for row in rows]


async def insert_again(connection: Connection, rows: Sequence[int]) -> list[int]:
    return await insert(connection, rows)


async def stored(database: Database) -> list[int]:
    async with database.connection("test") as connection:
        cursor = await connection.execute("SELECT n FROM numbers ORDER BY n")
        return [n for (n,) in await cursor.fetchall()]


async def test_every_caller_gets_its_own_result(commits: GroupCommit) -> None:
    results = await asyncio.gather(*[commits.append(insert, n) for n in range(1, 301)])
    assert results == [n * 10 for n in range(1, 301)]


async def test_what_is_answered_is_committed(table: Database, commits: GroupCommit) -> None:
    await asyncio.gather(*[commits.append(insert, n) for n in (1, 2, 3)])
    assert await stored(table) == [1, 2, 3]


async def test_a_bad_row_fails_alone(table: Database, commits: GroupCommit) -> None:
    rows = [1, 2, -1, 3]
    results = await asyncio.gather(
        *[commits.append(insert, n) for n in rows], return_exceptions=True
    )
    assert [r for r in results if isinstance(r, int)] == [10, 20, 30]
    assert isinstance(results[2], psycopg.errors.CheckViolation)
    assert await stored(table) == [1, 2, 3]


async def test_rows_of_different_statements_share_a_batch(
    table: Database, commits: GroupCommit
) -> None:
    await asyncio.gather(commits.append(insert, 1), commits.append(insert_again, 2))
    assert await stored(table) == [1, 2]


async def test_a_statement_runs_once_in_a_transaction_however_its_rows_arrive(
    commits: GroupCommit,
) -> None:
    batches: list[Sequence[int]] = []

    async def insert_noted(connection: Connection, rows: Sequence[int]) -> list[int]:
        batches.append(rows)
        return await insert(connection, rows)

    inserts = (insert_noted, insert, insert_noted)
    results = await asyncio.gather(*[commits.append(i, n) for n, i in enumerate(inserts, 1)])
    assert results == [10, 20, 30]
    assert batches == [[1, 3]]


async def test_more_than_may_wait_is_refused_at_once(table: Database) -> None:
    commits = GroupCommit(table, most_waiting=10)  # not started: everything waits
    waiting = [asyncio.create_task(commits.append(insert, 1)) for _ in range(10)]
    await asyncio.sleep(0)
    with pytest.raises(StorageUnavailable):
        await commits.append(insert, 2)
    for task in waiting:
        task.cancel()


async def test_stopping_commits_what_waits(table: Database) -> None:
    commits = GroupCommit(table)
    commits.start()
    waiting = [asyncio.create_task(commits.append(insert, n)) for n in range(1, 51)]
    await asyncio.sleep(0)
    await commits.stop()
    assert len(await asyncio.gather(*waiting)) == 50
    assert len(await stored(table)) == 50


async def test_a_commit_that_is_not_answered_in_time_releases_its_callers(table: Database) -> None:
    commits = GroupCommit(table, answer_s=SHORT_S)
    commits.start()
    async with table.connection("test") as connection, connection.transaction():
        await connection.execute("LOCK TABLE numbers")
        with pytest.raises(StorageUnavailable):
            await commits.append(insert, 1)
    await commits.append(insert, 2)
    await commits.stop()
    assert 2 in await stored(table)  # whether 1 is, nobody was told


async def test_who_comes_after_a_commit_that_hangs_is_not_held_up_by_it(
    table: Database,
) -> None:
    commits, never = GroupCommit(table, answer_s=SHORT_S), asyncio.Event()

    async def insert_never(_connection: Connection, _rows: Sequence[int]) -> list[int]:
        try:
            await never.wait()
        finally:  # as a driver does that waits for the database to hear of the cancellation
            await never.wait()
        return []

    commits.start()
    with pytest.raises(StorageUnavailable):
        await commits.append(insert_never, 1)
    assert await commits.append(insert, 2) == 20
    await commits.stop()
