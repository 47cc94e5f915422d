"""Dead letters: tickets that no language model answered, though it was asked."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from switchyard_client.connection import Connection
from switchyard_client.messages.switchyard.admin.v1 import (
    DeadLetter,
    DeadLetterFilter,
    GetDeadLetterStatsRequest,
    GetDeadLetterStatsResponse,
    ListDeadLettersRequest,
    ListDeadLettersResponse,
    PurgeDeadLettersRequest,
    PurgeDeadLettersResponse,
    ReplayDeadLettersRequest,
    ReplayDeadLettersResponse,
)

REPLAY_DEADLINE_S = 3600.0
_SERVICE = "switchyard.admin.v1.ResilienceService"


class LettersAdmin:
    """No filter: all letters. An empty `tenant` is the caller's."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def list(
        self, which: DeadLetterFilter | None = None, *, tenant: str = "", page_size: int = 50
    ) -> AsyncGenerator[DeadLetter, None]:
        """The letters, the newest first; a page, at most 50 of them, is fetched when needed."""
        request = ListDeadLettersRequest(tenant=tenant, filter=which, page_size=page_size)
        async for page in self._connection.pages(_SERVICE, request, ListDeadLettersResponse):
            for letter in page.dead_letters:
                yield letter

    async def stats(
        self, which: DeadLetterFilter | None = None, *, tenant: str = ""
    ) -> GetDeadLetterStatsResponse:
        """How many letters there are, by what failed and by how bad it is."""
        request = GetDeadLetterStatsRequest(tenant=tenant, filter=which)
        return await self._connection.call(_SERVICE, request, GetDeadLetterStatsResponse)

    async def replay(
        self,
        which: DeadLetterFilter | None = None,
        *,
        tenant: str = "",
        most: int = 100,
        deadline_s: float = REPLAY_DEADLINE_S,
    ) -> AsyncGenerator[ReplayDeadLettersResponse, None]:
        """Triage the tickets of at most `most` letters anew; what comes of each, as it does."""
        request = ReplayDeadLettersRequest(tenant=tenant, filter=which, most=most)
        replays = self._connection.stream(_SERVICE, request, ReplayDeadLettersResponse, deadline_s)
        async with aclosing(replays):
            async for replayed in replays:
                yield replayed

    async def purge(self, which: DeadLetterFilter | None = None, *, tenant: str = "") -> int:
        """Forget what the tickets of letters said; how many there were."""
        request = PurgeDeadLettersRequest(tenant=tenant, filter=which)
        response = await self._connection.call(_SERVICE, request, PurgeDeadLettersResponse)
        return response.purged
