"""Trains a tenant's model, compares it with the one that answers, and lets it take over."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from server.feedback.errors import TaxonomyChanged, TooFewLabels
from server.feedback.training.comparison import FEWEST, compare, may_answer
from server.feedback.training.material import Material, gather
from server.feedback.training.store import alone
from server.storage.database import Database
from server.triage.catalog import TaxonomyCatalog
from server.triage.examples.label_store import LabelStore
from server.triage.models.model import OWN, Comparison, TrainedModel, Training
from server.triage.models.model_store import ModelStore
from server.triage.supply import Active
from server.triage.taxonomy import Category

FEWEST_LABELS = 10


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a training is."""

    stage: str
    done: float  # share of the whole, 0 to 1
    finding: str = ""  # in a few words for a person


@dataclass(frozen=True, slots=True)
class Made:
    """What an engine has trained."""

    model: bytes
    figures: dict[str, Any]  # fit for JSON, by the names of the contract's TrainingFigures
    data_digest: str
    embedding_model: str
    right: Sequence[bool]  # of the labels that were held out, in order
    rival_right: Sequence[bool]  # likewise, of the model that answers


class Trainer(Protocol):
    """Trains a model in a process of its own."""

    async def __call__(
        self,
        categories: Sequence[Category],
        material: Material,
        rival: bytes,
        told: Callable[[Progress], None],
    ) -> Made:
        """A model of the material's labels, asked beside `rival` about those held out.

        Raises TrainingFailed. Cancelling it ends the process.
        """


class Trainings:
    """One training of a tenant at a time, in whichever process."""

    def __init__(
        self,
        database: Database,
        labels: LabelStore,
        models: ModelStore,
        taxonomies: TaxonomyCatalog,
        trainer: Trainer,
    ) -> None:
        self._database = database
        self._labels = labels
        self._models = models
        self._taxonomies = taxonomies
        self._trainer = trainer
        self._turn = asyncio.Semaphore(1)  # a training takes a whole processor

    async def train(
        self, tenant: str, creator: str, *, activates: bool
    ) -> AsyncGenerator[Progress | TrainedModel, None]:
        """Train a model from all labels: how far it is, and last the model, stored.

        Closing it ends the training, and nothing is kept of it. Raises TooFewLabels,
        TrainingUnderWay, TaxonomyChanged, TrainingFailed, StorageUnavailable.
        """
        async with alone(self._database, tenant), self._turn:
            yield Progress("reading", 0.0)
            active = await self._taxonomies.active(tenant)
            material = await self.gather(tenant, active)
            told: asyncio.Queue[Progress] = asyncio.Queue()  # a few dozen in all
            rival = await self._models.active_bytes(tenant)
            work = asyncio.create_task(
                self._trainer(active.taxonomy.categories, material, rival, told.put_nowait)
            )
            async for progress in _until(work, told):
                yield progress
            version = await self._keep(tenant, creator, active, material, await work)
            if activates and may_answer((await self._models.get(tenant, version)).comparison):
                yield Progress("activating", 0.99)
                await self._models.activate(tenant, version, creator)
            yield await self._models.get(tenant, version)

    async def gather(self, tenant: str, active: Active) -> Material:
        """What a training would learn from. Raises TooFewLabels."""
        categories = active.taxonomy.by_name
        material = await gather(self._labels.pages(tenant), categories)
        known = [label for label in material.labels if label.category in categories]
        if len(known) < FEWEST_LABELS:
            raise TooFewLabels(
                f"{len(known)} labels name a category of the taxonomy; {FEWEST_LABELS} are needed"
            )
        if len({label.category for label in known}) < 2:
            raise TooFewLabels(f"all labels name {known[0].category}; two categories are needed")
        return material

    async def _keep(
        self, tenant: str, creator: str, active: Active, material: Material, made: Made
    ) -> int:
        """Store what was made, with how it compares; its version."""
        taxonomy = (await self._taxonomies.active(tenant)).taxonomy
        if taxonomy.revision != active.taxonomy.revision:
            raise TaxonomyChanged
        other, _ = await self._models.active(tenant, taxonomy.revision)
        comparison: Comparison | None = None
        if len(material.held_out) >= FEWEST:
            comparison = await asyncio.to_thread(compare, made.right, made.rival_right, other)
        goes_on = comparison is not None and comparison.is_no_worse
        training = Training(
            model=made.model,
            taxonomy_revision=taxonomy.revision,
            creator=creator,
            data_digest=made.data_digest,
            label_number=material.number,
            figures=made.figures,
            embedding_model=made.embedding_model,
            comparison=comparison,
            lineage=await self._lineage_of(tenant, other) if goes_on else None,
        )
        return await self._models.add(tenant, training)

    async def _lineage_of(self, tenant: str, version: int) -> int:
        return OWN if version == OWN else (await self._models.get(tenant, version)).lineage


async def _until(
    work: asyncio.Task[Made], told: asyncio.Queue[Progress]
) -> AsyncGenerator[Progress, None]:
    """What is told while the work goes on; whoever closes it ends the work."""
    try:
        while not work.done() or not told.empty():
            hearing = asyncio.ensure_future(told.get())
            await asyncio.wait({work, hearing}, return_when=asyncio.FIRST_COMPLETED)
            if hearing.done():
                yield hearing.result()
            else:
                hearing.cancel()
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
