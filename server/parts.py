"""The parts that the server stands on, asked again and again how they are."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from interceptors.timings import FAILED, OK, Timings
from server.storage.rounds import Repeated

ASK_EVERY_S = 2.0
ANSWER_S = 1.0
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
        self._asking: dict[str, asyncio.Task[bool]] = {}
        self._looking = Repeated("parts", self.ask_all, ASK_EVERY_S)

    async def start(self) -> None:
        """Ask once, then every other second."""
        await self.ask_all()
        self._looking.start()

    async def stop(self) -> None:
        """Ask no more."""
        await self._looking.stop()

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
        answers = await self._answers_in_time(name)
        self._timings.of(KIND, name, OK if answers else FAILED).add(self._clock() - start)
        return answers

    async def _answers_in_time(self, name: str) -> bool:
        # A driver may take long to give up on a part that hangs: nobody waits for that, and
        # until then the part is not asked again.
        if name in self._asking:
            return False
        asking = self._asking[name] = asyncio.create_task(self._ask(name))
        asking.add_done_callback(lambda _: self._asking.pop(name))
        try:
            await asyncio.wait([asking], timeout=ANSWER_S)
            return asking.done() and asking.result()
        finally:
            asking.cancel()

    async def _ask(self, name: str) -> bool:
        try:
            await self._parts[name].ask()
        except Exception:  # whatever it raises, it does not answer
            return False
        return True
