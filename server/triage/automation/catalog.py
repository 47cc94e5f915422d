"""How automation stands for each tenant, at hand.

What changes is heard by a notification, and read before anything more is decided. Whoever may have
missed one, or cannot read what changed, goes by what was known for at most TRUSTED_S more; from
then on every gate is closed.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from math import inf

from server.triage.automation.standing import Standing

MOST_TENANTS = 1024  # that are kept in memory
TRUSTED_S = 60.0
RETRY_S = 1.0
LONGEST_WAIT_S = 0.25  # of a decision, for what has changed
REFRESH_S = 30.0  # what calibration learns is not worth a notification each time

Load = Callable[[str], Awaitable[Standing]]


@dataclass(slots=True)
class _Kept:
    standing: Standing
    asked_s: float  # when it was last to be read
    doubted_s: float | None  # since when it may be another; None: it is not


class AutomationCatalog:
    """Keeps what was used last."""

    def __init__(self, load: Load, clock: Callable[[], float]) -> None:
        self._load = load
        self._clock = clock
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._loading: dict[str, asyncio.Task[Standing]] = {}
        self._hears = False  # of changes

    async def of(self, tenant: str) -> Standing:
        """How automation stands for the tenant.

        Raises StorageUnavailable where that was never read, and cannot be read.
        """
        kept = self._kept.get(tenant)
        if kept is None:
            return await asyncio.shield(self._load_once(tenant))
        self._kept.move_to_end(tenant)
        now_s, doubted_s = self._clock(), kept.doubted_s
        pause_s = REFRESH_S if doubted_s is None else RETRY_S
        if now_s - kept.asked_s >= pause_s:
            kept.asked_s = now_s
            self._load_once(tenant)
        loading = self._loading.get(tenant)
        if doubted_s is not None and loading is not None:
            with suppress(Exception):  # it cannot be read: what was known decides
                async with asyncio.timeout(LONGEST_WAIT_S):
                    return await asyncio.shield(loading)
        if doubted_s is not None and now_s - doubted_s > TRUSTED_S:
            return replace(kept.standing, is_known=False)
        return kept.standing

    def generation_of(self, tenant: str) -> str | None:
        """Names what lets a tenant's answers pass; None: it is not known just now."""
        kept = self._kept.get(tenant)
        return None if kept is None or kept.doubted_s is not None else kept.standing.generation

    async def find_generation(self, tenant: str) -> str | None:
        """The same, after the first load."""
        with suppress(Exception):  # whoever works on the call says what is wrong
            await self.of(tenant)
        return self.generation_of(tenant)

    def forget(self, tenant: str | None) -> None:
        """Read `tenant` anew; None: every tenant, as changes are heard from now on."""
        if tenant is None:
            self._hears = True
        self._doubt([*self._kept] if tenant is None else [tenant])
        # What is being read may be from before the change.
        for loading in [*self._loading] if tenant is None else [tenant]:
            self._loading.pop(loading, None)

    def lose(self) -> None:
        """Go on without hearing of changes: whatever is known may be another soon."""
        self._hears = False
        self._doubt([*self._kept])

    def _doubt(self, tenants: Sequence[str]) -> None:
        now_s = self._clock()
        for kept in (self._kept[tenant] for tenant in tenants if tenant in self._kept):
            kept.asked_s = -inf  # to be read at once
            if kept.doubted_s is None:
                kept.doubted_s = now_s

    def _load_once(self, tenant: str) -> asyncio.Task[Standing]:
        """The one load of this tenant that is under way."""
        task = self._loading.get(tenant)
        if task is None:
            task = self._loading[tenant] = asyncio.create_task(self._load_now(tenant))
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
        return task

    async def _load_now(self, tenant: str) -> Standing:
        task, read_s = asyncio.current_task(), self._clock()
        try:
            standing = await self._load(tenant)
            if self._loading.get(tenant) is task:  # else something has changed meanwhile
                doubted_s = None if self._hears else read_s
                self._kept[tenant] = _Kept(standing, read_s, doubted_s)
                if len(self._kept) > MOST_TENANTS:
                    self._kept.popitem(last=False)
            return standing
        finally:
            if self._loading.get(tenant) is task:
                del self._loading[tenant]
