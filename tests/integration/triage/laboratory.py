"""Experiments of triage as tests set them up, and what is counted of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from server.experiments.assigner import Assigner
from server.experiments.catalog import ExperimentCatalog
from server.experiments.experiment import (
    TRIAGE_LAYER,
    Design,
    Experiment,
    Metric,
    MetricKind,
    Parameter,
    Parameters,
    Role,
    Source,
    Variant,
)
from server.experiments.lifecycle import drafted, reweighed, started
from server.experiments.records.record_store import RecordStore
from server.experiments.store import ExperimentStore
from server.storage.database import Database
from server.storage.group_commit import GroupCommit

METRICS = (
    Metric("automatic", MetricKind.BINARY, Role.PRIMARY, source=Source.TRIAGE_AUTOMATIC),
    Metric("seconds", MetricKind.MEAN, source=Source.TRIAGE_SECONDS),
    Metric("confidence", MetricKind.MEAN, source=Source.TRIAGE_CONFIDENCE),
    Metric("rating", MetricKind.MEAN),  # that callers tell
)
COUNTED = """
SELECT variant, metric, sum(n)::int, sum(y)::float8 FROM experiment_sums
WHERE tenant = %s AND experiment_id = %s AND phase = %s GROUP BY variant, metric
"""


def one_way(**parameters: Parameter) -> tuple[Variant, ...]:
    """Variants of which every ticket gets the second, "b"."""
    return Variant("a", 0.0), Variant("b", 1.0, parameters)


@dataclass
class Laboratory:
    """What runs for each tenant, as every process sees it."""

    database: Database
    commits: GroupCommit
    running: dict[str, list[Experiment]] = field(default_factory=dict)
    defaults: dict[str, dict[str, Parameters]] = field(default_factory=dict)
    catalogs: list[ExperimentCatalog] = field(default_factory=list)

    def assigner(self) -> Assigner:
        """A process's own."""
        catalog = ExperimentCatalog(self._load, ExperimentStore(self.database).get)
        self.catalogs.append(catalog)
        records = RecordStore(self.database, self.commits, _now)
        return Assigner(catalog, records, _now)

    def start(self, tenant: str, variants: Sequence[Variant], **fields: Any) -> Experiment:
        """An experiment of the layer of triage that runs."""
        design = Design(tuple(variants), **{"metrics": METRICS, "layer": TRIAGE_LAYER} | fields)
        experiment = started(drafted(tenant, "ways", design, _now()), (), _now())
        self._put(experiment)
        return experiment

    def stop(self, tenant: str) -> None:
        """Nothing runs from now on."""
        self.running.pop(tenant)
        self._tell(tenant)

    def reweigh(self, experiment: Experiment, *weights: float) -> None:
        """Other weights from now on."""
        self._put(reweighed(experiment, weights, _now()))

    def apply(self, tenant: str, **parameters: Parameter) -> None:
        """Make them the defaults of triage."""
        self.defaults[tenant] = {TRIAGE_LAYER: parameters}
        self._tell(tenant)

    async def counted(self, experiment: Experiment) -> dict[tuple[str, str], tuple[int, float]]:
        """Units, and the sum of their values, by variant and metric; "": those exposed."""
        key = [experiment.tenant, experiment.experiment_id, experiment.phase]
        names = [variant.name for variant in experiment.design.variants]
        async with self.database.connection("test") as connection:
            rows = await (await connection.execute(COUNTED, key)).fetchall()
        return {(names[variant], metric): (n, y) for variant, metric, n, y in rows}

    def _put(self, experiment: Experiment) -> None:
        self.running[experiment.tenant] = [experiment]
        self._tell(experiment.tenant)

    def _tell(self, tenant: str) -> None:
        for catalog in self.catalogs:
            catalog.forget(tenant)

    async def _load(self, tenant: str) -> tuple[list[Experiment], dict[str, Parameters]]:
        return self.running.get(tenant, []), self.defaults.get(tenant, {})


def _now() -> datetime:
    return datetime.now(UTC)
