"""What an engine tells while it works, as a stream beside its work."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Any

from server.triage.engine import Attempt


@dataclass(frozen=True, slots=True)
class ReplyPiece:
    """A piece of the reply has been written."""

    text: str


News = Attempt | ReplyPiece


class Narration:
    """Hears an engine, and passes on what it says. A listener of `Outward`."""

    def __init__(self) -> None:
        # Bounded by what one question may say: a reply has an end, and so have attempts.
        self._news: asyncio.Queue[News | None] = asyncio.Queue()

    def attempted(self, attempt: Attempt) -> None:
        """A call of a provider has ended."""
        self._news.put_nowait(attempt)

    def wrote(self, text: str) -> None:
        """A piece of the reply has been written."""
        self._news.put_nowait(ReplyPiece(text))

    async def of(
        self, work: asyncio.Task[Any], restore: Callable[[str], str]
    ) -> AsyncGenerator[News, None]:
        """Everything that is said until a work ends, personal data put back into it. The work is
        cancelled when nobody listens on.
        """
        work.add_done_callback(lambda _: self._news.put_nowait(None))
        try:
            while (news := await self._news.get()) is not None:
                yield ReplyPiece(restore(news.text)) if isinstance(news, ReplyPiece) else news
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)  # it gives back what it holds
