"""Trainings on a real PostgreSQL, by a trainer that does what the test says."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import cycle

import pytest_asyncio

from server.engines.embedded.process import EngineProcess
from server.engines.embedded.remote import RemoteEngineMaker
from server.feedback.training.material import Material
from server.feedback.training.trainings import Made, Progress, Trainings
from server.storage.database import Database
from server.triage.catalog import TaxonomyCatalog
from server.triage.examples.label import Label
from server.triage.examples.label_store import keep_many
from server.triage.models.model import TrainedModel, Training
from server.triage.models.model_store import ModelStore
from server.triage.taxonomy import Category
from tests.integration.databases import make_schema, opened
from tests.integration.triage.supplies import make_supply

ACTOR = "apiKeys/0123456789abcdef"
NOW = datetime(2026, 1, 2, tzinfo=UTC)
ENOUGH = 200  # labels, a fifth of them to compare models on


async def nothing() -> None:
    """Nothing happens."""


@dataclass
class ToldTrainer:
    """Makes the same model each time; tests say who is right, and what happens meanwhile."""

    model: bytes
    is_right: bool = True
    is_rival_right: bool = True
    meanwhile: Callable[[], Awaitable[object]] = nothing
    rivals: list[bytes] = field(default_factory=list)
    began: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(
        self,
        categories: Sequence[Category],  # noqa: ARG002  # those of the protocol
        material: Material,
        rival: bytes,
        told: Callable[[Progress], None],
    ) -> Made:
        """A model."""
        self.rivals.append(rival)
        told(Progress("fitting", 0.1))
        self.began.set()
        await self.meanwhile()
        asked = len(material.held_out)
        right, rival_right = [self.is_right] * asked, [self.is_rival_right] * asked
        return Made(self.model, {"skipped": []}, "ab" * 32, "", right, rival_right)


@dataclass
class Desk:
    """Where the models of a tenant are trained."""

    tenant: str
    database: Database
    catalog: TaxonomyCatalog
    trainer: ToldTrainer
    trainings: Trainings
    tickets: int = 0  # so far

    @property
    def models(self) -> ModelStore:
        """Models on record."""
        return self.catalog.supply.models

    async def versions(self) -> list[int]:
        """Of the tenant's models, the newest first."""
        return [model.version for model in await self.models.page(self.tenant, None, 100)]

    async def active(self) -> int:
        """The version that answers."""
        return (await self.models.active(self.tenant))[0]

    async def label(self, labels: int = ENOUGH, *categories: str) -> None:
        """Put so many labels on record, of these categories by turns."""
        turns = cycle(categories or ("billing", "shipping"))
        numbers = range(self.tickets, self.tickets + labels)
        self.tickets += labels
        given = [(Label("", f"text number {number}", next(turns)), True) for number in numbers]
        async with self.database.connection("test") as connection, connection.transaction():
            await keep_many(connection, self.tenant, given, NOW)

    async def train(self, *, activates: bool = True) -> TrainedModel:
        """The model of a training that has ended."""
        steps = self.trainings.train(self.tenant, ACTOR, activates=activates)
        async with aclosing(steps):
            *_, last = [step async for step in steps]
        assert isinstance(last, TrainedModel)
        return last

    async def activate(self) -> int:
        """The version of a model that somebody has made elsewhere, and that answers by now."""
        made = Training(self.trainer.model, 0, "somebody", "ab" * 32, 0, {})
        version = await self.models.add(self.tenant, made)
        await self.models.activate(self.tenant, version, ACTOR)
        return version

    async def damage(self, version: int) -> None:
        """Cut a model short."""
        query = "UPDATE models SET model = 'cut' WHERE tenant = %s AND version = %s"
        async with self.database.connection("test") as connection:
            await connection.execute(query, [self.tenant, version])

    async def neighbour(self) -> "Desk":
        """That of another tenant, with labels."""
        desk = replace(self, tenant=uuid.uuid4().hex, tickets=0)
        await desk.label()
        return desk


@pytest_asyncio.fixture(scope="module")
async def training_url(postgres_url: str) -> str:
    """A database with the schema, for all tests of a module: each has tenants of its own."""
    return await make_schema(postgres_url)


@pytest_asyncio.fixture(scope="module")
async def training_database(training_url: str) -> AsyncIterator[Database]:
    """A pool upon it."""
    async with opened(training_url) as database:
        yield database


@pytest_asyncio.fixture(scope="module")
async def engines() -> AsyncIterator[RemoteEngineMaker]:
    """Makes engines in a process of their own."""
    process = EngineProcess()
    await process.start()
    yield RemoteEngineMaker(process)
    await process.stop()


@pytest_asyncio.fixture
async def desk(training_database: Database, engines: RemoteEngineMaker) -> AsyncIterator[Desk]:
    """A tenant's, without labels."""
    catalog = TaxonomyCatalog(await make_supply(training_database, engines))
    trainer = ToldTrainer(engines.starter_model())
    supply = catalog.supply
    trainings = Trainings(training_database, supply.labels, supply.models, catalog, trainer)
    yield Desk(uuid.uuid4().hex, training_database, catalog, trainer, trainings)
    await catalog.stop()
