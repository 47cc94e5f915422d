"""Dead letters, for those who look after them."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from uuid import UUID, uuid5

from switchyard.admin.v1 import resilience_service_pb2 as pb

from interceptors.call import Caller
from server.access.grants import MANAGE_ALL, READ_ALL, reached_tenant
from server.admin.resilience import wire
from server.dead_letters.letter import DeadLetter
from server.dead_letters.replay import Work, replay
from server.dead_letters.store import DeadLetterStore
from server.paging import make_page_token, read_page_token
from server.streams import ServerDraining
from server.triage.errors import NotAnswered
from server.triage.pipeline import Order, TriagePipeline
from server.triage.store import RunStore

DEFAULT_PAGE_SIZE = 50  # and the most: with the longest tickets it stays below 4 MiB
MOST_REPLAYED = 100
# Request ids of replays are not those of letters: callers know them, as names of runs.
REPLAYS = UUID("7a4c9d02-5a0e-4f7e-9b57-0f3f6f6d2c11")


class LetterDesk:
    """Answers requests for letters of the caller's tenant; an operator's, for any tenant's."""

    def __init__(
        self, letters: DeadLetterStore, work: Work, page_key: bytes, draining: asyncio.Event
    ) -> None:
        self._letters = letters
        self._work = work
        self._page_key = page_key
        self._draining = draining

    async def page(
        self, request: pb.ListDeadLettersRequest, caller: Caller
    ) -> pb.ListDeadLettersResponse:
        """A page of letters, the newest first."""
        tenant = reached_tenant(caller, request.tenant, READ_ALL)
        wanted = request.filter.SerializeToString(deterministic=True).hex()
        scope = f"dead_letters\0{tenant}\0{wanted}"
        before = read_page_token(request.page_token, scope, self._page_key).hex()
        size = request.page_size or DEFAULT_PAGE_SIZE
        which = wire.read_letter_filter(request)
        found = await self._letters.page(tenant, which, before, size + 1)
        token = ""
        if len(found) > size:
            last = bytes.fromhex(found[size - 1].letter_id)
            token = make_page_token(last, scope, self._page_key)
        return pb.ListDeadLettersResponse(
            dead_letters=[wire.write_letter(letter) for letter in found[:size]],
            next_page_token=token,
        )

    async def count(
        self, request: pb.GetDeadLetterStatsRequest, caller: Caller
    ) -> pb.GetDeadLetterStatsResponse:
        """How many letters there are."""
        tenant = reached_tenant(caller, request.tenant, READ_ALL)
        which = wire.read_letter_filter(request)
        return wire.write_counts(await self._letters.counts(tenant, which))

    async def replay(
        self, request: pb.ReplayDeadLettersRequest, caller: Caller
    ) -> AsyncGenerator[pb.ReplayDeadLettersResponse, None]:
        """What comes of each letter. Raises ServerDraining between two when the server stops."""
        tenant = reached_tenant(caller, request.tenant, MANAGE_ALL)
        which, most = wire.read_letter_filter(request), request.most or MOST_REPLAYED
        replays = replay(self._letters, tenant, which, self._work, caller.subject, most=most)
        async with aclosing(replays):
            async for one in replays:
                yield wire.write_replay(one)
                if self._draining.is_set():
                    raise ServerDraining

    async def purge(
        self, request: pb.PurgeDeadLettersRequest, caller: Caller
    ) -> pb.PurgeDeadLettersResponse:
        """Forget what letters asked."""
        tenant = reached_tenant(caller, request.tenant, MANAGE_ALL)
        which = wire.read_letter_filter(request)
        purged = await self._letters.purge(tenant, which, caller.subject)
        return pb.PurgeDeadLettersResponse(purged=purged)


async def triage_again(pipeline: TriagePipeline, runs: RunStore, letter: DeadLetter) -> str:
    """Triage the ticket of a letter anew, as its run has it; the name of the new run.

    The request id follows from the letter's: however often this is done, there is one new run.
    Raises NotAnswered when no model answers this time either, RunNotFound, and what the pipeline
    raises.
    """
    failed = await runs.get(letter.tenant, letter.letter_id)
    order = Order(
        tenant=letter.tenant,
        ticket=failed.ticket,
        request_id=str(uuid5(REPLAYS, letter.letter_id)),
        parts=failed.answer.parts,
        may_degrade=False,
    )
    recorded = await pipeline.triage(order)
    if recorded.run.answer.is_degraded:  # of a caller that has made up the same request id
        raise NotAnswered
    return f"triageRuns/{recorded.run.run_id}"
