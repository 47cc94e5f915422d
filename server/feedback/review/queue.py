"""What waits, in the order in which people should look at it."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence

from server.feedback.review.item import Candidate, Ranked
from server.feedback.review.likeness import Sketch, sketch_of
from server.feedback.review.ranking import ranked
from server.feedback.review.store import ReviewStore, Search

MOST_SKETCHES = 10_000  # of 64 bytes


class ReviewQueue:
    """Ranks a bounded number of runs. A ticket never changes, so what its text is like is kept.

    draw  gives random numbers in [0, 1)
    """

    def __init__(self, store: ReviewStore, draw: Callable[[], float]) -> None:
        self._store = store
        self._draw = draw
        self._sketches: OrderedDict[str, Sketch] = OrderedDict()  # by run

    async def rank(self, search: Search, most: int) -> list[Ranked]:
        """At most so many, what to look at first in front. Raises StorageUnavailable."""
        candidates = await self._store.candidates(search)
        if not candidates:
            return []
        in_hand = await self._store.in_hand(search)
        known = await self._sketches_of(search.tenant, [*_ids(candidates), *in_hand])
        # Runs that were deleted meanwhile have no text.
        there = [one for one in candidates if one.run_id in known]
        return await asyncio.to_thread(
            ranked,
            there,
            [known[run_id] for run_id in _ids(there)],
            [known[run_id] for run_id in in_hand if run_id in known],
            most,
            self._draw,
        )

    async def _sketches_of(self, tenant: str, run_ids: Sequence[str]) -> Mapping[str, Sketch]:
        known = {run_id: self._sketches[run_id] for run_id in run_ids if run_id in self._sketches}
        missing = set(run_ids) - known.keys()
        if missing:
            texts = await self._store.texts(tenant, missing)
            known |= await asyncio.to_thread(_sketched, texts)
        for run_id, sketch in known.items():
            self._sketches[run_id] = sketch
            self._sketches.move_to_end(run_id)
        while len(self._sketches) > MOST_SKETCHES:
            self._sketches.popitem(last=False)
        return known


def _ids(candidates: Sequence[Candidate]) -> list[str]:
    return [one.run_id for one in candidates]


def _sketched(texts: Mapping[str, str]) -> dict[str, Sketch]:
    return {run_id: sketch_of(text) for run_id, text in texts.items()}
