"""The taxonomy in force for each tenant, and the engine that knows it, at hand."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from server.pacing import Paced
from server.triage.supply import Active, Supply
from server.triage.taxonomy import Category, Taxonomy, check_categories

MOST_TENANTS = 64  # whose taxonomy and engine are kept in memory
MOST_LOADS = 4  # at once
LEARN_EVERY_S = 1.0  # of one tenant


class TaxonomyCatalog:
    """Keeps what was used last. What any process has changed is loaded at once, and once, however
    many calls ask for it; what was in force answers until then.
    """

    def __init__(
        self, supply: Supply, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self.supply = supply
        self._kept: OrderedDict[str, Active] = OrderedDict()
        self._stale: set[str] = set()  # kept tenants of which something may have changed
        self._loading: dict[str, asyncio.Task[Active]] = {}
        self._loads = asyncio.Semaphore(MOST_LOADS)
        self._learning = Paced(self._learn, LEARN_EVERY_S, sleep)

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
            return await self.supply.current(tenant, etag)
        taxonomy = await self.supply.renew(tenant, etag, categories, actor)
        self.forget(tenant)
        # A load that was under way has perhaps read what was before; the next one has not. Where
        # that finds an earlier revision, too, the tenant has been deleted meanwhile.
        if (await asyncio.shield(self._load(tenant))).taxonomy.revision < taxonomy.revision:
            await asyncio.shield(self._load(tenant))
        return taxonomy

    def forget(self, tenant: str | None) -> None:
        """Load `tenant` anew, if it is kept; None: every tenant that is."""
        for known in self._known(tenant):
            self._stale.add(known)
            self._load(known)

    def learn(self, tenant: str | None) -> None:
        """Have the engine of `tenant`, if it is kept, learn what labels are recent now; None: of
        every tenant that is. Soon, and at most once a second.
        """
        for known in self._known(tenant):
            self._learning.soon(known)

    async def stop(self) -> None:
        """Load and learn no more."""
        await self._learning.stop()
        loads = tuple(self._loading.values())
        for load in loads:
            load.cancel()
        await asyncio.gather(*loads, return_exceptions=True)

    def _known(self, tenant: str | None) -> list[str]:
        known = self._kept.keys() | self._loading.keys()
        return sorted(known if tenant is None else known & {tenant})

    def _load(self, tenant: str) -> asyncio.Task[Active]:
        """The one load of this tenant that is under way."""
        task = self._loading.get(tenant)
        if task is None:
            task = self._loading[tenant] = asyncio.create_task(self._load_newest(tenant))
            task.add_done_callback(lambda done: self._loaded(tenant, done))
        return task

    async def _load_newest(self, tenant: str) -> Active:
        async with self._loads:
            self._stale.discard(tenant)  # before the reading: a change from now on counts again
            active = await self.supply.load(tenant)
        self._keep(tenant, active)
        return active

    def _loaded(self, tenant: str, task: asyncio.Task[Active]) -> None:
        del self._loading[tenant]
        if tenant not in self._kept:
            self._stale.discard(tenant)  # nothing was kept: the next call loads it in any case
        elif task.cancelled() or task.exception() is not None:
            self._stale.add(tenant)  # the next call tries again
        elif tenant in self._stale:  # it changed meanwhile
            self._load(tenant)

    async def _learn(self, tenant: str) -> None:
        while (loading := self._loading.get(tenant)) is not None:  # which may know less
            await asyncio.wait([loading])
        kept = self._kept.get(tenant)
        if kept is None:
            return
        active = await self.supply.relearn(tenant, kept)
        if self._kept.get(tenant) is kept:  # else a later load knows as much
            self._keep(tenant, active)

    def _keep(self, tenant: str, active: Active) -> None:
        before = self._kept.get(tenant)
        self._kept[tenant] = active
        if before is not None and before.engine.version != active.engine.version:
            self._retire(before)
        if len(self._kept) > MOST_TENANTS:
            oldest, unused = self._kept.popitem(last=False)
            self._stale.discard(oldest)
            self._retire(unused)

    def _retire(self, active: Active) -> None:
        if active.engine is not self.supply.starter.engine:
            active.engine.retire()
