"""Items for a reviewing tool: the next comes when one is settled, and who leaves hands back."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
import pytest_asyncio

from server.feedback.review.item import ReviewItem, Wanted
from server.feedback.review.reviews import Reviews
from server.feedback.review.store import REVIEW_CHANNEL, close, reopen
from server.feedback.review.streaming import LEASE_S, ReviewStreams
from server.storage.database import Database
from server.storage.notifications import Notifications
from server.streams import ServerDraining
from tests.integration.callers import until
from tests.integration.feedback.review.conftest import ANYTHING, Calendar, Wait, names

REFUND = "I was charged twice for my order and want the money back"
LEASE = timedelta(seconds=LEASE_S - 2)
NEVER_S = 3600.0
PATIENCE_S = 60.0
Items = AsyncGenerator[tuple[ReviewItem | None, int], None]


@dataclass
class Desk:
    """Where reviewers of a tenant sit."""

    streams: ReviewStreams
    tenant: str
    draining: asyncio.Event = field(default_factory=asyncio.Event)

    def items(self, reviewer: str, most: int = 1, wanted: Wanted = ANYTHING) -> Items:
        """A stream."""
        return self.streams.items(self.tenant, reviewer, wanted, most)


@asynccontextmanager
async def _listening(url: str, desk: Desk) -> AsyncIterator[Desk]:
    listens = asyncio.Event()

    def heard(run_id: str | None) -> None:
        listens.set()
        desk.streams.heard(run_id)

    notifications = Notifications(url, {REVIEW_CHANNEL: heard})
    notifications.start()
    async with asyncio.timeout(PATIENCE_S):
        await listens.wait()
    yield desk
    await notifications.stop()


@pytest_asyncio.fixture
async def desk(reviews_url: str, reviews: Reviews, tenant: str) -> AsyncIterator[Desk]:
    """It hears what is settled, and never looks by itself."""
    draining = asyncio.Event()
    streams = ReviewStreams(reviews, draining, renew_s=NEVER_S, poll_s=NEVER_S)
    async with _listening(reviews_url, Desk(streams, tenant, draining)) as desk:
        yield desk


@pytest_asyncio.fixture
async def curious(reviews: Reviews, tenant: str) -> Desk:
    """It looks by itself, and hears nothing."""
    draining = asyncio.Event()
    return Desk(ReviewStreams(reviews, draining, renew_s=0.01, poll_s=0.01), tenant, draining)


async def read(items: Items) -> str | None:
    """The next run; None: there is none just now."""
    async with asyncio.timeout(PATIENCE_S):
        item, _ = await anext(items)
    return None if item is None else item.run.run_id


async def settle(database: Database, tenant: str, run_id: str) -> None:
    """Have somebody judge a run."""
    async with database.connection("test") as connection, connection.transaction():
        await close(connection, tenant, run_id)


async def test_so_many_are_in_hand_as_are_wanted(desk: Desk, wait: Wait, reviews: Reviews) -> None:
    waiting = {await wait(f"{number} {REFUND}") for number in range(3)}
    async with aclosing(desk.items("ann", most=2)) as items:
        in_hand = {await read(items), await read(items)}
        free, _ = await reviews.page(desk.tenant, "bob", ANYTHING, 10, None)
    assert in_hand | {*names(free)} == waiting
    assert len(free) == 1


async def test_the_next_comes_when_one_is_settled_elsewhere(
    desk: Desk, wait: Wait, databases: list[Database]
) -> None:
    waiting = {await wait(f"{number} {REFUND}") for number in range(2)}
    async with aclosing(desk.items("ann")) as items:
        first = await read(items)
        assert first is not None
        await settle(databases[1], desk.tenant, first)
        assert {first, await read(items)} == waiting


async def test_what_is_handed_back_comes_again_after_all_else(
    desk: Desk, wait: Wait, reviews: Reviews
) -> None:
    best, other = await wait(REFUND, 0.9), await wait("where is my parcel?", 0.1)
    async with aclosing(desk.items("ann")) as items:
        for expected in (best, other, best):
            assert await read(items) == expected
            await reviews.release(desk.tenant, "ann", [expected])


async def test_that_nothing_waits_is_told_once(curious: Desk, wait: Wait) -> None:
    async with aclosing(curious.items("ann")) as items:
        assert await read(items) is None
        following = asyncio.ensure_future(read(items))
        run_id = await wait(REFUND)
        assert await following == run_id


async def test_that_nothing_waits_is_told_again_after_something_did(
    desk: Desk, wait: Wait, databases: list[Database]
) -> None:
    run_id = await wait(REFUND)
    async with aclosing(desk.items("ann")) as items:
        assert await read(items) == run_id
        await settle(databases[1], desk.tenant, run_id)
        assert await read(items) is None


async def test_how_many_wait_is_told_with_each(desk: Desk, wait: Wait) -> None:
    for number in range(3):
        await wait(f"{number} {REFUND}")
    async with aclosing(desk.items("ann")) as items:
        _, waiting = await anext(items)
    assert waiting == 3


async def test_two_streams_never_get_the_same_not_even_of_one_reviewer(
    desk: Desk, wait: Wait
) -> None:
    waiting = {await wait(f"{number} {REFUND}") for number in range(2)}
    async with aclosing(desk.items("ann")) as one, aclosing(desk.items("ann")) as other:
        assert {await read(one), await read(other)} == waiting


async def test_who_leaves_hands_back(desk: Desk, wait: Wait, reviews: Reviews) -> None:
    run_id = await wait(REFUND)
    async with aclosing(desk.items("ann")) as items:
        await read(items)
    page, _ = await reviews.page(desk.tenant, "bob", ANYTHING, 1, 60)
    assert names(page) == [run_id]


async def test_who_is_cut_off_hands_back(desk: Desk, wait: Wait, reviews: Reviews) -> None:
    run_id = await wait(REFUND)
    got = asyncio.Event()

    async def stare() -> None:
        async with aclosing(desk.items("ann")) as items:
            async for _ in items:
                got.set()

    staring = asyncio.create_task(stare())
    await got.wait()
    staring.cancel()
    await asyncio.gather(staring, return_exceptions=True)
    page, _ = await reviews.page(desk.tenant, "bob", ANYTHING, 1, 60)
    assert names(page) == [run_id]


async def test_who_reads_slowly_keeps_what_they_have(
    curious: Desk, wait: Wait, reviews: Reviews, calendar: Calendar
) -> None:
    await wait(REFUND)
    async with aclosing(curious.items("ann")) as items:
        first, _ = await anext(items)
        assert first is not None
        assert first.lease is not None
        calendar.pass_by(LEASE_S - 1)

        async def is_renewed() -> bool:
            (seen,), _ = await reviews.page(curious.tenant, "ann", ANYTHING, 1, None)
            return seen.lease is not None and seen.lease.expire_time > calendar.now + LEASE

        await until(is_renewed)
        calendar.pass_by(LEASE_S - 1)
        assert await reviews.page(curious.tenant, "bob", ANYTHING, 1, 60) == ([], 0)


async def test_what_is_reopened_in_somebodys_hand_is_taken_from_it(
    desk: Desk, wait: Wait, databases: list[Database]
) -> None:
    disputed, other = await wait(REFUND, 0.9), await wait(f"1 {REFUND}", 0.1)
    async with aclosing(desk.items("ann")) as items:
        assert await read(items) == disputed
        await settle(databases[1], desk.tenant, other)
        async with databases[1].connection("test") as connection:
            await reopen(connection, desk.tenant, disputed)
        assert await read(items) == disputed  # again, as one that is disputed


async def test_a_server_that_stops_ends_the_streams_and_frees_the_items(
    desk: Desk, wait: Wait, reviews: Reviews
) -> None:
    run_id = await wait(REFUND)
    items = desk.items("ann")
    await read(items)
    desk.draining.set()
    with pytest.raises(ServerDraining):
        await read(items)
    page, _ = await reviews.page(desk.tenant, "bob", ANYTHING, 1, 60)
    assert names(page) == [run_id]
