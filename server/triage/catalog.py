"""The taxonomy in force for each tenant, and the engine that knows it."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from server.triage.engine import Engine, EngineMaker
from server.triage.errors import StaleEtag
from server.triage.store import StoredTaxonomy, TaxonomyStore
from server.triage.taxonomy import Category, Taxonomy, check_categories

MOST_TENANTS = 64  # whose taxonomy and engine are kept in memory


@dataclass(frozen=True, slots=True)
class Active:
    """A taxonomy in force and its engine."""

    taxonomy: Taxonomy
    engine: Engine


class TaxonomyCatalog:
    """Keeps what was used last. What another process has changed is loaded once, however many
    calls ask for it, and what was in force answers until then.
    """

    def __init__(self, store: TaxonomyStore, maker: EngineMaker, starter: Active) -> None:
        self._store = store
        self._maker = maker
        self._starter = starter
        self._kept: OrderedDict[str, Active] = OrderedDict()
        self._stale: set[str] = set()  # kept tenants whose taxonomy may have changed
        self._loading: dict[str, asyncio.Task[Active]] = {}
        self._training = asyncio.Semaphore(1)  # a training takes a whole processor

    async def active(self, tenant: str) -> Active:
        """What is in force for `tenant`. Raises StorageUnavailable."""
        kept = self._kept.get(tenant)
        if kept is None:
            return await asyncio.shield(self._load(tenant))
        if tenant in self._stale:
            self._load(tenant)
        self._kept.move_to_end(tenant)
        return kept

    def generation_of(self, tenant: str) -> str | None:
        """Names the state that a tenant's answers depend on; None: it is not known just now."""
        kept = self._kept.get(tenant)
        if kept is None or tenant in self._stale:
            return None
        version = kept.engine.version
        return f"{kept.taxonomy.revision} {version.engine} {version.version}"

    async def find_generation(self, tenant: str) -> str | None:
        """The same, after the first load of what is in force for the tenant."""
        with suppress(Exception):  # whoever works on the call says what is wrong
            await self.active(tenant)
        return self.generation_of(tenant)

    async def update(
        self,
        tenant: str,
        etag: str,
        categories: Sequence[Category],
        actor: str,
        *,
        validate_only: bool,
    ) -> Taxonomy:
        """Replace the categories in the name of `actor`; the taxonomy in force when it returns.

        Raises InvalidTaxonomy, StaleEtag, StorageUnavailable, or what the training raises.
        """
        check_categories(categories)
        if validate_only:
            return await self._current(tenant, etag)
        async with self._training:
            current = await self._current(tenant, etag)
            model = await self._maker.train(categories)
            taxonomy = await self._store.add(tenant, current.revision + 1, categories, model, actor)
        stored = StoredTaxonomy(taxonomy, model)
        self._keep(tenant, await self._engine_of(stored))
        return taxonomy

    def forget(self, tenant: str | None) -> None:
        """Load `tenant` anew when it is next asked for; None: every tenant."""
        known = self._kept.keys() | self._loading.keys()
        self._stale |= known if tenant is None else known & {tenant}

    async def _current(self, tenant: str, etag: str) -> Taxonomy:
        """The taxonomy in force. Raises StaleEtag when `etag` is another's."""
        stored = await self._store.newest(tenant)
        current = stored.taxonomy if stored else self._starter.taxonomy
        if etag != current.etag:
            raise StaleEtag("taxonomy")
        return current

    def _load(self, tenant: str) -> asyncio.Task[Active]:
        """The one load of this tenant that is under way."""
        task = self._loading.get(tenant)
        if task is None:
            task = self._loading[tenant] = asyncio.create_task(self._load_newest(tenant))
            task.add_done_callback(lambda done: self._loaded(tenant, done))
        return task

    async def _load_newest(self, tenant: str) -> Active:
        self._stale.discard(tenant)  # before the reading: a change from now on counts again
        active = await self._engine_of(await self._store.newest(tenant))
        self._keep(tenant, active)
        return active

    def _loaded(self, tenant: str, task: asyncio.Task[Active]) -> None:
        del self._loading[tenant]
        if tenant not in self._kept:
            self._stale.discard(tenant)  # nothing was kept: the next call loads it in any case
        elif task.cancelled() or task.exception() is not None:
            self._stale.add(tenant)

    async def _engine_of(self, stored: StoredTaxonomy | None) -> Active:
        if stored is None:
            return self._starter
        return Active(stored.taxonomy, await self._maker.load(stored.model, stored.taxonomy))

    def _keep(self, tenant: str, active: Active) -> None:
        """Keep it, unless a later revision is kept already."""
        kept = self._kept.get(tenant)
        if kept is not None and kept.taxonomy.revision > active.taxonomy.revision:
            return
        self._kept[tenant] = active
        if len(self._kept) > MOST_TENANTS:
            oldest, _ = self._kept.popitem(last=False)
            self._stale.discard(oldest)
