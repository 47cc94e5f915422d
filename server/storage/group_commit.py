"""Group commit: one writer commits what many callers wait for in one transaction.

A commit costs mostly the wait for the disk, however many rows it holds. Nothing
is answered before it is committed. Only appends that cannot conflict belong here.

A database may hang rather than break, and a driver gives up on it late: the time that a commit may
take is by a clock of our own.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from server.storage.database import Connection, Database
from server.storage.errors import StorageUnavailable

LINGER_S = 0.001
ANSWER_S = 5.0  # that a commit may take

# Inserts rows on the open transaction and answers one result for each, in order.
Insert = Callable[[Connection, Sequence[Any]], Awaitable[Sequence[Any]]]


@dataclass(slots=True, eq=False)
class _Append:
    insert: Insert
    row: Any
    committed: asyncio.Future[Any]


class GroupCommit:
    """One writer with a bounded queue of appends."""

    def __init__(
        self,
        database: Database,
        most_in_batch: int = 256,
        most_waiting: int = 8192,
        answer_s: float = ANSWER_S,
    ) -> None:
        self._database = database
        self._most_in_batch = most_in_batch
        self._most_waiting = most_waiting
        self._answer_s = answer_s
        self._given_up: set[asyncio.Task[list[Any]]] = set()  # whose connections are being closed
        self._waiting: deque[_Append] = deque()
        self._arrived = asyncio.Event()
        self._writer: asyncio.Task[None] | None = None
        self._is_crowded = False

    def start(self) -> None:
        """Start the writer."""
        self._writer = asyncio.create_task(self._write_forever(), name="group-commit")

    async def stop(self) -> None:
        """Commit what waits, then end the writer."""
        if self._writer is None:
            return
        while self._waiting:
            await asyncio.wait([self._waiting[-1].committed])
        self._writer.cancel()
        await asyncio.gather(self._writer, return_exceptions=True)
        for commit in self._given_up:
            commit.cancel()  # the second time the driver closes the connection at once
        await asyncio.gather(*self._given_up, return_exceptions=True)

    async def append(self, insert: Insert, row: Any) -> Any:
        """Commit `row`; what `insert` answered for it, once it is durable.

        Raises StorageUnavailable when the database is away or too much waits; also when it does
        not answer in time, and then the row may be committed after all.
        """
        if len(self._waiting) >= self._most_waiting:
            raise StorageUnavailable("too many writes are waiting")
        committed = asyncio.get_running_loop().create_future()
        self._waiting.append(_Append(insert, row, committed))
        self._arrived.set()
        return await committed

    async def _write_forever(self) -> None:
        while True:
            await self._arrived.wait()
            if self._is_crowded:  # others are about to arrive; who comes alone does not wait
                await asyncio.sleep(LINGER_S)
            size = min(len(self._waiting), self._most_in_batch)
            batch = [self._waiting.popleft() for _ in range(size)]
            self._is_crowded = size > 1
            if not self._waiting:
                self._arrived.clear()
            try:
                await self._commit_batch(_by_insert(a for a in batch if not a.committed.done()))
            except asyncio.CancelledError:
                for append in batch:
                    append.committed.cancel()
                raise

    async def _commit_batch(self, batch: Sequence[_Append]) -> None:
        if not batch:
            return
        try:
            results = await self._commit_in_time(batch)
        except StorageUnavailable as error:
            for append in batch:
                _fail(append, error)
        except Exception as error:
            if len(batch) == 1:
                _fail(batch[0], error)
                return
            for append in batch:  # one bad row harms nobody else
                await self._commit_batch([append])
        else:
            for append, result in zip(batch, results, strict=True):
                if not append.committed.done():
                    append.committed.set_result(result)

    async def _commit_in_time(self, batch: Sequence[_Append]) -> list[Any]:
        commit = asyncio.create_task(self._commit(batch))
        try:
            await asyncio.wait([commit], timeout=self._answer_s)
        finally:
            if not commit.done():
                self._give_up(commit)
        if commit in self._given_up:
            raise StorageUnavailable("a commit was not answered in time; it may be made after all")
        return commit.result()

    def _give_up(self, commit: asyncio.Task[list[Any]]) -> None:
        """Let it end by itself: the driver first asks the database to cancel, which may hang, too,
        and closes the connection seconds later.
        """
        self._given_up.add(commit)
        commit.add_done_callback(self._given_up.discard)
        commit.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        commit.cancel()

    async def _commit(self, batch: Sequence[_Append]) -> list[Any]:
        groups = [(k, [a.row for a in g]) for k, g in groupby(batch, key=lambda a: a.insert)]
        async with self._database.connection("group_commit.commit") as connection:
            if len(groups) == 1:  # one statement is a transaction of its own
                insert, rows = groups[0]
                return list(await insert(connection, rows))
            async with connection.transaction():
                return [r for insert, rows in groups for r in await insert(connection, rows)]


def _by_insert(batch: Iterable[_Append]) -> list[_Append]:
    """The same with those of one insert together: it runs once in a transaction, so that the order
    in which it locks its rows is the order of the transaction.
    """
    groups: dict[Insert, list[_Append]] = {}
    for append in batch:
        groups.setdefault(append.insert, []).append(append)
    return [append for group in groups.values() for append in group]


def _fail(append: _Append, error: Exception) -> None:
    if not append.committed.done():
        append.committed.set_exception(error)
