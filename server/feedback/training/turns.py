"""Whose training it is: one at a time in a process, and one of a tenant in all of them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from server.feedback.errors import TooManyTrainings, TrainingUnderWay
from server.feedback.training.store import alone
from server.storage.database import Database

MOST_TRAININGS = 32  # of one process, all but one of them waiting


class Turns:
    """Lets trainings go one after the other: each takes a whole processor."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._tenants: set[str] = set()  # whose training goes on, or waits
        self._turn = asyncio.Semaphore(1)

    @asynccontextmanager
    async def taken(self, tenant: str) -> AsyncIterator[None]:
        """Wait for the tenant's turn, which lasts as long as the block.

        Raises TrainingUnderWay, TooManyTrainings, StorageUnavailable.
        """
        if tenant in self._tenants:
            raise TrainingUnderWay
        if len(self._tenants) >= MOST_TRAININGS:
            raise TooManyTrainings
        self._tenants.add(tenant)
        try:
            async with self._turn, alone(self._database, tenant):
                yield
        finally:
            self._tenants.discard(tenant)
