"""Labels from elsewhere, by the hundred thousand: whatever is told of is committed."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from server.audit.store import Change, record
from server.feedback.exchange.rows import (
    Faults,
    Row,
    RowChecks,
    RowError,
    SoundRow,
    conflict_fault,
)
from server.storage.database import Database
from server.storage.errors import StorageError
from server.streams import in_batches
from server.triage.examples.label import Conflict, Kept
from server.triage.examples.label_store import keep_many

MOST_AT_ONCE = 500  # rows of one transaction, of which the caller then hears
LONGEST_WAIT_S = 1.0  # until a caller who sends slowly hears


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import is: the counts since its start, the errors since the progress before."""

    read: int
    added: int
    replaced: int
    unchanged: int
    failed: int
    errors: tuple[RowError, ...]  # in the order of the rows


class LabelImports:
    """Imports labels.

    categories_of  the names of a tenant's categories
    """

    def __init__(
        self,
        database: Database,
        categories_of: Callable[[str], Awaitable[Collection[str]]],
        draining: asyncio.Event,
        now: Callable[[], datetime],
        longest_wait_s: float = LONGEST_WAIT_S,
    ) -> None:
        self._database = database
        self._categories_of = categories_of
        self._draining = draining
        self._now = now
        self._longest_wait_s = longest_wait_s

    async def run(
        self, tenant: str, actor: str, rows: AsyncIterator[Row | Faults]
    ) -> AsyncGenerator[Progress, None]:
        """Import what comes, in the name of `actor`, and tell how far it is after every few rows.

        Raises StorageUnavailable, and ServerDraining when the server stops.
        """
        checks, counts = RowChecks(), Counter[str]()
        batches = in_batches(rows, MOST_AT_ONCE, self._longest_wait_s, self._draining)
        try:
            async with aclosing(batches):
                async for batch in batches:
                    categories = await self._categories_of(tenant)
                    sound, errors = await asyncio.to_thread(checks.sift, batch, categories)
                    for group in _groups(sound):
                        errors += await self._keep(tenant, group, counts)
                    errors.sort(key=attrgetter("index"))
                    counts["failed"] += len({error.index for error in errors})
                    yield _progress(checks.read, counts, errors)
        finally:
            with suppress(StorageError):  # the caller hears of that anyway
                await self._put_on_record(tenant, actor, counts)

    async def _keep(
        self, tenant: str, rows: Sequence[SoundRow], counts: Counter[str]
    ) -> list[RowError]:
        """Commit rows of different texts, or see what would become of them; those refused."""
        is_check_only = rows[0].row.is_check_only
        given = [(each.row.label, each.row.may_replace) for each in rows]
        async with (
            self._database.connection("labels.import") as connection,
            connection.transaction(force_rollback=is_check_only),
        ):
            results = await keep_many(connection, tenant, given, self._now())
        counts.update(one.change.name.lower() for one in results if isinstance(one, Kept))
        if not is_check_only:
            counts["on record"] += sum(isinstance(one, Kept) for one in results)
        return [
            RowError(each.index, conflict_fault(each.row.label, one))
            for each, one in zip(rows, results, strict=True)
            if isinstance(one, Conflict)
        ]

    async def _put_on_record(self, tenant: str, actor: str, counts: Counter[str]) -> None:
        facts = {name: counts[name] for name in ("added", "replaced")}
        if counts["on record"] and any(facts.values()):
            async with self._database.connection("labels.audit") as connection:
                await record(
                    connection, Change(tenant, actor, "label.import", "labels", None, facts)
                )


def _groups(rows: Sequence[SoundRow]) -> list[list[SoundRow]]:
    """The rows in order, those together that one statement can take: no text comes twice, and all
    are to be imported or all to be checked.
    """
    groups: list[list[SoundRow]] = []
    texts: set[bytes] = set()
    for each in rows:
        last = groups[-1] if groups else None
        if (
            last is None
            or each.digest in texts
            or last[0].row.is_check_only is not each.row.is_check_only
        ):
            last, texts = [], set()
            groups.append(last)
        last.append(each)
        texts.add(each.digest)
    return groups


def _progress(read: int, counts: Counter[str], errors: Sequence[RowError]) -> Progress:
    return Progress(
        read=read,
        added=counts["added"],
        replaced=counts["replaced"],
        unchanged=counts["unchanged"],
        failed=counts["failed"],
        errors=tuple(errors),
    )
