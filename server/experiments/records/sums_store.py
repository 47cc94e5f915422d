"""The SQL of sums: what results are made of, kept up to date by differences."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from server.experiments.experiment import Cause, Configuration, Design, Experiment, MetricKind
from server.experiments.records.books import EXPOSURES, CellKey, Changes
from server.experiments.results import MetricSums, Tally
from server.experiments.rows import phase_values
from server.statistics.moments import Moments
from server.storage.database import Connection

# In the order of the primary keys: whoever comes second waits for the first at the first row that
# they share, and holds nothing that the first may want.
ADD_SUMS = """
INSERT INTO experiment_sums AS kept
SELECT tenant, experiment_id, phase, configuration, variant, metric,
    sum(units), sum(units * y), sum(units * yy), sum(units * x), sum(units * xx), sum(units * xy)
FROM json_to_recordset(%s::json) AS row(
    tenant text, experiment_id text, phase int, configuration int, variant smallint, metric text,
    units bigint, y numeric, yy numeric, x numeric, xx numeric, xy numeric)
GROUP BY tenant, experiment_id, phase, configuration, variant, metric
ORDER BY tenant, experiment_id, phase, configuration, variant, metric
ON CONFLICT (tenant, experiment_id, phase, configuration, variant, metric) DO UPDATE SET
    n = kept.n + excluded.n, y = kept.y + excluded.y, yy = kept.yy + excluded.yy,
    x = kept.x + excluded.x, xx = kept.xx + excluded.xx, xy = kept.xy + excluded.xy
"""
ADD_BUCKETS = """
INSERT INTO experiment_sketches AS kept
SELECT * FROM json_to_recordset(%s::json) AS row(
    tenant text, experiment_id text, phase int, variant smallint, metric text, bucket int,
    units bigint)
ORDER BY tenant, experiment_id, phase, variant, metric, bucket
ON CONFLICT (tenant, experiment_id, phase, variant, metric, bucket)
DO UPDATE SET units = kept.units + excluded.units
"""
ADD_ACTIVITY = """
INSERT INTO experiment_activity AS kept
SELECT *, 1 FROM json_to_recordset(%s::json) AS row(tenant text, experiment_id text, phase int)
ORDER BY tenant, experiment_id, phase
ON CONFLICT (tenant, experiment_id, phase) DO UPDATE SET changes = kept.changes + 1
"""
_OF_PHASE = "WHERE tenant = %(tenant)s AND experiment_id = %(experiment_id)s AND phase = %(phase)s"
# One statement: all of it as of one moment.
TALLY = f"""
SELECT
    (SELECT coalesce(json_agg(json_build_array(version, weights, traffic, cause, start_time)
        ORDER BY version), '[]')::text
     FROM experiment_configurations {_OF_PHASE}),
    (SELECT coalesce(json_agg(json_build_array(
        metric, configuration, variant, n, y::text, yy::text, x::text, xx::text, xy::text)),
        '[]')::text
     FROM experiment_sums {_OF_PHASE}),
    (SELECT coalesce(json_agg(json_build_array(metric, variant, bucket, units)
        ORDER BY metric, variant, bucket), '[]')::text
     FROM experiment_sketches {_OF_PHASE} AND units > 0)
"""
_NOBODY = Moments()

Texts = Sequence[str]  # configurations, sums and sketches, as JSON


async def add_changes(connection: Connection, changes: Changes) -> None:
    """Change sums and counts by so much."""
    changed = {key: units for key, units in changes.units.items() if units}
    if not changed:
        return
    sums = [_cell_values(*key, units) for key, units in changed.items()]
    await connection.execute(ADD_SUMS, [_json(sums)])
    buckets = [{**key._asdict(), "units": units} for key, units in changes.buckets.items() if units]
    if buckets:
        await connection.execute(ADD_BUCKETS, [_json(buckets)])
    phases = [
        dict(zip(("tenant", "experiment_id", "phase"), phase, strict=True))
        for phase in {cell[:3] for cell, _ in changed}
    ]
    await connection.execute(ADD_ACTIVITY, [_json(phases)])


async def read_tally(connection: Connection, experiment: Experiment) -> Texts:
    """All that is on record of the experiment's phase, for `tally_of`."""
    query = connection.execute(TALLY.encode(), phase_values(experiment))
    found = await (await query).fetchone()
    assert found is not None  # noqa: S101  # a SELECT without FROM
    return found


def tally_of(design: Design, texts: Texts) -> Tally:
    """The tally that texts of the store tell of. Pure; it may take a second."""
    configurations, sums, buckets = map(orjson.loads, texts)
    return _tally(
        design,
        tuple(map(_configuration, configurations)),
        {tuple(row[:3]): Moments(*map(float, row[3:])) for row in sums},
        buckets,
    )


def _tally(
    design: Design,
    configurations: tuple[Configuration, ...],
    cells: Mapping[tuple[Any, ...], Moments],
    buckets: Sequence[tuple[str, int, int, int]],
) -> Tally:
    variants = range(len(design.variants))

    def table(metric: str) -> tuple[tuple[Moments, ...], ...]:
        return tuple(
            tuple(
                cells.get((metric, configuration.version, variant), _NOBODY) for variant in variants
            )
            for configuration in configurations
        )

    sketches: dict[str, tuple[dict[int, int], ...]] = {
        metric.name: tuple({} for _ in variants)
        for metric in design.metrics
        if metric.kind is MetricKind.QUANTILE
    }
    for metric, variant, bucket, units in buckets:
        sketches[metric][variant][bucket] = units
    return Tally(
        configurations,
        tuple(tuple(int(cell.n) for cell in row) for row in table(EXPOSURES)),
        {
            metric.name: MetricSums(table(metric.name), sketches.get(metric.name, ()))
            for metric in design.metrics
        },
    )


def _configuration(row: Sequence[Any]) -> Configuration:
    version, weights, traffic, cause, start_time = row
    return Configuration(
        version,
        tuple(map(float, weights)),  # in JSON, 1.0 is 1
        float(traffic),
        Cause(cause),
        datetime.fromisoformat(start_time).astimezone(UTC),
    )


def _cell_values(key: CellKey, one: Moments, units: int) -> dict[str, Any]:
    """So many units with the moments of one."""
    return {
        **key._asdict(),
        "units": units,
        "y": one.y,
        "yy": one.yy,
        "x": one.x,
        "xx": one.xx,
        "xy": one.xy,
    }


def _json(rows: Sequence[Mapping[str, Any]]) -> str:
    return orjson.dumps(rows).decode()
