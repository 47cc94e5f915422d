"""Questions to the cache whose work can be watched, held up and failed; and a clock to set."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from interceptors.cache.answer_cache import AnswerCache
from interceptors.cache.tags import tags_of
from interceptors.cache.terms import Terms

METHOD = "test.Echo/Echo"


class Clock:
    """Stands still until it is set."""

    def __init__(self) -> None:
        self.now_s = 1_000_000.0

    def __call__(self) -> float:
        return self.now_s


@dataclass
class Worker:
    """Does the work of questions: one answer after another, counted."""

    answers: list[bytes | Exception] = field(default_factory=list)  # before those that it makes up
    runs: int = 0
    cancelled: int = 0
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    may_end: asyncio.Event = field(default_factory=asyncio.Event)
    before_the_end: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        self.may_end.set()

    def hold(self) -> "Worker":
        """Let works begin and not end until `may_end` is set."""
        self.may_end.clear()
        return self

    async def work(self) -> bytes:
        """The next answer: b"1", b"2" and so on, where none is prepared."""
        self.runs += 1
        answer = self.answers.pop(0) if self.answers else b"%d" % self.runs
        self.begun.set()
        try:
            await self.may_end.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        self.before_the_end()
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass
class Question:
    """A question that `worker` answers."""

    worker: Worker
    terms: Terms
    key: bytes = b"k" * 32
    tags: tuple[str, ...] = tags_of(METHOD, "a")
    answer_tags: tuple[str, ...] = ()
    most_age_s: float = math.inf
    was_true: bool = True

    def run(self) -> Awaitable[bytes]:
        return self.worker.work()

    async def run_apart(self) -> bytes:
        return await self.worker.work()

    def is_current(self) -> bool:
        return self.was_true


def terms_in(cache: AnswerCache, ttl_s: float = 60.0, stale_ttl_s: float = 0.0) -> Terms:
    """The terms of METHOD in a cache that has none for it yet."""
    terms = cache.register(METHOD, longest_s=7200.0)
    terms.change(ttl_s=ttl_s, stale_ttl_s=stale_ttl_s)
    return terms


async def turn() -> None:
    """Let everything that can go on go on."""
    for _ in range(10):
        await asyncio.sleep(0)


async def until(holds: Callable[[], bool]) -> None:
    """Let everything go on until something holds."""
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110  # what is watched tells no event
            await asyncio.sleep(0.001)
