"""What is told of a work while it goes on, as a stream beside it."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from server.triage.engine import Attempt

Event = TypeVar("Event")


@dataclass(frozen=True, slots=True)
class ReplyPiece:
    """A piece of the reply has been written."""

    text: str


News = Attempt | ReplyPiece


@dataclass(frozen=True, slots=True)
class Narrator:
    """Hears an engine, and tells what it says. A listener of `Outward`."""

    tell: Callable[[News], None]
    restore: Callable[[str], str]  # puts personal data back

    def attempted(self, attempt: Attempt) -> None:
        """A call of a provider has ended."""
        self.tell(attempt)

    def wrote(self, text: str) -> None:
        """A piece of the reply has been written."""
        self.tell(ReplyPiece(self.restore(text)))


async def narrated(
    work: Callable[[Callable[[Event], None]], Awaitable[Event]],
) -> AsyncGenerator[Event, None]:
    """Everything that a work tells, and its result last. The work is cancelled when nobody listens
    on.
    """
    # Bounded by what one question may say: a reply has an end, and so have attempts.
    told: asyncio.Queue[Event | None] = asyncio.Queue()

    async def do() -> Event:
        try:
            return await work(told.put_nowait)
        finally:
            told.put_nowait(None)

    task = asyncio.create_task(do())
    try:
        while (event := await told.get()) is not None:
            yield event
        yield await task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)  # it gives back what it holds
