"""What the pool raises where the database, and not the caller, is at fault."""

import pytest

from server.storage.database import Database
from server.storage.errors import StorageUnavailable


async def test_a_database_that_takes_no_changes_for_now_is_unavailable(database: Database) -> None:
    with pytest.raises(StorageUnavailable):
        await make_table(database)


async def make_table(database: Database) -> None:
    """As a server does whose database has become the standby of another."""
    async with database.connection("test") as connection:
        await connection.execute("SET default_transaction_read_only = on")
        await connection.execute("CREATE TABLE refused ()")
