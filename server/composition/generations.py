"""The state of a tenant that its answers depend on: others, and no kept answer is the answer."""

from dataclasses import dataclass

from server.experiments.catalog import ExperimentCatalog
from server.experiments.experiment import TRIAGE_LAYER
from server.triage.automation.catalog import AutomationCatalog
from server.triage.catalog import TaxonomyCatalog


@dataclass(frozen=True, slots=True)
class Generations:
    """Names that state."""

    taxonomies: TaxonomyCatalog
    experiments: ExperimentCatalog
    automation: AutomationCatalog

    def of(self, tenant: str) -> str | None:
        """Taxonomy, engine, what is tried on tickets, and what may be automatic; None: it is not
        known just now.
        """
        taxonomy = self.taxonomies.generation_of(tenant)
        tried = self.experiments.generation_of(tenant, TRIAGE_LAYER)
        gates = self.automation.generation_of(tenant)
        if taxonomy is None or tried is None or gates is None:
            return None
        return " ".join(filter(None, (taxonomy, tried, gates)))

    async def find(self, tenant: str) -> str | None:
        """The same, after the first load of all."""
        await self.automation.find_generation(tenant)
        await self.experiments.find_generation(tenant, TRIAGE_LAYER)
        await self.taxonomies.find_generation(tenant)
        return self.of(tenant)
