"""The parts that the server stands on, asked again and again how they are."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from interceptors.timings import Timings

ASK_EVERY_S = 2.0
ANSWER_S = 1.0
FAILED = "FAILED"
KIND = "part"  # the kind of work that asking is

Ask = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Part:
    """Something that the server stands on. Without a needed one it is not ready."""

    ask: Ask  # returns when the part answers; raises where it does not
    is_needed: bool


class Parts:
    """Asks every part, and tells `changed` which of them answer, by name, when that changes."""

    def __init__(
        self,
        parts: Mapping[str, Part],
        timings: Timings,
        changed: Callable[[Mapping[str, bool]], None],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._parts = parts
        self._timings = timings
        self._changed = changed
        self._clock = clock
        self._healthy: Mapping[str, bool] = {}
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Ask once, then every other second."""
        await self.ask_all()
        self._task = asyncio.create_task(self._ask_forever(), name="parts")

    async def stop(self) -> None:
        """Ask no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def ask_all(self) -> None:
        """Ask every part now."""
        answers = await asyncio.gather(*[self._answers(name) for name in self._parts])
        healthy = dict(zip(self._parts, answers, strict=True))
        if healthy != self._healthy:
            self._healthy = healthy
            self._changed(healthy)

    def is_ready(self, healthy: Mapping[str, bool]) -> bool:
        """Whether every needed part answers."""
        return all(healthy[name] for name, part in self._parts.items() if part.is_needed)

    async def _answers(self, name: str) -> bool:
        start = self._clock()
        try:
            async with asyncio.timeout(ANSWER_S):
                await self._parts[name].ask()
        except Exception:  # whatever it raises, it does not answer
            self._timings.of(KIND, name, FAILED).add(self._clock() - start)
            return False
        self._timings.of(KIND, name).add(self._clock() - start)
        return True

    async def _ask_forever(self) -> None:
        while True:
            await asyncio.sleep(ASK_EVERY_S)
            await self.ask_all()
