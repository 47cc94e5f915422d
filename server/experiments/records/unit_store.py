"""The SQL of units: assignments, and what is kept of their outcomes.

Every batch locks in the same order: assignments, rows of outcomes, new assignments, sums; each of
these by key. So processes never wait for one another in a circle.

What joins is not prepared: a plan of when tables were small would go on reading all of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from psycopg.rows import TupleRow

from server.experiments.experiment import Experiment
from server.experiments.records.outcome import UnitRow
from server.experiments.records.record import (
    Assigning,
    Assignment,
    KnownUnit,
    RowKey,
    UnitKey,
    Write,
)
from server.experiments.rows import phase_values
from server.storage.database import Connection

_KEY = "tenant, experiment_id, phase, unit, episode"
_KEY_TYPES = "tenant text, experiment_id text, phase int, unit text, episode int"
_ASSIGNMENT = (
    "experiment_id, phase, unit, episode, variant, propensity, configuration, assign_time,"
    " expose_time"
)
_ROW = "total, largest, latest, latest_time, denominator, ids, due_time, metadata"


def _of(table: str, *columns: str) -> str:
    """Columns with their table before each."""
    return ", ".join(f"{table}.{name}" for name in ", ".join(columns).split(", "))


NEWEST = f"""
SELECT {_ASSIGNMENT} FROM experiment_assignments
WHERE tenant = %s AND experiment_id = %s AND phase = %s AND unit = %s
ORDER BY episode DESC LIMIT 1
"""
# An outcome belongs to the episode that was exposed last by then; where clocks differ, that is none
# and it may belong to the first.
LOCK_UNITS = f"""
SELECT place, {_of("known", "tenant", "pre_period", _ASSIGNMENT)}
FROM json_to_recordset(%s::json) AS asked(place int, {_KEY_TYPES}, time timestamptz)
JOIN experiment_assignments AS known USING (tenant, experiment_id, phase, unit)
WHERE known.episode = coalesce(
    asked.episode,
    (SELECT max(episode) FROM experiment_assignments AS exposed
     WHERE (exposed.tenant, exposed.experiment_id, exposed.phase, exposed.unit)
         = (asked.tenant, asked.experiment_id, asked.phase, asked.unit)
     AND exposed.expose_time <= asked.time),
    (SELECT min(episode) FROM experiment_assignments AS exposed
     WHERE (exposed.tenant, exposed.experiment_id, exposed.phase, exposed.unit)
         = (asked.tenant, asked.experiment_id, asked.phase, asked.unit)
     AND exposed.expose_time IS NOT NULL))
ORDER BY tenant, experiment_id, phase, unit, known.episode FOR UPDATE OF known
"""
LOCK_ROWS = f"""
SELECT {_KEY}, metric, {_ROW}
FROM json_to_recordset(%s::json) AS asked({_KEY_TYPES}, metric text)
JOIN experiment_outcomes AS known USING ({_KEY}, metric)
ORDER BY {_KEY}, metric FOR UPDATE OF known
"""
ADD_UNITS = f"""
INSERT INTO experiment_assignments (tenant, pre_period, {_ASSIGNMENT})
SELECT tenant, pre_period::json, {_ASSIGNMENT}
FROM json_to_recordset(%s::json) AS row(
    {_KEY_TYPES}, variant smallint, propensity float8, configuration int,
    assign_time timestamptz, expose_time timestamptz, pre_period text)
ORDER BY {_KEY}
ON CONFLICT DO NOTHING
"""
EXPOSE_UNITS = f"""
UPDATE experiment_assignments AS known SET expose_time = asked.time
FROM json_to_recordset(%s::json) AS asked({_KEY_TYPES}, time timestamptz)
WHERE (known.tenant, known.experiment_id, known.phase, known.unit, known.episode)
    = (asked.tenant, asked.experiment_id, asked.phase, asked.unit, asked.episode)
"""
PUT_ROWS = f"""
INSERT INTO experiment_outcomes ({_KEY}, metric, {_ROW})
SELECT {_KEY}, metric, {_ROW.replace("metadata", "metadata::json")}
FROM json_to_recordset(%s::json) AS row(
    {_KEY_TYPES}, metric text, total float8, largest float8, latest float8,
    latest_time timestamptz, denominator float8, ids bigint[], due_time timestamptz, metadata text)
ORDER BY {_KEY}, metric
ON CONFLICT ({_KEY}, metric) DO UPDATE SET
    total = excluded.total, largest = excluded.largest, latest = excluded.latest,
    latest_time = excluded.latest_time, denominator = excluded.denominator, ids = excluded.ids,
    metadata = excluded.metadata
"""
# Rows that somebody else holds are left to the next time.
TAKE_DUE = f"""
WITH due AS (
    SELECT {_KEY}, metric, due_time FROM experiment_outcomes
    WHERE tenant = %(tenant)s AND experiment_id = %(experiment_id)s AND phase = %(phase)s
    AND due_time <= %(now)s
    ORDER BY due_time LIMIT %(most)s FOR UPDATE SKIP LOCKED)
UPDATE experiment_outcomes AS known SET due_time = NULL
FROM due, experiment_assignments AS assigned
WHERE (known.tenant, known.experiment_id, known.phase, known.unit, known.episode, known.metric)
    = (due.tenant, due.experiment_id, due.phase, due.unit, due.episode, due.metric)
AND (assigned.tenant, assigned.experiment_id, assigned.phase, assigned.unit, assigned.episode)
    = (due.tenant, due.experiment_id, due.phase, due.unit, due.episode)
RETURNING {_of("known", "metric", _ROW)}, {_of("assigned", "tenant", "pre_period", _ASSIGNMENT)}
"""
# Phases with units that are waited for. One step of the index leads from each to the next: neither
# the number of units nor phases that wait for nobody cost anything.
DUE_PHASES = """
WITH RECURSIVE waiting AS (
    (SELECT tenant, experiment_id, phase, due_time FROM experiment_outcomes
     WHERE due_time IS NOT NULL ORDER BY tenant, experiment_id, phase, due_time LIMIT 1)
    UNION ALL
    SELECT following.* FROM waiting CROSS JOIN LATERAL (
        SELECT tenant, experiment_id, phase, due_time FROM experiment_outcomes AS others
        WHERE due_time IS NOT NULL AND (others.tenant, others.experiment_id, others.phase)
            > (waiting.tenant, waiting.experiment_id, waiting.phase)
        ORDER BY tenant, experiment_id, phase, due_time LIMIT 1) AS following)
SELECT tenant, experiment_id, phase FROM waiting WHERE due_time <= %s
"""


async def newest_assignment(
    connection: Connection, experiment: Experiment, unit: str
) -> Assignment | None:
    """The assignment of a unit's newest episode in the experiment's phase; None: it has none."""
    key = [experiment.tenant, experiment.experiment_id, experiment.phase, unit]
    row = await (await connection.execute(NEWEST, key)).fetchone()
    return None if row is None else _assignment(row)


async def lock_units(
    connection: Connection, writes: Sequence[Write]
) -> tuple[list[UnitKey | None], dict[UnitKey, KnownUnit]]:
    """The assignments that writes are about, by write and by key; None: there is none yet."""
    asked = [{"place": place, **_asked(write)} for place, write in enumerate(writes)]
    cursor = await connection.execute(LOCK_UNITS, [_json(asked)], prepare=False, binary=True)
    keys: list[UnitKey | None] = [None] * len(writes)
    units: dict[UnitKey, KnownUnit] = {}
    for place, *known in await cursor.fetchall():
        unit = _known_unit(known)
        keys[place] = key = unit.assignment.key_of(known[0])
        units[key] = unit
    return keys, units


async def lock_rows(connection: Connection, keys: Iterable[RowKey]) -> dict[RowKey, UnitRow]:
    """Those rows that there are."""
    asked = [_row_key_values(key) for key in keys]
    if not asked:
        return {}
    cursor = await connection.execute(LOCK_ROWS, [_json(asked)], prepare=False, binary=True)
    return {
        RowKey(UnitKey(*row[:5]), row[5]): _unit_row(row[6:]) for row in await cursor.fetchall()
    }


async def add_units(connection: Connection, units: Mapping[UnitKey, KnownUnit]) -> bool:
    """Add new assignments; False: another transaction was first with one of them."""
    if not units:
        return True
    rows = [
        {
            **key._asdict(),
            "variant": unit.assignment.variant,
            "propensity": unit.assignment.propensity,
            "configuration": unit.assignment.configuration,
            "assign_time": unit.assignment.assign_time,
            "expose_time": unit.assignment.expose_time,
            "pre_period": orjson.dumps(unit.pre_period).decode() if unit.pre_period else None,
        }
        for key, unit in units.items()
    ]
    cursor = await connection.execute(ADD_UNITS, [_json(rows)])
    return cursor.rowcount == len(rows)


async def expose_units(connection: Connection, times: Mapping[UnitKey, datetime]) -> None:
    """Put the times of first exposures into assignments."""
    if times:
        rows = [{**key._asdict(), "time": time} for key, time in times.items()]
        await connection.execute(EXPOSE_UNITS, [_json(rows)], prepare=False)


async def put_rows(connection: Connection, rows: Mapping[RowKey, UnitRow]) -> None:
    """Add rows, or put them in the place of older ones."""
    if rows:
        values = [_row_key_values(key) | _row_values(row) for key, row in rows.items()]
        await connection.execute(PUT_ROWS, [_json(values)])


async def due_phases(connection: Connection, now: datetime) -> list[tuple[str, str, int]]:
    """Tenant, experiment and phase of all in which units begin to count by now."""
    cursor = await connection.execute(DUE_PHASES, [now], prepare=False)
    return [(*row,) for row in await cursor.fetchall()]


async def take_due(
    connection: Connection, experiment: Experiment, now: datetime, most: int
) -> list[tuple[UnitKey, KnownUnit, str, UnitRow]]:
    """Rows, with their metric, whose units begin to count by now; they are given as those of units
    that do.
    """
    values = phase_values(experiment) | {"now": now, "most": most}
    cursor = await connection.execute(TAKE_DUE, values, prepare=False, binary=True)
    return [_due(row) for row in await cursor.fetchall()]


def _asked(write: Write) -> dict[str, Any]:
    if isinstance(write, Assigning):
        return write.key._asdict()
    asked = {"unit": write.unit, "episode": write.episode, "time": write.time}
    return phase_values(write.experiment) | asked


def _row_key_values(key: RowKey) -> dict[str, Any]:
    return {**key.unit._asdict(), "metric": key.metric}


def _row_values(row: UnitRow) -> dict[str, Any]:
    return {
        "total": row.total,
        "largest": row.largest,
        "latest": row.latest,
        "latest_time": row.latest_time,
        "denominator": row.denominator,
        "ids": row.ids,
        "due_time": row.due_time,
        # As text: JSON that PostgreSQL looks into may not hold every character.
        "metadata": orjson.dumps(row.metadata).decode() if row.metadata else None,
    }


def _known_unit(row: Sequence[Any]) -> KnownUnit:
    _tenant, pre_period, *assignment = row
    return KnownUnit(_assignment(assignment), pre_period or {})


def _assignment(row: Sequence[Any]) -> Assignment:
    experiment_id, phase, unit, episode, variant, propensity, configuration, *times = row
    assign_time, expose_time = (time and time.astimezone(UTC) for time in times)
    return Assignment(
        experiment_id,
        phase,
        unit,
        episode,
        variant,
        propensity,
        configuration,
        assign_time,
        expose_time,
    )


def _unit_row(row: Sequence[Any]) -> UnitRow:
    total, largest, latest, latest_time, denominator, ids, due_time, metadata = row
    return UnitRow(
        total, largest, latest, latest_time, denominator, tuple(ids), due_time, metadata or {}
    )


def _due(row: TupleRow) -> tuple[UnitKey, KnownUnit, str, UnitRow]:
    metric, *kept = row[:9]
    unit = _known_unit(row[9:])
    return unit.assignment.key_of(row[9]), unit, metric, _unit_row(kept)


def _json(rows: Sequence[Mapping[str, Any]]) -> str:
    return orjson.dumps(rows).decode()
