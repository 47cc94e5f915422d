"""The connection pool: every query goes through `Database.connection`."""

import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from server.storage.errors import StorageUnavailable

Connection = AsyncConnection[TupleRow]

LIVENESS_TIMEOUT_S = 5.0
# What a database raises that is away, or that has just become the standby of another.
AWAY = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.ReadOnlySqlTransaction,
    psycopg.errors.IdleInTransactionSessionTimeout,
)


class Database:
    """A bounded pool of connections to one PostgreSQL, each in autocommit."""

    def __init__(
        self,
        url: str,
        most_connections: int = 8,
        wait_s: float = 5.0,
        observe: Callable[[str, float], None] | None = None,
    ) -> None:
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
            configure=_in_utc,
            open=False,
        )
        self.url = url
        self._observe = observe

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

    async def ping(self) -> None:
        """Return when the database answers. Raises StorageUnavailable."""
        async with self.connection("database.ping") as connection:
            await connection.execute("SELECT 1")

    @asynccontextmanager
    async def connection(self, work: str) -> AsyncIterator[Connection]:
        """A connection for as long as the block runs. `observe` hears how long `work` took, the
        wait for a connection included.

        Raises StorageUnavailable when there is none, or when it is lost on the way.
        """
        start = time.perf_counter()
        with _translated_errors():
            async with self._pool.connection() as connection:
                yield connection
        if self._observe is not None:
            self._observe(work, time.perf_counter() - start)


async def _in_utc(connection: Connection) -> None:
    """East of it the last hours that a time may have would be read as of the year 10000."""
    await connection.execute("SET timezone TO 'UTC'")


@contextmanager
def _translated_errors() -> Iterator[None]:
    try:
        yield
    except PoolTimeout as error:
        raise StorageUnavailable("no free connection") from error
    except AWAY as error:
        raise StorageUnavailable("connection lost or refused, or it takes no changes") from error
