"""The connection pool: every query goes through `Database.connection`."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from server.storage.errors import StorageUnavailable

Connection = AsyncConnection[TupleRow]

LIVENESS_TIMEOUT_S = 5.0


class Database:
    """A bounded pool of connections to one PostgreSQL, each in autocommit."""

    def __init__(self, url: str, most_connections: int = 8, wait_s: float = 5.0) -> None:
        self._pool = AsyncConnectionPool[Connection](
            url,
            min_size=2,
            max_size=most_connections,
            timeout=wait_s,
            reconnect_timeout=wait_s,
            kwargs={
                "autocommit": True,
                "application_name": "switchyard",
                "connect_timeout": int(LIVENESS_TIMEOUT_S),
            },
            open=False,
        )
        self.url = url

    async def open(self) -> None:
        """Connect. Raises StorageUnavailable when the database does not answer."""
        try:
            await self._pool.open(wait=True, timeout=LIVENESS_TIMEOUT_S)
        except PoolTimeout as error:
            await self._pool.close()
            raise StorageUnavailable("no connection could be made") from error

    async def close(self) -> None:
        """Give the connections back and close them."""
        await self._pool.close(timeout=LIVENESS_TIMEOUT_S)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection for as long as the block runs.

        Raises StorageUnavailable when there is none, or when it is lost on the way.
        """
        with _translated_errors():
            async with self._pool.connection() as connection:
                yield connection


@contextmanager
def _translated_errors() -> Iterator[None]:
    try:
        yield
    except PoolTimeout as error:
        raise StorageUnavailable("no free connection") from error
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise StorageUnavailable("connection lost or refused") from error
