"""Items for a reviewing tool: so many in hand at a time, and the next as soon as one is settled."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass, field

from server.feedback.review.item import ReviewItem, Wanted
from server.feedback.review.reviews import Reviews
from server.storage.errors import StorageError
from server.storage.rounds import Rounds
from server.streams import ServerDraining

LEASE_S = 30.0  # how long a process that dies keeps items from others
RENEW_S = 10.0
POLL_S = 2.0  # for what has come to wait since
MOST_PASSED_OVER = 500


@dataclass(eq=False, slots=True)
class _Hand:
    """What one stream has in hand."""

    tenant: str
    reviewer: str
    runs: set[str] = field(default_factory=set)
    news: asyncio.Event = field(default_factory=asyncio.Event)  # something of it may be settled
    let_go: deque[str] = field(default_factory=lambda: deque(maxlen=MOST_PASSED_OVER))


class ReviewStreams:
    """Streams of items. Callers that leave hand back what they have."""

    def __init__(
        self,
        reviews: Reviews,
        draining: asyncio.Event,
        renew_s: float = RENEW_S,
        poll_s: float = POLL_S,
    ) -> None:
        self._reviews = reviews
        self._draining = draining
        self._renew_s = renew_s
        self._poll_s = poll_s
        self._hands: set[_Hand] = set()  # of streams, which are bounded for each caller

    def heard(self, run_id: str | None) -> None:
        """A run is in nobody's hand any more; None: any may be."""
        for hand in self._hands:
            if run_id is None or run_id in hand.runs:
                hand.news.set()

    async def items(
        self, tenant: str, reviewer: str, wanted: Wanted, most: int
    ) -> AsyncGenerator[tuple[ReviewItem | None, int], None]:
        """Items, at most so many in hand at once, each with how many wait in all; None, once, when
        there are no more just now.

        Raises StorageUnavailable, and ServerDraining when the server stops.
        """
        hand = _Hand(tenant, reviewer)
        self._hands.add(hand)
        # Beside the items: whoever reads slowly keeps what they have.
        renewing = asyncio.create_task(self._renew_forever(hand))
        try:
            has_told_all = False
            while True:
                taken = await self._fill(hand, wanted, most)
                if taken or (not has_told_all and len(hand.runs) < most):
                    waiting = await self._reviews.count(tenant, reviewer, wanted)
                    for item in taken or (None,):
                        yield item, waiting
                    has_told_all = not taken
                await self._rest(hand)
        finally:
            renewing.cancel()
            self._hands.discard(hand)
            with suppress(StorageError):  # then the leases expire
                await self._reviews.release(tenant, reviewer, hand.runs)

    async def _fill(self, hand: _Hand, wanted: Wanted, most: int) -> list[ReviewItem]:
        """What is new in hand."""
        if hand.news.is_set():
            hand.news.clear()
            await self._renew(hand)
        missing = most - len(hand.runs)
        if not missing:
            return []
        taken = await self._take(hand, wanted, missing)
        if not taken and hand.let_go:
            hand.let_go.clear()  # what was handed back comes again after all else
            taken = await self._take(hand, wanted, missing)
        hand.runs |= {item.run.run_id for item in taken}
        return taken

    async def _take(self, hand: _Hand, wanted: Wanted, missing: int) -> list[ReviewItem]:
        return await self._reviews.take(
            hand.tenant, hand.reviewer, wanted, missing, LEASE_S, hand.let_go
        )

    async def _renew_forever(self, hand: _Hand) -> None:
        rounds = Rounds("reviews")
        while True:
            await asyncio.sleep(self._renew_s)
            with rounds:
                await self._renew(hand)

    async def _renew(self, hand: _Hand) -> None:
        """Keep what is still in hand for longer, and let go of what is not."""
        before = frozenset(hand.runs)
        if before:
            still = await self._reviews.renew(hand.tenant, hand.reviewer, before, LEASE_S)
            hand.runs -= before - still
            hand.let_go += before - still

    async def _rest(self, hand: _Hand) -> None:
        """Until something is settled or may have come to wait. Raises ServerDraining."""
        waits = [asyncio.ensure_future(event.wait()) for event in (hand.news, self._draining)]
        try:
            await asyncio.wait(waits, timeout=self._poll_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        if self._draining.is_set():
            raise ServerDraining
