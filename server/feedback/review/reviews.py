"""What a person should look at next, and leases on it."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from server.feedback.review.item import Lease, Ranked, ReviewItem, Wanted
from server.feedback.review.queue import ReviewQueue
from server.feedback.review.store import ReviewStore, Search
from server.triage.run import make_run_id
from server.triage.store import RunStore

PERIOD = timedelta(days=30)  # before now: feedback on older runs comes too late to help
SPARE = 40  # items beyond those wanted that are tried: others take some at the same moment
MOST_ROUNDS = 5
PAGE_BYTES = 2 * 1024 * 1024  # of tickets; clients refuse messages beyond 4 MiB


class Reviews:
    """Finds items and leases them. Every method raises StorageUnavailable."""

    def __init__(
        self,
        store: ReviewStore,
        queue: ReviewQueue,
        runs: RunStore,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._queue = queue
        self._runs = runs
        self._now = now

    async def page(
        self, tenant: str, reviewer: str, wanted: Wanted, size: int, lease_s: float | None
    ) -> tuple[list[ReviewItem], int]:
        """At most `size` items, and about 2 MiB of tickets, the most worthwhile first; and how many
        wait in all. What others have in hand is left out.

        lease_s  how long the items are the reviewer's; None: they only look
        """
        search = self._search(tenant, reviewer, wanted, keeps_own=True)
        if lease_s is None:
            found = await self._queue.rank(search, size)
        else:
            found = await self._lease(search, size, lease_s)
        items = await self._items(search, found)
        shown = _fitting(items)
        if lease_s is not None and len(shown) < len(items):
            rest = [item.run.run_id for item in items[len(shown) :]]
            await self._store.release(tenant, reviewer, rest)
        return shown, await self._store.count(search)

    async def take(
        self,
        tenant: str,
        reviewer: str,
        wanted: Wanted,
        most: int,
        lease_s: float,
        passed_over: Iterable[str] = (),
    ) -> list[ReviewItem]:
        """At most so many items that nobody has in hand, the reviewer included; now theirs."""
        search = self._search(tenant, reviewer, wanted, keeps_own=False)
        search = replace(search, passed_over=tuple(passed_over))
        return await self._items(search, await self._lease(search, most, lease_s))

    async def count(self, tenant: str, reviewer: str, wanted: Wanted) -> int:
        """How many wait that nobody else has in hand."""
        return await self._store.count(self._search(tenant, reviewer, wanted, keeps_own=True))

    async def renew(
        self, tenant: str, reviewer: str, run_ids: Collection[str], lease_s: float
    ) -> set[str]:
        """Which of these runs the reviewer still has in hand, from now on for so long."""
        now = self._now()
        end = now + timedelta(seconds=lease_s)
        return await self._store.renew(tenant, reviewer, run_ids, now, end)

    async def release(self, tenant: str, reviewer: str, run_ids: Collection[str]) -> int:
        """Hand runs back, for others to take; how many the reviewer had."""
        return await self._store.release(tenant, reviewer, run_ids)

    def _search(self, tenant: str, reviewer: str, wanted: Wanted, *, keeps_own: bool) -> Search:
        now = self._now()
        oldest = make_run_id((now - PERIOD).timestamp(), 0)
        return Search(tenant, reviewer, wanted, oldest, now, keeps_own)

    async def _lease(self, search: Search, most: int, lease_s: float) -> list[Ranked]:
        end = search.now + timedelta(seconds=lease_s)
        taken: dict[str, Ranked] = {}
        for _ in range(MOST_ROUNDS):
            order = await self._queue.rank(search, most + SPARE)
            tried = {one.run_id: one for one in order if one.run_id not in taken}
            if not tried:
                break
            got = await self._store.take(search, list(tried), most - len(taken), end)
            taken |= {run_id: tried[run_id] for run_id in got}
            if len(taken) == most:
                break
        return list(taken.values())

    async def _items(self, search: Search, found: Sequence[Ranked]) -> list[ReviewItem]:
        ids = [one.run_id for one in found]
        runs = {run.run_id: run for run in await self._runs.among(search.tenant, ids)}
        ends = await self._store.leases(search, ids)
        return [
            ReviewItem(
                runs[one.run_id],
                one,
                Lease(search.reviewer, ends[one.run_id]) if one.run_id in ends else None,
            )
            for one in found
            if one.run_id in runs
        ]


def _fitting(items: Sequence[ReviewItem]) -> list[ReviewItem]:
    """As many of the first as fit in one message; the first in any case."""
    page: list[ReviewItem] = []
    size_bytes = 0
    for item in items:
        size_bytes += len(item.run.ticket_record)
        if page and size_bytes > PAGE_BYTES:
            break
        page.append(item)
    return page
