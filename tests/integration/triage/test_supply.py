"""What is in force is read anew when it has changed."""

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest_asyncio

from server.engines.embedded.process import EngineProcess
from server.engines.embedded.remote import RemoteEngineMaker
from server.storage.database import Database
from server.triage.examples.label import Label, LabelSource
from server.triage.examples.label_store import keep_many
from server.triage.supply import Supply
from tests.integration.databases import make_schema, opened
from tests.integration.triage.supplies import make_supply

NOW = datetime(2026, 1, 2, tzinfo=UTC)


@dataclass
class Store:
    """A supply, and what it asks its database for."""

    supply: Supply
    database: Database
    works: list[str]
    tenant: str

    async def put(self, text: str, source: LabelSource) -> None:
        """Put a label on record."""
        label = Label("", text, "billing", source=source)
        async with self.database.connection("test") as connection, connection.transaction():
            await keep_many(connection, self.tenant, [(label, True)], NOW)


@pytest_asyncio.fixture
async def store(postgres_url: str) -> AsyncIterator[Store]:
    """Of a tenant with a correction."""
    works: list[str] = []
    url, process = await make_schema(postgres_url), EngineProcess()
    await process.start()
    async with opened(url, lambda work, _: works.append(work)) as database:
        supply = await make_supply(database, RemoteEngineMaker(process))
        store = Store(supply, database, works, uuid.uuid4().hex)
        await store.put("one", LabelSource.CORRECTION)
        yield store
    await process.stop()


async def test_texts_are_read_only_when_what_people_stated_has_changed(store: Store) -> None:
    active = await store.supply.load(store.tenant)
    await store.put("two", LabelSource.IMPORT)
    store.works.clear()
    assert await store.supply.relearn(store.tenant, active) is active
    assert "labels.recent" not in store.works
    await store.put("two", LabelSource.CONFIRMATION)
    relearned = await store.supply.relearn(store.tenant, active)
    assert [label.text for label in relearned.recent.values()] == ["one", "two"]
