"""What is in force is read anew when it has changed."""

import uuid
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
import pytest_asyncio

from server.engines.embedded.process import EngineProcess
from server.engines.embedded.remote import RemoteEngineMaker
from server.storage.database import Database
from server.triage.errors import ModelUnreadable
from server.triage.examples.label import Label, LabelSource
from server.triage.examples.label_store import keep_many
from server.triage.starter import starter_taxonomy
from server.triage.supply import Supply
from server.triage.taxonomy import Category
from server.triage.taxonomy_store import TaxonomyStore
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
    lines: list[Mapping[str, object]]  # of the log

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
    async with opened(url, lambda work, _seconds, _outcome: works.append(work)) as database:
        lines: list[Mapping[str, object]] = []
        supply = await make_supply(database, RemoteEngineMaker(process), lines.append)
        store = Store(supply, database, works, uuid.uuid4().hex, lines)
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


async def test_a_taxonomy_whose_model_cannot_be_read_is_given_another(store: Store) -> None:
    categories = (
        Category("billing", "Billing", "Invoices.", ("an invoice",)),
        Category("parcels", "Parcels", "Deliveries.", ("a parcel",)),
    )
    taxonomies = TaxonomyStore(store.database)
    await taxonomies.add(store.tenant, 1, categories, b"not a model", "somebody")
    active = await store.supply.load(store.tenant)
    assert (active.taxonomy.revision, active.taxonomy.categories) == (2, categories)
    assert store.lines == [
        {
            "event": "model_unreadable",
            "tenant": store.tenant,
            "model": "models/0",
            "cause": "ModelUnreadable",
        }
    ]
    again = await store.supply.load(store.tenant)
    assert again.taxonomy.revision == 2


async def test_a_model_that_is_of_no_use_anew_is_not_trained_without_end(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def train(*_anything: object) -> bytes:
        return b"no model, either"

    monkeypatch.setattr(RemoteEngineMaker, "train", train)
    categories = starter_taxonomy().categories
    await TaxonomyStore(store.database).add(store.tenant, 1, categories, b"not a model", "somebody")
    for _ in range(3):
        with pytest.raises(ModelUnreadable):
            await store.supply.load(store.tenant)
    assert (await store.supply.own(store.tenant)).taxonomy.revision == 2
