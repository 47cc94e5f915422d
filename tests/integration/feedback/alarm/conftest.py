"""Watches and settings on a real PostgreSQL, as two processes would have them."""

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio

from server.feedback.alarm.settings import Settings
from server.feedback.alarm.subjects import Subject, subjects_of
from server.feedback.alarm.watch import Watch
from server.feedback.alarm.watch_store import Raised, WatchStore, watch
from server.storage.database import Database
from server.triage.run import Run
from tests.integration.databases import make_schema, opened
from tests.unit.feedback.alarm.runs import START, make_run

STRICT = Settings(most_overturned=0.1)
ENOUGH = 4  # overturned runs, one after the other, that raise the alarm of `STRICT`


@dataclass
class Panel:
    """People who judge a tenant's runs, each judgement a transaction of its own."""

    database: Database
    tenant: str
    settings: Settings = field(default=STRICT)

    @property
    def store(self) -> WatchStore:
        """What is on record."""
        return WatchStore(self.database)

    def run(self, **answer: Any) -> Run:
        """A run of the tenant's; fields of its answer by name."""
        return make_run(self.tenant, **answer)

    async def judge(self, run: Run, *, overturned: bool) -> list[Raised]:
        """Judge a run."""
        subjects = subjects_of(run)
        async with self.database.connection("test") as connection, connection.transaction():
            return await watch(connection, run, subjects, overturned, self.settings, START)

    async def overturn(self, times: int = ENOUGH, **answer: Any) -> list[Raised]:
        """Overturn so many runs; the alarms of all."""
        raised = [await self.judge(self.run(**answer), overturned=True) for _ in range(times)]
        return [alarm for alarms in raised for alarm in alarms]

    async def watch_of(self, subject: Subject) -> Watch:
        """The watch of one subject."""
        return {one.subject: one for one in await self.store.all(self.tenant)}[subject]


@pytest_asyncio.fixture(scope="package")
async def alarms_url(postgres_url: str) -> str:
    """A database with the schema, shared by the tests: each has a tenant of its own."""
    return await make_schema(postgres_url)


@pytest_asyncio.fixture(scope="package")
async def databases(alarms_url: str) -> AsyncIterator[list[Database]]:
    """A pool for each of two processes."""
    async with opened(alarms_url) as one, opened(alarms_url) as two:
        yield [one, two]


@pytest.fixture
def tenant() -> str:
    """A tenant of the test's own."""
    return f"tenant-{uuid.uuid4().hex}"


@pytest.fixture
def panels(databases: list[Database], tenant: str) -> list[Panel]:
    """At each of two processes."""
    return [Panel(database, tenant) for database in databases]


@pytest.fixture
def panel(panels: list[Panel]) -> Panel:
    """At the first."""
    return panels[0]
