"""Replays dead letters, each at most once at a time, and never again once it has succeeded.

The work should carry a request id that follows from the letter's: should the process die between
the work and the mark, the next replay is answered with the run of the first and does nothing twice.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from uuid import uuid4

from server.dead_letters.letter import DeadLetter, LetterFilter
from server.dead_letters.store import DeadLetterStore

LEASE_S = 120.0

# Does what a letter asks; the name of the run that came of it. Raises where it fails again.
Work = Callable[[DeadLetter], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Replay:
    """What came of one letter's replay."""

    letter_id: str
    run: str  # name of the run that it made; empty: it failed again
    failure: str = ""  # class of what was raised; messages could hold the ticket's text


async def replay(
    store: DeadLetterStore,
    tenant: str,
    which: LetterFilter,
    work: Work,
    actor: str,
    *,
    most: int,
    lease_s: float = LEASE_S,
    new_claim: Callable[[], str] = lambda: uuid4().hex,
) -> AsyncGenerator[Replay, None]:
    """Work on at most `most` letters that wait, the oldest first, one after another, in the name of
    `actor`; what came of each. Letters that others work on are left to them.

    A work that takes longer than `lease_s` has failed. Of a caller that leaves in the middle, the
    letter waits until its claim expires. Raises StorageUnavailable.
    """
    after = ""
    for _ in range(most):
        claim = new_claim()
        # Counted from before the claim, so that the work always ends before the claim does.
        ends_at = asyncio.get_running_loop().time() + lease_s
        letter = await store.claim(tenant, which, claim, lease_s, after)
        if letter is None:
            return
        after = letter.letter_id
        try:
            async with asyncio.timeout_at(ends_at):
                run = await work(letter)
        except Exception as error:
            await store.release(letter, claim)
            yield Replay(letter.letter_id, "", type(error).__name__)
        else:
            await store.mark_replayed(letter, claim, run, actor)
            yield Replay(letter.letter_id, run)
