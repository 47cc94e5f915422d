"""Trained models on record, and which of them answers."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest
import pytest_asyncio

from server.audit.store import AuditLog
from server.engines.embedded.engine import EmbeddedEngineMaker
from server.engines.embedded.remote import digest_of_model
from server.storage.database import Database
from server.triage.errors import ModelDamaged, ModelNotFound, ModelOutdated, ModelUnreadable
from server.triage.models.model import OWN, Comparison, ModelState, Training
from server.triage.models.model_store import MOST_MODELS, ModelStore, delete_models
from server.triage.starter import starter_taxonomy
from server.triage.taxonomy_store import TaxonomyStore
from tests.integration.databases import make_schema, opened

COMPARISON = Comparison(0, 100, 80, 9, 3, 0.06, 0.01, 0.02, True)
ACTOR = "apiKeys/0123456789abcdef"
TWO = starter_taxonomy().categories[:2]


@dataclass
class Shelf:
    """The models of one tenant, and a model to put there."""

    tenant: str
    database: Database
    models: ModelStore
    training: Training

    async def add(self, count: int = 1) -> None:
        """So many models more."""
        for _ in range(count):
            await self.models.add(self.tenant, self.training)

    async def activate(self, version: int) -> None:
        """Let it answer."""
        await self.models.activate(self.tenant, version, ACTOR)

    async def states(self) -> dict[int, ModelState]:
        """By version."""
        page = await self.models.page(self.tenant, None, 100)
        return {model.version: model.state for model in page}

    async def damage(self, version: int, model: bytes) -> None:
        """Put other bytes in a model's place."""
        async with self.database.connection("test") as connection:
            await connection.execute(
                "UPDATE models SET model = %s WHERE tenant = %s AND version = %s",
                [model, self.tenant, version],
            )

    async def change_taxonomy(self, model: bytes) -> None:
        """The tenant's first revision, with a model of its own."""
        await TaxonomyStore(self.database).add(self.tenant, 1, TWO, model, ACTOR)


@pytest.fixture(scope="module")
def starter() -> bytes:
    """The starter model."""
    return EmbeddedEngineMaker().starter_model()


@pytest_asyncio.fixture(scope="module")
async def other() -> bytes:
    """Another model."""
    return await EmbeddedEngineMaker().train(TWO)


@pytest_asyncio.fixture(scope="module")
async def database(postgres_url: str) -> AsyncIterator[Database]:
    """A database with the schema, for all tests of this module."""
    async with opened(await make_schema(postgres_url)) as database:
        yield database


@pytest.fixture
def shelf(database: Database, starter: bytes) -> Shelf:
    """The models of a tenant of the test's own."""
    training = Training(
        model=starter,
        taxonomy_revision=0,
        creator="alice",
        data_digest="ab" * 32,
        label_number=7,
        figures={"accuracy": 0.9},
    )
    models = ModelStore(database, digest_of_model, lambda: starter)
    return Shelf(uuid.uuid4().hex, database, models, training)


async def test_a_model_is_read_as_it_was_added(shelf: Shelf, starter: bytes) -> None:
    version = await shelf.models.add(shelf.tenant, replace(shelf.training, comparison=COMPARISON))
    model, data = await shelf.models.with_bytes(shelf.tenant, version)
    assert (model.version, model.state, model.lineage) == (1, ModelState.READY, 1)
    assert (model.figures, model.comparison) == ({"accuracy": 0.9}, COMPARISON)
    assert (model.label_number, model.data_digest) == (7, "ab" * 32)
    assert (model.digest, model.size_bytes) == (digest_of_model(starter), len(starter))
    assert data == starter


async def test_a_model_that_is_no_worse_is_of_the_same_lineage(shelf: Shelf) -> None:
    await shelf.models.add(shelf.tenant, replace(shelf.training, lineage=0))
    assert (await shelf.models.get(shelf.tenant, 1)).lineage == 0


async def test_models_added_at_once_are_different_versions(shelf: Shelf) -> None:
    added = await asyncio.gather(
        *[shelf.models.add(shelf.tenant, shelf.training) for _ in range(6)]
    )
    assert sorted(added) == [1, 2, 3, 4, 5, 6]


async def test_what_is_no_model_is_not_stored(shelf: Shelf, starter: bytes) -> None:
    with pytest.raises(ModelUnreadable):
        await shelf.models.add(shelf.tenant, replace(shelf.training, model=starter[:1000]))
    assert await shelf.states() == {}


async def test_pages_go_from_the_newest_to_the_oldest(shelf: Shelf) -> None:
    await shelf.add(3)
    first = await shelf.models.page(shelf.tenant, None, 2)
    second = await shelf.models.page(shelf.tenant, first[-1].version, 2)
    assert [model.version for model in (*first, *second)] == [3, 2, 1]


async def test_one_model_answers_and_the_one_before_is_known(shelf: Shelf) -> None:
    await shelf.add(2)
    assert await shelf.models.active(shelf.tenant) == (0, 0)
    await shelf.activate(1)
    await shelf.activate(2)
    assert await shelf.models.active(shelf.tenant) == (2, 1)
    assert await shelf.states() == {1: ModelState.READY, 2: ModelState.ACTIVE}
    await shelf.activate(0)
    assert await shelf.models.active(shelf.tenant) == (0, 2)


async def test_a_model_gives_way_where_it_is_the_one_that_was_expected_to(shelf: Shelf) -> None:
    await shelf.add(2)
    await shelf.activate(1)
    assert not await shelf.models.activate(shelf.tenant, 2, ACTOR, expected=0)
    assert await shelf.models.active(shelf.tenant) == (1, 0)
    assert await shelf.models.activate(shelf.tenant, 2, ACTOR, expected=1)
    assert await shelf.models.active(shelf.tenant) == (2, 1)


async def test_the_taxonomys_own_model_answers_where_the_active_one_is_damaged(
    shelf: Shelf, starter: bytes
) -> None:
    await shelf.add()
    await shelf.activate(1)
    await shelf.damage(1, starter[:5000])
    answering = await shelf.models.answering(shelf.tenant)
    assert (answering.version, answering.model.version, answering.data) == (1, OWN, starter)


async def test_an_activation_is_put_on_record_once(shelf: Shelf) -> None:
    await shelf.add()
    for version in (0, 1, 1):
        await shelf.activate(version)
    events = await AuditLog(shelf.database).page(shelf.tenant, "model.activate", None, 10)
    (change,) = [event.change for event in events]
    assert (change.actor, change.resource) == (ACTOR, "models/1")
    assert (change.before, change.after) == ({"active": "models/0"}, {"active": "models/1"})


async def test_activations_at_once_follow_one_another(shelf: Shelf) -> None:
    await shelf.add(4)
    await asyncio.gather(*[shelf.activate(version) for version in (1, 2, 3, 4)])
    events = await AuditLog(shelf.database).page(shelf.tenant, "model.activate", None, 10)
    told = [event.change for event in reversed(events)]
    assert [one.before for one in told] == [{"active": "models/0"}, *(one.after for one in told)][
        :4
    ]
    version, before = await shelf.models.active(shelf.tenant)
    assert told[-1].after == {"active": f"models/{version}"}
    assert told[-1].before == {"active": f"models/{before}"}


async def test_a_model_of_another_revision_cannot_be_activated(shelf: Shelf, other: bytes) -> None:
    await shelf.add()
    await shelf.activate(1)
    await shelf.change_taxonomy(other)
    assert await shelf.states() == {1: ModelState.OUTDATED}
    assert await shelf.models.active(shelf.tenant) == (0, 0)
    with pytest.raises(ModelOutdated):
        await shelf.activate(1)


async def test_a_model_that_is_not_there_cannot_be_activated(shelf: Shelf) -> None:
    await shelf.add()
    for tenant, version in ((shelf.tenant, 2), (uuid.uuid4().hex, 1)):
        with pytest.raises(ModelNotFound):
            await shelf.models.activate(tenant, version, ACTOR)


@pytest.mark.parametrize("damage", ["cut", "another"])
async def test_a_model_whose_bytes_are_not_those_that_were_stored_is_refused(
    shelf: Shelf, starter: bytes, other: bytes, damage: str
) -> None:
    await shelf.add()
    await shelf.damage(1, other if damage == "another" else starter[:5000])
    with pytest.raises(ModelDamaged, match="models/1"):
        await shelf.activate(1)
    assert await shelf.models.active(shelf.tenant) == (0, 0)


async def test_the_starter_model_answers_until_another_does(shelf: Shelf, starter: bytes) -> None:
    model, data = await shelf.models.with_bytes(shelf.tenant, OWN)
    assert (model.state, model.taxonomy_revision, model.create_time) == (ModelState.ACTIVE, 0, None)
    assert (model.digest, data) == (digest_of_model(starter), starter)
    await shelf.add()
    await shelf.activate(1)
    assert (await shelf.models.get(shelf.tenant, OWN)).state is ModelState.READY


async def test_with_another_taxonomy_its_own_model_answers(shelf: Shelf, other: bytes) -> None:
    await shelf.add()
    await shelf.activate(1)
    assert (await shelf.models.answering(shelf.tenant)).data == shelf.training.model
    await shelf.change_taxonomy(other)
    assert (await shelf.models.answering(shelf.tenant)).data == other
    model = await shelf.models.get(shelf.tenant, OWN)
    assert (model.state, model.taxonomy_revision) == (ModelState.ACTIVE, 1)
    assert model.create_time is not None


async def test_old_models_go_but_for_the_one_that_answers_and_the_one_before(
    shelf: Shelf,
) -> None:
    await shelf.add(3)
    await shelf.activate(1)
    await shelf.activate(2)
    await shelf.add(MOST_MODELS)
    states = await shelf.states()
    assert {1, 2, 4} <= states.keys()
    assert 3 not in states
    assert len(states) == MOST_MODELS + 2


async def test_a_tenants_models_end_with_it(shelf: Shelf) -> None:
    await shelf.add()
    await shelf.activate(1)
    async with shelf.database.connection("test") as connection:
        await delete_models(connection, shelf.tenant)
    assert await shelf.states() == {}
    assert await shelf.models.active(shelf.tenant) == (0, 0)
