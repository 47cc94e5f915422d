"""The way of a question: memory, an identical work in flight, Redis, the work itself."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any, Literal, NamedTuple

from interceptors.cache.background import Background
from interceptors.cache.entry import Entry
from interceptors.cache.flights import Flight, Flights
from interceptors.cache.invalidations import Invalidations
from interceptors.cache.lease import Lease
from interceptors.cache.memory import Memory
from interceptors.cache.refresh import is_due_early
from interceptors.cache.shared import SharedCache
from interceptors.cache.terms import Terms
from interceptors.cache.work import Work

Outcome = Literal["hit", "miss", "stale", "coalesced"]
Answer = tuple[bytes, Outcome]
Run = Callable[[], Awaitable[bytes]]

MOST_REFRESHES = 16
LONGEST_REFRESH_S = 30.0
MOST_SKEW_S = 1.0  # an entry from further in the future was stored before a clock was set back


class _OnesOwn(NamedTuple):
    """An answer that is for its first caller alone, not for others who asked meanwhile."""

    value: bytes
    outcome: Outcome


class AnswerCache:
    """Answers each question at most once at a time, and again while the answer is good.

    The clock is Unix time, because processes compare their entries; `chance` is uniform in [0, 1).
    """

    def __init__(
        self,
        memory: Memory,
        shared: SharedCache | None = None,
        *,
        clock: Callable[[], float] = time.time,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.memory = memory
        self.shared = shared
        self.terms: dict[str, Terms] = {}  # by name, of everything that may be kept
        self._clock = clock
        self._chance = chance
        self._flights: Flights[Answer] = Flights()
        self._refreshes = Background(MOST_REFRESHES)
        self._invalidations = Invalidations()

    def register(self, name: str, longest_s: float) -> Terms:
        """Terms for a method or function. Raises ValueError where the name has some already."""
        if name in self.terms:
            raise ValueError(f"{name} is cached already")
        terms = self.terms[name] = Terms(name, longest_s, ttl_s=longest_s)
        return terms

    @property
    def is_shared(self) -> bool:
        """Whether answers are shared through Redis now."""
        return self.shared is not None and self.shared.is_up

    async def answer(self, work: Work) -> Answer:
        """The kept answer, or that of the work. Raises what the work raises."""
        return self.recall(work) or await self.find(work)

    def recall(self, work: Work) -> Answer | None:
        """The answer that this process keeps, if it is good enough."""
        entry = self.memory.get(work.key)
        return None if entry is None else self._serve(entry, work)

    def find(self, work: Work) -> Awaitable[Answer]:
        """The answer from elsewhere: an identical work in flight, Redis, the work itself.

        An answer that may not be kept is for the first caller alone: who joined does the work, too.
        """
        flight = self._flights.get(work.key)
        if flight is None:
            return self._flights.lead(work.key, self._make(work, work.run))
        return self._join(flight, work)

    async def answer_anew(self, work: Work) -> Answer:
        """The answer of the work, done now whatever is kept or in flight; it is kept."""
        work.terms.figures.misses += 1
        if self.shared is None:
            return await self._fill(work, work.run)
        async with self.shared.lease(work.key, work.tags) as lease:
            return await self._fill(work, work.run, lease)

    async def invalidate(self, *tags: str) -> int:
        """Drop the entries that carry one of `tags`; how many different ones there were.

        Those that Redis alone holds are counted where the tag is one of their answers.
        Every process that shares the Redis must be told: each has a memory of its own.
        """
        dropped = set().union(*map(self._forget, tags))
        if self.shared is not None:
            dropped |= await self.shared.invalidate(tags)
        return len(dropped)

    async def erase(self, owner: str) -> None:
        """Drop the entries that carry the tag of a tenant, and leave none behind in Redis."""
        await self.invalidate(owner)  # first: from now on none can be stored
        if self.shared is not None:
            await self.shared.erase(owner)

    def forget(self, tag: str) -> int:
        """Drop the entries that carry `tag` from this memory alone; how many there were."""
        return len(self._forget(tag))

    async def close(self) -> None:
        """Cancel what runs in the background and close the connections."""
        await self._refreshes.close()
        await self._flights.close()
        if self.shared is not None:
            await self.shared.close()

    def _forget(self, tag: str) -> set[bytes]:
        self._invalidations.add(tag)
        return self.memory.drop_tagged(tag)

    def _age_s(self, entry: Entry) -> float:
        return self._clock() - entry.stored_at_s

    def _serve(self, entry: Entry, work: Work) -> Answer | None:
        terms, age_s = work.terms, self._age_s(entry)
        if not -MOST_SKEW_S <= age_s <= work.most_age_s:
            return None
        if age_s < terms.ttl_s:
            if is_due_early(age_s, terms.ttl_s, entry.made_in_s, self._chance()):
                self._start_refresh(entry, work)
            terms.figures.hits += 1
            return entry.value, "hit"
        if age_s < terms.life_s:
            self._start_refresh(entry, work)
            terms.figures.stale_hits += 1
            return entry.value, "stale"
        return None

    async def _join(self, flight: Flight[Answer], work: Work) -> Answer:
        work.terms.figures.coalesced += 1
        made = await self._flights.join(flight, lambda: self._make(work, work.run_apart))
        if not isinstance(made, _OnesOwn):
            return made[0], "coalesced"
        work.terms.figures.coalesced -= 1
        work.terms.figures.misses += 1
        return await self._fill(work, work.run)

    def _make(self, work: Work, run: Run) -> Coroutine[Any, Any, Answer]:
        if self.shared is not None:
            return self._make_for_all(self.shared, work, run)
        work.terms.figures.misses += 1
        return self._fill(work, run)

    async def _make_for_all(self, shared: SharedCache, work: Work, run: Run) -> Answer:
        began, figures = self._invalidations.count, work.terms.figures
        found = await shared.read(work.key, work.tags)
        if (answer := self._take_over(found, work, began)) is not None:
            return answer
        async with shared.lease(work.key, work.tags) as lease:
            if lease.is_held_elsewhere:
                found = await lease.wait(partial(self._will_do, work))
                if found is not None and self._keep(found, work, began):
                    figures.coalesced += 1
                    return found.value, "coalesced"
            elif (answer := self._take_over(lease.entry, work, began)) is not None:
                return answer  # another process has stored it a moment ago
            figures.misses += 1
            return await self._fill(work, run, lease)

    async def _fill(self, work: Work, run: Run, lease: Lease | None = None) -> Answer:
        began, start_s = self._invalidations.count, self._clock()
        value = await run()
        if not work.is_current():
            return _OnesOwn(value, "miss")
        now_s = self._clock()
        entry = Entry(value, now_s, now_s - start_s, work.tags, work.answer_tags)
        if self._keep(entry, work, began) and lease is not None:
            await lease.store(entry, work.terms.life_s)
        return value, "miss"

    def _will_do(self, work: Work, entry: Entry) -> bool:
        return self._age_s(entry) < min(work.terms.ttl_s, work.most_age_s)

    def _take_over(self, entry: Entry | None, work: Work, began: int) -> Answer | None:
        if entry is None or self._is_touched(entry, began):
            return None
        answer = self._serve(entry, work)
        if answer is not None:
            self.memory.put(work.key, entry)
        return answer

    def _keep(self, entry: Entry, work: Work, began: int) -> bool:
        if self._is_touched(entry, began):
            return False
        self.memory.put(work.key, entry)
        return True

    def _is_touched(self, entry: Entry, began: int) -> bool:
        if self._invalidations.count == began:
            return False
        return self._invalidations.have_touched(entry.tags + entry.answer_tags, began)

    def _start_refresh(self, entry: Entry, work: Work) -> None:
        self._refreshes.start(work.key, partial(self._refresh, entry, work))

    async def _refresh(self, old: Entry, work: Work) -> None:
        try:
            async with asyncio.timeout(LONGEST_REFRESH_S):
                await self._renew(old, work)
        except Exception:  # the old answer serves until its time is over; then a caller is told
            work.terms.figures.failed_refreshes += 1

    async def _renew(self, old: Entry, work: Work) -> None:
        if self.shared is None:
            await self._fill(work, work.run_apart)
            return
        began = self._invalidations.count
        found = await self.shared.read(work.key, work.tags)
        if found is not None and found.stored_at_s > old.stored_at_s:
            self._keep(found, work, began)
            return
        async with self.shared.lease(work.key, work.tags) as lease:
            if not lease.is_held_elsewhere:
                await self._fill(work, work.run_apart, lease)
