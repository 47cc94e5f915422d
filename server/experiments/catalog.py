"""What runs for each tenant, at hand."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from operator import attrgetter

from server.experiments.experiment import Experiment, Parameters

MOST_TENANTS = 1024  # whose experiments are kept in memory
MOST_OTHERS = 64  # of a tenant, beside those that run or are paused

Load = Callable[[str], Awaitable[tuple[Sequence[Experiment], Mapping[str, Parameters]]]]
Find = Callable[[str, str], Awaitable[Experiment]]  # of a tenant, by its id


@dataclass(frozen=True)  # no slots: what follows from the fields is kept
class Running:
    """A tenant's experiments that run or are paused, and what layers do by default."""

    experiments: Sequence[Experiment] = ()
    defaults: Mapping[str, Parameters] = field(default_factory=dict)  # by layer
    others: OrderedDict[str, Experiment] = field(default_factory=OrderedDict)  # by id, as asked for

    @cached_property
    def by_id(self) -> Mapping[str, Experiment]:
        """Experiments by id."""
        return {experiment.experiment_id: experiment for experiment in self.experiments}

    @cached_property
    def by_layer(self) -> Mapping[str, Sequence[Experiment]]:
        """Experiments by layer."""
        ordered = sorted(self.experiments, key=attrgetter("layer", "experiment_id"))
        return {layer: tuple(group) for layer, group in groupby(ordered, attrgetter("layer"))}

    @cached_property
    def generations(self) -> Mapping[str, str]:
        """By layer, a name of what a unit's treatment depends on, beside the unit itself.

        Weights that an algorithm moves are no part of it: a unit keeps its variant.
        """
        layers = self.by_layer.keys() | self.defaults.keys()
        return {layer: self._generation(layer) for layer in layers}

    def concerns(self, layer: str) -> bool:
        """Whether anything runs in the layer, or is applied to it."""
        return layer in self.by_layer or layer in self.defaults

    def _generation(self, layer: str) -> str:
        running = [
            f"{e.experiment_id}.{e.phase}.{e.revision}" for e in self.by_layer.get(layer, ())
        ]
        return f"{' '.join(running)} {sorted(self.defaults.get(layer, {}).items())}"


class ExperimentCatalog:
    """Keeps what was used last, and loads anew what has changed, once for all who ask."""

    def __init__(self, load: Load, find: Find) -> None:
        self._load = load
        self._find = find
        self._kept: OrderedDict[str, Running] = OrderedDict()
        self._loading: dict[str, asyncio.Task[Running]] = {}

    async def running(self, tenant: str) -> Running:
        """What runs for the tenant. Raises StorageUnavailable."""
        kept = self._kept.get(tenant)
        if kept is not None:
            self._kept.move_to_end(tenant)
            return kept
        loading = self._loading.get(tenant)
        if loading is None:
            loading = self._loading[tenant] = asyncio.create_task(self._load_now(tenant))
        return await asyncio.shield(loading)

    async def find(self, tenant: str, experiment_id: str) -> Experiment:
        """One experiment in whatever state. Raises ExperimentNotFound, StorageUnavailable."""
        running = await self.running(tenant)
        found = running.by_id.get(experiment_id) or running.others.get(experiment_id)
        if found is None:
            found = await self._find(tenant, experiment_id)
            # Beside what was known when it was read, to be forgotten with that.
            running.others[experiment_id] = found
            if len(running.others) > MOST_OTHERS:
                running.others.popitem(last=False)
        return found

    def generation_of(self, tenant: str, layer: str) -> str | None:
        """Names what treatments in the layer depend on; None: it is not known just now."""
        kept = self._kept.get(tenant)
        return None if kept is None else kept.generations.get(layer, "")

    async def find_generation(self, tenant: str, layer: str) -> str | None:
        """The same, after the first load of what runs for the tenant."""
        with suppress(Exception):  # whoever works on the call says what is wrong
            await self.running(tenant)
        return self.generation_of(tenant, layer)

    def forget(self, tenant: str | None) -> None:
        """Load `tenant` anew when it is next asked for; None: every tenant."""
        for known in [*self._kept] if tenant is None else [tenant]:
            self._kept.pop(known, None)
        # What is being read may be from before the change.
        for loading in [*self._loading] if tenant is None else [tenant]:
            self._loading.pop(loading, None)

    async def _load_now(self, tenant: str) -> Running:
        task = asyncio.current_task()
        try:
            running = Running(*await self._load(tenant))
            if self._loading.get(tenant) is task:  # else something has changed meanwhile
                self._kept[tenant] = running
                if len(self._kept) > MOST_TENANTS:
                    self._kept.popitem(last=False)
            return running
        finally:
            if self._loading.get(tenant) is task:
                del self._loading[tenant]
