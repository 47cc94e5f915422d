"""The rounds of background loops: what goes wrong in one must not end all that come after it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from types import TracebackType

from server.storage.errors import StorageUnavailable

Work = Callable[[], Awaitable[object]]


class Rounds:
    """A `with` block for each round of one loop: an exception ends the round, and no more.

    What is `expected` passes in silence: a database that is away is told by its health. Anything
    else is logged, once for as long as round after round fails.
    """

    def __init__(
        self, loop: str, expected: tuple[type[Exception], ...] = (StorageUnavailable,)
    ) -> None:
        self._logger = logging.getLogger(f"switchyard.{loop}")
        self._expected = expected
        self._is_reported = False

    def __enter__(self) -> None:
        """Begin a round."""

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> bool:
        """End the round. What is no Exception, such as a cancellation, ends the loop as well."""
        is_unforeseen = isinstance(error, Exception) and not isinstance(error, self._expected)
        if is_unforeseen and not self._is_reported:
            self._logger.error("a round failed", exc_info=error)
        self._is_reported = is_unforeseen
        return isinstance(error, Exception)


class Repeated:
    """Work that is done in a round every so many seconds, from `start` to `stop`.

    at_end  what is done in a last round
    """

    def __init__(
        self, name: str, work: Work, every_s: float, *, at_end: Work | None = None
    ) -> None:
        self._name = name
        self._work = work
        self._every_s = every_s
        self._at_end = at_end
        self._rounds = Rounds(name)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, after a first pause."""
        self._task = asyncio.create_task(self._work_forever(), name=self._name)

    async def stop(self) -> None:
        """End, in the middle of a round if need be."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._at_end is not None:
            with self._rounds:
                await self._at_end()

    async def _work_forever(self) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            with self._rounds:
                await self._work()
