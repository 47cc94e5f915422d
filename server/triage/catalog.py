"""The taxonomy in force for each tenant, and the engine that knows it."""

from collections import OrderedDict
from collections.abc import Sequence
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
    """Keeps what was used last; forgets a tenant when any process changes its taxonomy."""

    def __init__(self, store: TaxonomyStore, maker: EngineMaker, starter: Active) -> None:
        self._store = store
        self._maker = maker
        self._starter = starter
        self._kept: OrderedDict[str, Active] = OrderedDict()
        self._generation = 0  # counts what was forgotten, to drop a load that it overtook

    async def active(self, tenant: str) -> Active:
        """What is in force for `tenant`. Raises StorageUnavailable."""
        kept = self._kept.get(tenant)
        if kept is not None:
            self._kept.move_to_end(tenant)
            return kept
        generation = self._generation
        active = await self._load(await self._store.newest(tenant))
        if generation == self._generation:
            self._keep(tenant, active)
        return active

    async def update(
        self, tenant: str, etag: str, categories: Sequence[Category], *, validate_only: bool
    ) -> Taxonomy:
        """Replace the categories; the taxonomy in force when it returns.

        Raises InvalidTaxonomy, StaleEtag, StorageUnavailable, or what the training raises.
        """
        check_categories(categories)
        stored = await self._store.newest(tenant)
        current = stored.taxonomy if stored else self._starter.taxonomy
        if etag != current.etag:
            raise StaleEtag("taxonomy")
        if validate_only:
            return current
        model = await self._maker.train(categories)
        taxonomy = await self._store.add(tenant, current.revision + 1, categories, model)
        self.forget(tenant)
        await self.active(tenant)
        return taxonomy

    def forget(self, tenant: str | None) -> None:
        """Load `tenant` anew when it is next asked for; None: every tenant."""
        self._generation += 1
        if tenant is None:
            self._kept.clear()
        else:
            self._kept.pop(tenant, None)

    async def _load(self, stored: StoredTaxonomy | None) -> Active:
        if stored is None:
            return self._starter
        return Active(stored.taxonomy, await self._maker.load(stored.model, stored.taxonomy))

    def _keep(self, tenant: str, active: Active) -> None:
        self._kept[tenant] = active
        if len(self._kept) > MOST_TENANTS:
            self._kept.popitem(last=False)
