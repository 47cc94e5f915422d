"""A step that does not end well is counted, too."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest
import pytest_asyncio

from interceptors.timings import CANCELLED, FAILED, OK
from server.engines.embedded.process import EngineProcess
from server.engines.embedded.remote import RemoteEngineMaker
from server.storage.database import Database
from server.storage.errors import StorageUnavailable
from server.storage.group_commit import GroupCommit
from server.storage.migrate import migrate, read_migrations
from server.triage.catalog import TaxonomyCatalog
from server.triage.decision import DecisionPolicy
from server.triage.pipeline import Event, Order, StepStarted, TriagePipeline
from server.triage.run import Step
from server.triage.store import RunStore
from server.triage.ticket import Ticket
from tests.integration.triage.supplies import make_supply

ORDER = Order("default", Ticket("1", "Where is my parcel?"))
BEFORE = ("detect_language", "classify", "draft", "decide")


@dataclass
class Site:
    """Makes pipelines, and keeps how their steps ended."""

    database: Database
    catalog: TaxonomyCatalog
    ends: list[tuple[str, str]]

    def pipeline(self, commits: GroupCommit) -> TriagePipeline:
        """A pipeline that records by `commits`."""

        def observe(step: str, _seconds: float, outcome: str) -> None:
            self.ends.append((step, outcome))

        return TriagePipeline(
            catalog=self.catalog,
            runs=RunStore(self.database, commits),
            policy=DecisionPolicy(0.85),
            digest_key=b"k" * 32,
            recorded=lambda _run: None,
            observe=observe,
        )


@pytest_asyncio.fixture
async def site(database: Database) -> AsyncIterator[Site]:
    """With the embedded engine."""
    async with AsyncExitStack() as stack:
        await migrate(database, read_migrations())
        process = EngineProcess()
        await process.start()
        stack.push_async_callback(process.stop)
        catalog = TaxonomyCatalog(await make_supply(database, RemoteEngineMaker(process)))
        stack.push_async_callback(catalog.stop)
        yield Site(database, catalog, [])


async def test_the_step_that_raises_is_counted_as_a_failure(site: Site) -> None:
    takes_none = GroupCommit(site.database, most_waiting=0)
    with pytest.raises(StorageUnavailable):
        await site.pipeline(takes_none).triage(ORDER)
    assert site.ends == [*((step, OK) for step in BEFORE), ("record", FAILED)]


async def test_the_step_that_a_caller_leaves_in_is_no_failure(site: Site) -> None:
    never_started, recording = GroupCommit(site.database), asyncio.Event()

    def tell(event: Event) -> None:
        if event == StepStarted(Step.RECORD):
            recording.set()

    working = asyncio.create_task(site.pipeline(never_started).triage(ORDER, tell))
    await recording.wait()
    working.cancel()
    await asyncio.wait([working])
    assert site.ends == [*((step, OK) for step in BEFORE), ("record", CANCELLED)]
