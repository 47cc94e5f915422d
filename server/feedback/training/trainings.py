"""Trains a tenant's model, compares it with the one that answers, and lets it take over."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Protocol

from server.feedback.errors import TaxonomyChanged, TooFewLabels
from server.feedback.training.comparison import FEWEST, compare, may_answer
from server.feedback.training.material import Material, gather
from server.feedback.training.turns import Turns
from server.storage.database import Database
from server.triage.catalog import TaxonomyCatalog
from server.triage.examples.label_store import LabelStore
from server.triage.models.model import Comparison, TrainedModel, Training
from server.triage.models.model_store import Answering, ModelStore
from server.triage.supply import Active
from server.triage.taxonomy import Category

FEWEST_LABELS = 10
PAGE = 100  # labels to take in at a time: milliseconds, for others wait meanwhile


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


@dataclass(frozen=True, slots=True)
class _Ground:
    """What a training begins with. Whatever changes meanwhile, it is this that counts."""

    active: Active
    material: Material
    answering: Answering


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
        self._labels = labels
        self._models = models
        self._taxonomies = taxonomies
        self._trainer = trainer
        self._turns = Turns(database)

    async def train(
        self, tenant: str, creator: str, *, activates: bool
    ) -> AsyncGenerator[Progress | TrainedModel, None]:
        """Train a model from all labels: how far it is, and last the model, stored.

        Closing it ends the training, and nothing is kept of it. Raises TooFewLabels,
        TrainingUnderWay, TooManyTrainings, TaxonomyChanged, TrainingFailed, StorageUnavailable.
        """
        async with self._turns.taken(tenant):
            yield Progress("reading", 0.0)
            ground = await self._ground(tenant)
            told: asyncio.Queue[Progress] = asyncio.Queue()  # a few dozen in all
            categories, rival = ground.active.taxonomy.categories, ground.answering
            work = asyncio.create_task(
                self._trainer(categories, ground.material, rival.data, told.put_nowait)
            )
            async with aclosing(_until(work, told)) as steps:
                async for progress in steps:
                    yield progress
            training = await _describe(await work, ground, creator)
            await self._check_taxonomy(tenant, ground.active)
            version = await self._models.add(tenant, training)
            if activates and may_answer(training.comparison):
                yield Progress("activating", 0.99)
                await self._models.activate(tenant, version, creator, expected=rival.version)
            yield await self._models.get(tenant, version)

    async def gather(self, tenant: str, active: Active) -> Material:
        """What a training would learn from. Raises TooFewLabels."""
        taxonomy = active.taxonomy
        material = await gather(self._labels.pages(tenant, size=PAGE), taxonomy.categories)
        known = [label for label in material.labels if label.category in taxonomy.by_name]
        if len(known) < FEWEST_LABELS:
            raise TooFewLabels(
                f"{len(known)} labels name a category of the taxonomy; {FEWEST_LABELS} are needed"
            )
        if len({label.category for label in known}) < 2:
            raise TooFewLabels(f"all labels name {known[0].category}; two categories are needed")
        return material

    async def _ground(self, tenant: str) -> _Ground:
        """Raises TooFewLabels, TaxonomyChanged."""
        active = await self._taxonomies.active(tenant)
        material = await self.gather(tenant, active)
        answering = await self._models.answering(tenant)
        if answering.model.taxonomy_revision != active.taxonomy.revision:
            raise TaxonomyChanged
        return _Ground(active, material, answering)

    async def _check_taxonomy(self, tenant: str, known: Active) -> None:
        """Raises TaxonomyChanged."""
        active = await self._taxonomies.active(tenant)
        if active.taxonomy.revision != known.taxonomy.revision:
            raise TaxonomyChanged


async def _describe(made: Made, ground: _Ground, creator: str) -> Training:
    """What was made, and how it compares with the model that answered when it was begun."""
    material, other = ground.material, ground.answering.model
    comparison: Comparison | None = None
    if len(material.held_out) >= FEWEST:
        comparison = await asyncio.to_thread(compare, made.right, made.rival_right, other.version)
    goes_on = comparison is not None and comparison.is_no_worse
    return Training(
        model=made.model,
        taxonomy_revision=ground.active.taxonomy.revision,
        creator=creator,
        data_digest=made.data_digest,
        label_number=material.number,
        figures=made.figures | {"skipped": _skipped(made, material)},
        embedding_model=made.embedding_model,
        comparison=comparison,
        lineage=other.lineage if goes_on else None,
    )


def _skipped(made: Made, material: Material) -> list[dict[str, Any]]:
    """All labels that were left out, by the engine and before it."""
    before = [{"reason": why, "labels": count} for why, count in material.left_out.items()]
    return [*made.figures.get("skipped", ()), *before]


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
