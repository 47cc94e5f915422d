"""The connection pool: every query goes through `Database.connection`."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from interceptors.timings import CANCELLED, FAILED, OK, Observe
from server.storage.errors import StorageUnavailable
from server.storage.refusals import refusal_cause

Connection = AsyncConnection[TupleRow]
_Pool = AsyncConnectionPool[Connection]

LIVENESS_TIMEOUT_S = 5.0
CAUSE_TIMEOUT_S = 2
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
        observe: Observe | None = None,
    ) -> None:
        self._pool = _pool(url, 2, most_connections, wait_s)
        self._ping_pool = _pool(url, 1, 1, wait_s)
        self.url = url
        self._observe = observe

    async def open(self) -> None:
        """Connect. Raises StorageUnavailable when the database does not answer."""
        try:
            await self._pool.open(wait=True, timeout=LIVENESS_TIMEOUT_S)
        except PoolTimeout as error:
            await self._pool.close()
            cause = await self._refusal_cause()
            raise StorageUnavailable(f"{cause}; see `switchyard-server doctor`") from error

    async def close(self) -> None:
        """Give the connections back and close them."""
        await self._pool.close(timeout=LIVENESS_TIMEOUT_S)
        await self._ping_pool.close(timeout=LIVENESS_TIMEOUT_S)

    async def ping(self) -> None:
        """Return when the database answers, however busy the pool is. Raises StorageUnavailable."""
        await self._ping_pool.open()  # who never asks needs none
        async with self._connection("database.ping", self._ping_pool) as connection:
            await connection.execute("SELECT 1")

    async def _refusal_cause(self) -> str:
        """Why nothing connects: the pool does not tell."""
        try:
            connection = await AsyncConnection.connect(self.url, connect_timeout=CAUSE_TIMEOUT_S)
        except psycopg.Error as error:
            return refusal_cause(error)
        await connection.close()
        return "it answers too slowly"

    def connection(self, work: str) -> AbstractAsyncContextManager[Connection]:
        """A connection for as long as the block runs. `observe` hears how long `work` took, the
        wait for a connection included, and whether it failed: what the block raises of its own
        is no failure of the database's.

        Raises StorageUnavailable when there is none, or when it is lost on the way.
        """
        return self._connection(work, self._pool)

    @asynccontextmanager
    async def _connection(self, work: str, pool: _Pool) -> AsyncIterator[Connection]:
        start, outcome = time.perf_counter(), OK
        try:
            with _translated_errors():
                async with pool.connection() as connection:
                    yield connection
        except asyncio.CancelledError:
            outcome = CANCELLED
            raise
        except (psycopg.Error, StorageUnavailable):
            outcome = FAILED
            raise
        finally:
            if self._observe is not None:
                self._observe(work, time.perf_counter() - start, outcome)


def _pool(url: str, least: int, most: int, wait_s: float) -> _Pool:
    return AsyncConnectionPool[Connection](
        url,
        min_size=least,
        max_size=most,
        timeout=wait_s,
        reconnect_timeout=wait_s,
        kwargs={
            "autocommit": True,
            "application_name": "switchyard",
            "client_encoding": "utf8",  # whatever PGCLIENTENCODING, role or database say
            "connect_timeout": int(LIVENESS_TIMEOUT_S),
        },
        configure=_configure,
        open=False,
    )


async def _configure(connection: Connection) -> None:
    # East of it the last hours that a time may have would be read as of the year 10000.
    await connection.execute("SET timezone TO 'UTC'")
    # What rows are locked for is read anew; a stricter level would refuse the change instead.
    await connection.execute("SET default_transaction_isolation TO 'read committed'")
    # Or the scan of a vector index would end before it met enough rows that a query may have. Set
    # here, and not beside the query: a pipeline that is given up half-way stays open, and what its
    # connection is used for next would be answered before it is committed.
    await connection.execute("SET hnsw.iterative_scan TO 'strict_order'")


@contextmanager
def _translated_errors() -> Iterator[None]:
    try:
        yield
    except PoolTimeout as error:
        raise StorageUnavailable("no free connection") from error
    except psycopg.errors.DiskFull as error:
        raise StorageUnavailable("its disk is full") from error
    except AWAY as error:
        raise StorageUnavailable("connection lost or refused, or it takes no changes") from error
