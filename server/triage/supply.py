"""What is in force for a tenant, made of what is on record: taxonomy, model and recent labels."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from server.triage.engine import Engine, EngineMaker
from server.triage.errors import ModelNotFound, ModelUnreadable, StaleEtag
from server.triage.examples.label import RecentLabel
from server.triage.examples.label_store import LabelStore
from server.triage.models.model import OWN
from server.triage.models.model_store import ModelStore
from server.triage.taxonomy import Category, Taxonomy
from server.triage.taxonomy_store import StoredTaxonomy, TaxonomyStore

MOST_RECENT = 2000  # labels of a tenant that its engine learns between trainings
ACTOR = "server"  # of a training that nobody asked for
MOST_TRAINING = 3000  # labels that an update of the taxonomy learns from: it takes seconds

Report = Callable[[Mapping[str, object]], None]  # a line for the log


@dataclass(frozen=True, slots=True)
class Active:
    """A taxonomy in force, its engine, and what that learned since it was trained."""

    taxonomy: Taxonomy
    engine: Engine
    lineage: str = (
        "0.0"  # revision of the taxonomy, and the model that the engine's line began with
    )
    recent: Mapping[str, RecentLabel] = field(default_factory=dict)  # by id, the oldest first
    recent_state: tuple[int, int] = (0, 0)  # of those on record, when they were read
    label_number: int = 0  # of the newest label that the engine's model has seen in its training


class Supply:
    """Makes what is in force. Raises StorageUnavailable, or what the engine raises."""

    def __init__(
        self,
        taxonomies: TaxonomyStore,
        models: ModelStore,
        labels: LabelStore,
        maker: EngineMaker,
        starter: Active,
        report: Report,
    ) -> None:
        self.starter = starter
        self._taxonomies = taxonomies
        self.models = models
        self.labels = labels
        self._maker = maker
        self._report = report
        self._training = asyncio.Semaphore(1)  # a training takes a whole processor
        self._replaced: dict[
            str, int
        ] = {}  # by tenant, the revision with which its model came back

    async def own(self, tenant: str) -> StoredTaxonomy:
        """The newest taxonomy and the model that it was given with its last change."""
        stored = await self._taxonomies.newest(tenant)
        return stored or StoredTaxonomy(self.starter.taxonomy, self._maker.starter_model())

    async def load(self, tenant: str) -> Active:
        """What is in force: the active model; the taxonomy's own where that cannot be read; where
        neither can, a new one, with the same categories as a new revision.
        """
        stored = await self.own(tenant)
        try:
            return await self._load(tenant, stored)
        except ModelUnreadable as error:
            self._tell_unreadable(tenant, OWN, error)
            if self._replaced.get(tenant) == stored.taxonomy.revision:  # it was no use
                raise
        with suppress(StaleEtag):  # another process was faster
            categories = stored.taxonomy.categories
            taxonomy = await self.renew(tenant, stored.taxonomy.etag, categories, ACTOR)
            self._replaced[tenant] = taxonomy.revision
        return await self._load(tenant, await self.own(tenant))

    async def _load(self, tenant: str, stored: StoredTaxonomy) -> Active:
        active = await self._trained(tenant, stored.taxonomy)
        learned = active.label_number if active else 0
        state = await self.labels.recent_state(tenant, MOST_RECENT)
        recent = await self._recent(tenant, stored.taxonomy, learned)
        if active is None:
            active = await self._untrained(tenant, stored, is_taught=bool(recent))
        if recent:
            await active.engine.learn(tuple(recent.values()))
        return replace(active, recent=recent, recent_state=state)

    async def relearn(self, tenant: str, active: Active) -> Active:
        """The same with the labels that are recent now."""
        state = await self.labels.recent_state(tenant, MOST_RECENT)
        if state == active.recent_state:  # as while labels are imported
            return active
        recent = await self._recent(tenant, active.taxonomy, active.label_number)
        if recent == active.recent:
            return replace(active, recent_state=state)
        if active.engine is self.starter.engine:  # which is everybody's
            return await self.load(tenant)
        await active.engine.learn(tuple(recent.values()))
        return replace(active, recent=recent, recent_state=state)

    async def renew(
        self, tenant: str, etag: str, categories: Sequence[Category], actor: str
    ) -> Taxonomy:
        """Train on the categories' examples and the tenant's labels, and commit both together.

        Raises StaleEtag.
        """
        async with self._training:
            current = await self.current(tenant, etag)
            names = [category.name for category in categories]
            labels = await self.labels.sample(tenant, names, MOST_TRAINING)
            model = await self._maker.train(categories, labels)
            revision = current.revision + 1
            return await self._taxonomies.add(tenant, revision, categories, model, actor)

    async def current(self, tenant: str, etag: str) -> Taxonomy:
        """The newest taxonomy. Raises StaleEtag when `etag` is another's."""
        current = (await self.own(tenant)).taxonomy
        if etag != current.etag:
            raise StaleEtag("taxonomy")
        return current

    async def _recent(
        self, tenant: str, taxonomy: Taxonomy, learned: int
    ) -> dict[str, RecentLabel]:
        """Recent labels of categories that there still are."""
        recent = await self.labels.recent(tenant, MOST_RECENT, learned)
        return {label.label_id: label for label in recent if label.category in taxonomy.by_name}

    async def _trained(self, tenant: str, taxonomy: Taxonomy) -> Active | None:
        """With the trained model that was activated; None: none was, or it cannot be read."""
        version, _ = await self.models.active(tenant, taxonomy.revision)
        if version == OWN:
            return None
        try:
            model, data = await self.models.with_bytes(tenant, version)
            engine = await self._maker.load(data, taxonomy, tenant)
        except (ModelNotFound, ModelUnreadable) as error:
            self._tell_unreadable(tenant, version, error)
            return None
        lineage = f"{taxonomy.revision}.{model.lineage}"
        return Active(taxonomy, engine, lineage, label_number=model.label_number)

    def _tell_unreadable(self, tenant: str, version: int, error: Exception) -> None:
        facts = {"tenant": tenant, "model": f"models/{version}", "cause": type(error).__name__}
        self._report({"event": "model_unreadable", **facts})

    async def _untrained(self, tenant: str, stored: StoredTaxonomy, *, is_taught: bool) -> Active:
        """With the taxonomy's own model. The starter's is everybody's until a tenant teaches it."""
        taxonomy = stored.taxonomy
        if taxonomy is self.starter.taxonomy and not is_taught:
            return self.starter
        engine = await self._maker.load(stored.model, taxonomy, tenant)
        return Active(taxonomy, engine, f"{taxonomy.revision}.{OWN}")
