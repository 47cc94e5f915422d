"""Texts of many callers, worked on together: a batch costs far less than its texts one by one.

A text that comes alone is worked on at once. Where texts come close together, a batch waits until
it is full, for a few milliseconds at most; while earlier batches are worked on, it grows by itself.
A batch is worked on in the context, and so in the trace, of the call that its first text is for.
"""

import asyncio
import contextvars
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from server.embedders.embedder import Vector
from server.embedders.errors import EmbedderBusy

MOST_WAITING = 4096  # texts

# A vector for each text, in their order.
Work = Callable[[Sequence[str]], Coroutine[Any, Any, Sequence[Vector]]]


@dataclass(slots=True, eq=False)
class _Asked:
    text: str
    vector: asyncio.Future[Vector]
    context: contextvars.Context  # of the call that it is for


class Batches:
    """Hands texts to `work`, at most `most_batch` together and `most_at_once` batches at a time.

    A batch that raises what `is_of_one_text` is halved until the texts at fault stand alone.
    """

    def __init__(
        self,
        work: Work,
        is_of_one_text: Callable[[Exception], bool],
        *,
        most_batch: int,
        longest_wait_s: float,
        most_at_once: int,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self._work = work
        self._is_of_one_text = is_of_one_text
        self._most_batch = most_batch
        self._longest_wait_s = longest_wait_s
        self._most_at_once = most_at_once
        self._most_waiting = most_waiting
        self._waiting: deque[_Asked] = deque()
        self._workers: set[asyncio.Task[None]] = set()
        self._filling = asyncio.Lock()  # one batch at a time waits for more texts
        self._is_full = asyncio.Event()
        self._is_crowded = False

    async def ask(self, texts: Sequence[str]) -> list[Vector]:
        """A vector for each text. Raises what the first text that fails raises, EmbedderBusy.

        A caller that leaves harms no other: what only it waits for is not begun any more.
        """
        if len(self._waiting) + len(texts) > self._most_waiting:
            raise EmbedderBusy(f"more than {self._most_waiting} texts would wait")
        loop = asyncio.get_running_loop()
        context = contextvars.copy_context()
        asked = [_Asked(text, loop.create_future(), context) for text in texts]
        self._waiting.extend(asked)
        self._start_working()
        return list(await asyncio.gather(*(one.vector for one in asked)))

    async def close(self) -> None:
        """Give up: who waits is cancelled."""
        workers = tuple(self._workers)
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        while self._waiting:
            self._waiting.popleft().vector.cancel()

    def _start_working(self) -> None:
        if len(self._waiting) >= self._most_batch:
            self._is_full.set()
        if self._waiting and len(self._workers) < self._most_at_once:
            worker = asyncio.create_task(self._work_until_none_waits(), name="embedding")
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)

    async def _work_until_none_waits(self) -> None:
        while self._waiting:
            batch = await self._next_batch()
            self._start_working()  # what did not fit is not for this worker to finish first
            try:
                await self._answer(batch)
            finally:
                for one in batch:
                    one.vector.cancel()  # of those without an answer: the worker was cancelled

    async def _next_batch(self) -> list[_Asked]:
        async with self._filling:
            if self._is_crowded and len(self._waiting) < self._most_batch:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._is_full.wait(), self._longest_wait_s)
            size = min(len(self._waiting), self._most_batch)
            taken = [self._waiting.popleft() for _ in range(size)]
            self._is_crowded = size > 1
            if len(self._waiting) < self._most_batch:
                self._is_full.clear()
        return _unanswered(taken)

    async def _answer(self, batch: Sequence[_Asked]) -> None:
        if not batch:
            return
        try:
            work = self._work([one.text for one in batch])
            vectors = await asyncio.create_task(work, context=batch[0].context)
        except Exception as error:
            if len(batch) > 1 and self._is_of_one_text(error):
                half = len(batch) // 2
                await self._answer(batch[:half])
                await self._answer(batch[half:])
                return
            for one in _unanswered(batch):
                one.vector.set_exception(error)
        else:
            found = dict(zip(batch, vectors, strict=True))
            for one in _unanswered(batch):
                one.vector.set_result(found[one])


def _unanswered(batch: Sequence[_Asked]) -> list[_Asked]:
    """Those whose callers have not left meanwhile."""
    return [one for one in batch if not one.vector.done()]
