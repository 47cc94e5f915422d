"""Puts on record when keys were last used: now and then, and never on a call's path."""

from collections.abc import Awaitable, Callable, Mapping

from server.storage.rounds import Repeated

WRITE_EVERY_S = 60.0

Uses = Mapping[str, float]  # key id -> seconds since 1970


def last_use(take: Callable[[], Uses], write: Callable[[Uses], Awaitable[None]]) -> Repeated:
    """Writes what `take` gives, in one statement a minute, and once more when it stops."""

    async def write_taken() -> None:
        uses = take()  # those that cannot be written are lost: the next ones will be on record
        if uses:
            await write(uses)

    return Repeated("last-use", write_taken, WRITE_EVERY_S, at_end=write_taken)
