"""What is in force, in two processes at once: both on one database, each with its own engines."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
import pytest_asyncio

from server.engines.embedded.process import EngineProcess
from server.engines.embedded.remote import RemoteEngineMaker, digest_of_model
from server.storage.database import Database
from server.storage.notifications import Notifications
from server.triage.catalog import TaxonomyCatalog
from server.triage.engine import Parts
from server.triage.errors import StaleEtag
from server.triage.examples.label import Label, LabelSource
from server.triage.examples.label_store import LABEL_CHANNEL, keep, keep_many
from server.triage.models.model import Training
from server.triage.models.model_store import ModelStore
from server.triage.taxonomy import Category
from server.triage.taxonomy_store import TAXONOMY_CHANNEL, TaxonomyStore
from server.triage.ticket import Ticket, encode_record
from tests.integration.callers import until
from tests.integration.databases import make_schema, opened
from tests.integration.triage.supplies import make_supply, newest_number

ACTOR = "apiKeys/0123456789abcdef"
GARDEN = (
    Category("plants", "Plants", "", ("my rose has yellow leaves", "when do I water a fern?")),
    Category("tools", "Tools", "", ("the lawn mower does not start", "my spade broke")),
)
ROSE = "my rose has yellow leaves"


@dataclass
class Branch:
    """One process: its catalog, and what it wrote into its log."""

    catalog: TaxonomyCatalog
    log: list[Mapping[str, object]] = field(default_factory=list)

    async def category(self, tenant: str, body: str) -> str:
        """Which one a ticket gets."""
        active = await self.catalog.active(tenant)
        reading = active.engine.read(encode_record(Ticket(id="1", body=body)), Parts())
        await reading.language()
        assessment, _ = await reading.assess()
        return assessment.category.label

    async def version(self, tenant: str) -> tuple[str, str]:
        """Of the model that answers, with its lineage."""
        active = await self.catalog.active(tenant)
        return active.engine.version.version, active.lineage

    async def recent(self, tenant: str) -> set[str]:
        """Texts of the recent labels."""
        return {one.text for one in (await self.catalog.active(tenant)).recent.values()}

    async def similar(self, tenant: str, body: str) -> set[str]:
        """Categories of what the engine finds similar."""
        active = await self.catalog.active(tenant)
        reading = active.engine.read(encode_record(Ticket(id="1", body=body)), Parts())
        await reading.language()
        return {one.category for one in reading.similar}


UPDATE_S = 60.0
# Deletes what a tenant's next update adds, before anyone can read it.
DELETE_AT_ONCE = """
CREATE FUNCTION delete_at_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM taxonomies WHERE tenant = NEW.tenant;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER delete_at_once AFTER INSERT ON taxonomies
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.tenant = '{tenant}')
EXECUTE FUNCTION delete_at_once()
"""


@dataclass
class House:
    """Two branches on one database, and what both share."""

    database: Database
    branches: tuple[Branch, Branch]
    models: ModelStore
    own: bytes  # a model of GARDEN
    trained: bytes  # another one

    async def open_garden(self) -> str:
        """A tenant of which both branches know that it has a garden."""
        tenant = uuid.uuid4().hex
        await TaxonomyStore(self.database).add(tenant, 1, GARDEN, self.own, ACTOR)
        for branch in self.branches:
            assert await branch.category(tenant, ROSE) == "plants"
        return tenant

    async def add_model(self, tenant: str, revision: int = 1, label_number: int = 0) -> int:
        """A trained model that does not answer yet."""
        training = Training(self.trained, revision, "alice", "00" * 32, label_number, {})
        return await self.models.add(tenant, training)

    async def label(self, tenant: str, body: str, category: str) -> None:
        """A person's correction."""
        label = Label("", body, category, source=LabelSource.CORRECTION)
        async with self.database.connection("test") as connection, connection.transaction():
            await keep(connection, tenant, label, datetime.now(UTC))


@asynccontextmanager
async def opened_branch(url: str) -> AsyncIterator[Branch]:
    """A process of its own, in all but the memory."""
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(opened(url))
        process = EngineProcess()
        await process.start()
        stack.push_async_callback(process.stop)
        log: list[Mapping[str, object]] = []
        supply = await make_supply(database, RemoteEngineMaker(process), log.append)
        catalog = TaxonomyCatalog(supply)
        stack.push_async_callback(catalog.stop)
        notifications = Notifications(
            url, {TAXONOMY_CHANNEL: catalog.forget, LABEL_CHANNEL: catalog.learn}
        )
        notifications.start()
        stack.push_async_callback(notifications.stop)
        yield Branch(catalog, log)


@pytest_asyncio.fixture(scope="module")
async def house(postgres_url: str) -> AsyncIterator[House]:
    """Shared by all tests of this module: each has tenants of its own."""
    url = await make_schema(postgres_url)
    async with opened(url) as database, opened_branch(url) as one, opened_branch(url) as two:
        maker = RemoteEngineMaker(EngineProcess())
        labels = [Label("", f"the {name} is rusty", "tools") for name in ("rake", "shears")]
        own, trained = await asyncio.gather(maker.train(GARDEN), maker.train(GARDEN, labels))
        models = ModelStore(database, digest_of_model, maker.starter_model)
        yield House(database, (one, two), models, own, trained)


async def until_answered(branch: Branch, tenant: str, *expected: str) -> None:
    """Until a model of this version and lineage answers."""

    async def is_answered() -> bool:
        return await branch.version(tenant) == expected

    await until(is_answered)


async def until_known(branch: Branch, tenant: str, text: str) -> None:
    """Until a label of this text is among the recent ones."""

    async def is_known() -> bool:
        return text in await branch.recent(tenant)

    await until(is_known)


def named(model: bytes) -> str:
    """The version that an engine tells of a model."""
    return digest_of_model(model)[:12]


async def test_a_model_that_one_process_activates_answers_in_both(house: House) -> None:
    tenant = await house.open_garden()
    version = await house.add_model(tenant)
    for active, model, lineage in ((version, house.trained, "1.1"), (0, house.own, "1.0")):
        await house.models.activate(tenant, active, ACTOR)
        for branch in house.branches:
            await until_answered(branch, tenant, named(model), lineage)


async def test_the_new_model_is_loaded_although_nobody_asks(house: House) -> None:
    tenant = await house.open_garden()
    await house.models.activate(tenant, await house.add_model(tenant), ACTOR)
    catalog = house.branches[1].catalog

    async def has_changed() -> bool:
        return named(house.trained) in str(catalog.generation_of(tenant))

    await until(has_changed)
    assert (await house.branches[1].version(tenant))[0] == named(house.trained)


async def test_whoever_activates_while_others_do_all_processes_end_with_the_same_model(
    house: House,
) -> None:
    tenant = await house.open_garden()
    versions = [0, *[await house.add_model(tenant) for _ in range(3)]]
    await asyncio.gather(*[house.models.activate(tenant, one, ACTOR) for one in versions * 3])
    version, _ = await house.models.active(tenant)
    expected = (named(house.trained), f"1.{version}") if version else (named(house.own), "1.0")
    for branch in house.branches:
        await until_answered(branch, tenant, *expected)


@pytest.mark.parametrize("rest", [b"", b"\0" * 100], ids=["cut short", "overwritten"])
async def test_where_the_stored_model_is_damaged_the_taxonomys_own_answers(
    house: House, rest: bytes
) -> None:
    tenant = await house.open_garden()
    version = await house.add_model(tenant)
    branch = house.branches[0]
    await house.models.activate(tenant, version, ACTOR)
    await until_answered(branch, tenant, named(house.trained), "1.1")
    async with house.database.connection("test") as connection:
        await connection.execute(
            "UPDATE models SET model = %s WHERE tenant = %s", [house.trained[:2000] + rest, tenant]
        )
    branch.catalog.forget(tenant)
    await until_answered(branch, tenant, named(house.own), "1.0")
    assert await branch.category(tenant, ROSE) == "plants"
    assert branch.log[-1] == {
        "event": "model_unreadable",
        "tenant": tenant,
        "model": f"models/{version}",
        "cause": "ModelDamaged",
    }


async def test_a_label_is_learned_in_both_processes(house: House) -> None:
    tenant = await house.open_garden()
    generation = house.branches[0].catalog.generation_of(tenant)
    await house.label(tenant, "the pergola wobbles in the wind", "tools")
    for branch in house.branches:
        await until_known(branch, tenant, "the pergola wobbles in the wind")
        assert await branch.similar(tenant, "my pergola wobbles in the wind") == {"tools"}
    assert house.branches[0].catalog.generation_of(tenant) == generation


async def test_labels_outlive_a_change_of_the_model(house: House) -> None:
    tenant = await house.open_garden()
    await house.label(tenant, "the pergola wobbles", "tools")
    await house.models.activate(tenant, await house.add_model(tenant), ACTOR)
    branch = house.branches[1]
    await until_answered(branch, tenant, named(house.trained), "1.1")
    await until_known(branch, tenant, "the pergola wobbles")
    assert await branch.similar(tenant, "the pergola wobbles") == {"tools"}


async def test_labels_that_a_model_has_seen_in_its_training_are_known_to_be_learned(
    house: House,
) -> None:
    tenant = await house.open_garden()
    await house.label(tenant, "the pergola wobbles", "tools")
    number = await newest_number(house.database, tenant)
    version = await house.add_model(tenant, label_number=number)
    await house.models.activate(tenant, version, ACTOR)
    branch = house.branches[0]
    await until_answered(branch, tenant, named(house.trained), "1.1")
    await house.label(tenant, "the trellis creaks", "tools")
    await until_known(branch, tenant, "the trellis creaks")
    recent = (await branch.catalog.active(tenant)).recent.values()
    assert {one.text: one.is_learned for one in recent} == {
        "the pergola wobbles": True,
        "the trellis creaks": False,
    }


async def test_what_a_tenant_teaches_the_starter_engine_nobody_else_hears(house: House) -> None:
    teacher, other = uuid.uuid4().hex, uuid.uuid4().hex
    branch, text = house.branches[0], "the zeppelin hums in the hangar"
    for tenant in (teacher, other):
        await branch.category(tenant, text)
    await house.label(teacher, text, "product_defect")
    await until_known(branch, teacher, text)
    assert await branch.similar(teacher, text) == {"product_defect"}
    assert await branch.similar(other, text) == set()
    assert (await branch.version(teacher)) == (await branch.version(other))


async def test_an_update_learns_from_the_labels_of_categories_that_stay(house: House) -> None:
    tenant = await house.open_garden()
    branch = house.branches[0]
    texts = [
        f"the {name} of the {place} drips" for name in "abcdefghij" for place in ("tap", "hose")
    ]
    await house.label(tenant, "a label of a category that goes", "tools")
    given = [(Label("", text, "water"), False) for text in texts]
    async with house.database.connection("test") as connection, connection.transaction():
        await keep_many(connection, tenant, given, datetime.now(UTC))
    water = Category("water", "Water", "", ("where is the valve?",))
    etag = (await branch.catalog.active(tenant)).taxonomy.etag
    updated = await branch.catalog.update(
        tenant, etag, [GARDEN[0], water], ACTOR, validate_only=False
    )
    assert (await branch.catalog.active(tenant)).taxonomy == updated
    assert await branch.category(tenant, "the z of the hose drips") == "water"
    assert await branch.recent(tenant) == set()  # its category is no more


async def test_an_update_puts_a_model_aside_that_is_activated_at_the_same_time(
    house: House,
) -> None:
    tenant = await house.open_garden()
    version = await house.add_model(tenant)
    branch = house.branches[0]
    etag = (await branch.catalog.active(tenant)).taxonomy.etag
    update = branch.catalog.update(tenant, etag, GARDEN, ACTOR, validate_only=False)
    await asyncio.gather(update, house.models.activate(tenant, version, ACTOR))
    assert (await branch.version(tenant))[1] == "2.0"
    with pytest.raises(StaleEtag):
        await branch.catalog.update(tenant, etag, GARDEN, ACTOR, validate_only=True)


async def test_an_update_of_a_tenant_that_is_deleted_meanwhile_ends(house: House) -> None:
    tenant = await house.open_garden()
    async with house.database.connection("test") as connection:
        await connection.execute(DELETE_AT_ONCE.format(tenant=tenant).encode())
    catalog = house.branches[0].catalog
    etag = (await catalog.active(tenant)).taxonomy.etag
    updated = await asyncio.wait_for(
        catalog.update(tenant, etag, GARDEN, ACTOR, validate_only=False), UPDATE_S
    )
    assert updated.revision == 2
    assert (await catalog.active(tenant)).taxonomy.revision == 0
