"""The SQL of experiments: what they are, how they stand, and what layers do by default.

Changes of a tenant's experiments follow one another: what a change is decided by, the experiment
and its neighbours in the layer, stays as it is until the change is committed. Every change tells
all processes in its transaction.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from psycopg.rows import TupleRow

from server.audit import store as audit
from server.experiments.applying import ParameterFaults, check_beside, variant_to_apply
from server.experiments.checks import no_faults
from server.experiments.defaults_store import (
    pop_defaults,
    push_defaults,
    read_applied,
    read_defaults,
)
from server.experiments.errors import (
    ExperimentIdTaken,
    ExperimentNotFound,
    NotPossibleNow,
    StaleExperiment,
)
from server.experiments.experiment import (
    Configuration,
    Experiment,
    Parameters,
    State,
)
from server.experiments.facts import changed_fields, facts_of
from server.experiments.history_store import (
    MOST_MOMENTS,
    add_moment,
    read_moments,
)
from server.experiments.pulse_store import Pulse, read_live, read_pulse
from server.experiments.results import Moment
from server.experiments.rows import (
    GOING,
    configuration_values,
    experiment_of,
    experiment_values,
    phase_values,
)
from server.storage.database import Connection, Database

EXPERIMENT_CHANNEL = "switchyard_experiments"  # NOTIFY with the tenant as payload
MOST_ACTIVE = 1000  # experiments of a tenant that run or are paused

Change = Callable[[Experiment, Sequence[Experiment]], Experiment]  # with its neighbours; pure

_LOCK = 0x45787073  # "Exps"
_CONFIGURATION = "version, weights, traffic, cause, start_time"
EXPERIMENTS = f"""
SELECT e.tenant, e.experiment_id, design, state, revision, create_time, update_time, e.phase,
    e.start_time, slice_start, slice_end, conclusion,
    coalesce((SELECT d.experiment_id = e.experiment_id FROM experiment_defaults AS d
     WHERE d.tenant = e.tenant AND d.layer = e.layer ORDER BY d.number DESC LIMIT 1), false),
    {", ".join(f"c.{name}" for name in _CONFIGURATION.split(", "))}
FROM experiments AS e LEFT JOIN experiment_configurations AS c
    ON c.tenant = e.tenant AND c.experiment_id = e.experiment_id AND c.version = e.configuration
WHERE e.tenant = %(tenant)s
"""
_COLUMNS = (
    "layer, state, revision, phase, design, slice_start, slice_end, start_time, configuration,"
    " conclusion, create_time, update_time"
)
_VALUES = ", ".join(f"%({name})s" for name in _COLUMNS.split(", "))
INSERT = f"""
INSERT INTO experiments (tenant, experiment_id, {_COLUMNS})
VALUES (%(tenant)s, %(experiment_id)s, {_VALUES}) ON CONFLICT DO NOTHING
"""
UPDATE = f"""
UPDATE experiments SET ({_COLUMNS}) = ({_VALUES})
WHERE tenant = %(tenant)s AND experiment_id = %(experiment_id)s
"""
REWEIGH = f"""
UPDATE experiments SET configuration = %(version)s
WHERE tenant = %(tenant)s AND experiment_id = %(experiment_id)s AND phase = %(phase)s
AND configuration = %(version)s - 1 AND state = {State.RUNNING}
"""
ADD_CONFIGURATION = f"""
INSERT INTO experiment_configurations (tenant, experiment_id, phase, {_CONFIGURATION})
VALUES (%(tenant)s, %(experiment_id)s, %(phase)s, %(version)s, %(weights)s, %(traffic)s, %(cause)s,
    %(start_time)s)
"""
ACTIVE = f"SELECT count(*) FROM experiments WHERE tenant = %(tenant)s AND {GOING}"
NUMBER = "SELECT number FROM experiments WHERE tenant = %(tenant)s AND experiment_id = %(before)s"
LOCK = """
SELECT 1 FROM experiments WHERE tenant = %(tenant)s AND experiment_id = %(experiment_id)s FOR UPDATE
"""
REVISE = """
UPDATE experiments SET revision = revision + 1, update_time = now()
WHERE tenant = %(tenant)s AND experiment_id = %(experiment_id)s
"""
TABLES = (
    "experiments",
    "experiment_configurations",
    "experiment_defaults",
    "experiment_moments",
    "experiment_assignments",
    "experiment_outcomes",
    "experiment_sums",
    "experiment_sketches",
    "experiment_activity",
)


class ExperimentStore:
    """Experiments on record. Every method raises StorageUnavailable.

    parameter_faults  what layers find wrong with the parameters of variants
    most_active       experiments of a tenant that may run or be paused
    """

    def __init__(
        self,
        database: Database,
        parameter_faults: ParameterFaults = no_faults,
        most_moments: int = MOST_MOMENTS,
        most_active: int = MOST_ACTIVE,
    ) -> None:
        self._database = database
        self._parameter_faults = parameter_faults
        self._most_moments = most_moments
        self._most_active = most_active

    async def create(self, experiment: Experiment, actor: str) -> None:
        """Commit a new experiment. Raises ExperimentIdTaken."""
        async with self._changing("create", experiment.tenant) as connection:
            if not (await connection.execute(INSERT, experiment_values(experiment))).rowcount:
                raise ExperimentIdTaken(experiment.name)
            await _record(connection, actor, "experiment.create", None, experiment)

    async def get(self, tenant: str, experiment_id: str) -> Experiment:
        """One experiment. Raises ExperimentNotFound."""
        async with self._database.connection("experiments.get") as connection:
            return await _get(connection, tenant, experiment_id)

    async def page(
        self, tenant: str, state: State | None, layer: str, before: str, size: int
    ) -> list[Experiment]:
        """At most `size` experiments, the newest first, older than the one with the id `before`.

        state  None: any but archived
        layer, before  "": any
        """
        query = EXPERIMENTS
        query += f" AND state {'=' if state else '<>'} %(state)s"
        query += " AND e.layer = %(layer)s" if layer else ""
        query += f" AND number < ({NUMBER})" if before else ""
        query += " ORDER BY number DESC LIMIT %(size)s"
        values = {
            "tenant": tenant,
            "state": state or State.ARCHIVED,
            "layer": layer,
            "before": before,
            "size": size,
        }
        async with self._database.connection("experiments.page") as connection:
            return await _read(connection, query, values)

    async def change(
        self,
        tenant: str,
        experiment_id: str,
        etag: str,
        change: Change,
        actor: str,
        action: str,
    ) -> Experiment:
        """Commit what `change` makes of an experiment; what it raises is raised.

        change  gets the experiment, and those others of its layer that have a part of it
        etag  "": whatever it is now
        Raises ExperimentNotFound, StaleExperiment; NotPossibleNow where it would begin to run and
        the tenant has too many that do, or the defaults of its layer spoil it.
        """
        async with self._changing("change", tenant) as connection:
            before = await _lock(connection, tenant, experiment_id, etag)
            after = change(before, await _neighbours(connection, before))
            if after == before:
                return before
            if after.state is State.RUNNING and before.state is not State.RUNNING:
                await self._check_start(connection, before)
            await connection.execute(UPDATE, experiment_values(after))
            if after.configuration is not None and after.configuration != before.configuration:
                await _add_configuration(connection, after, after.configuration)
            await _record(connection, actor, action, before, after)
        return after

    async def reweigh(self, experiment: Experiment, configuration: Configuration) -> bool:
        """Commit weights that the algorithm found; False: others are in force by now, or it does
        not run any more.
        """
        values = phase_values(experiment) | {"version": configuration.version}
        async with (
            self._database.connection("experiments.reweigh") as connection,
            connection.transaction(),
        ):
            is_first = bool((await connection.execute(REWEIGH, values)).rowcount)
            if is_first:
                await _add_configuration(connection, experiment, configuration)
                await _tell(connection, experiment.tenant)
        return is_first

    async def apply(
        self, tenant: str, experiment_id: str, etag: str, variant: str, actor: str
    ) -> Experiment:
        """Commit that a variant's parameters, "" for the winner's, are the defaults of its layer.

        Raises ExperimentNotFound, StaleExperiment, NotPossibleNow, InvalidExperiment.
        """
        async with self._changing("apply", tenant) as connection:
            before = await _lock(connection, tenant, experiment_id, etag)
            chosen = variant_to_apply(before, variant)
            await push_defaults(connection, before, chosen)
            await self._check_neighbours(connection, before)
            facts = {"variant": chosen.name, "parameters": dict(chosen.parameters)}
            return await _revise(connection, actor, "experiment.apply", before, facts)

    async def roll_back(self, tenant: str, experiment_id: str, etag: str, actor: str) -> Experiment:
        """Commit that the experiment's layer has the defaults that it had before it was applied.

        Raises ExperimentNotFound, StaleExperiment, NotPossibleNow.
        """
        async with self._changing("roll_back", tenant) as connection:
            before = await _lock(connection, tenant, experiment_id, etag)
            await pop_defaults(connection, before)
            await self._check_neighbours(connection, before)
            return await _revise(connection, actor, "experiment.roll_back", before, None)

    async def active(self, tenant: str) -> tuple[list[Experiment], dict[str, Parameters]]:
        """A tenant's experiments that run or are paused, and the defaults in force by layer."""
        query = f"{EXPERIMENTS} AND {GOING} ORDER BY number LIMIT %(most)s"
        async with self._database.connection("experiments.active") as connection:
            experiments = await _read(
                connection, query, {"tenant": tenant, "most": self._most_active}
            )
            return experiments, await read_defaults(connection, tenant)

    async def applied(self, tenant: str, layer: str) -> tuple[str, Parameters] | None:
        """The experiment that a layer has its defaults from, by its id, and these; None: none."""
        async with self._database.connection("experiments.applied") as connection:
            return await read_applied(connection, tenant, layer)

    async def pulse(self, tenant: str, experiment_id: str) -> Pulse:
        """What the results of one experiment depend on. Raises ExperimentNotFound."""
        async with self._database.connection("experiments.pulse") as connection:
            return await read_pulse(connection, tenant, experiment_id)

    async def live(self) -> list[Pulse]:
        """The same of every experiment that runs or is paused."""
        async with self._database.connection("experiments.live") as connection:
            return await read_live(connection)

    async def add_moment(self, experiment: Experiment, moment: Moment) -> None:
        """Commit the results of one time to the history of the experiment's phase."""
        async with (
            self._database.connection("experiments.add_moment") as connection,
            connection.transaction(),
        ):
            await add_moment(connection, phase_values(experiment), moment, self._most_moments)

    async def moments(
        self, tenant: str, experiment_id: str, phase: int, most: int = MOST_MOMENTS
    ) -> list[Moment]:
        """The newest results that are kept of a phase, oldest first."""
        values = {"tenant": tenant, "experiment_id": experiment_id, "phase": phase}
        async with self._database.connection("experiments.moments") as connection:
            return await read_moments(connection, values, most)

    async def _check_start(self, connection: Connection, experiment: Experiment) -> None:
        """Raises NotPossibleNow."""
        values = {"tenant": experiment.tenant}
        ((active,),) = await _fetch(connection, ACTIVE, values)
        if experiment.state is not State.PAUSED and active >= self._most_active:
            why = f"cannot start: {active} experiments run or are paused, as many as may"
            raise NotPossibleNow(experiment.name, f"{why}; stop one of them first")
        await self._check_defaults(connection, [experiment])

    async def _check_neighbours(self, connection: Connection, applied: Experiment) -> None:
        """Raises NotPossibleNow where new defaults spoil what runs or is paused beside."""
        await self._check_defaults(connection, await _neighbours(connection, applied))

    async def _check_defaults(
        self, connection: Connection, experiments: Sequence[Experiment]
    ) -> None:
        for experiment in experiments:
            defaults = await read_defaults(connection, experiment.tenant)
            check_beside(experiment, defaults.get(experiment.layer, {}), self._parameter_faults)

    @asynccontextmanager
    async def _changing(self, work: str, tenant: str) -> AsyncIterator[Connection]:
        """A transaction in which nobody else changes the tenant's experiments; all hear of it."""
        async with (
            self._database.connection(f"experiments.{work}") as connection,
            connection.transaction(),
        ):
            await connection.execute(
                "SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [_LOCK, tenant]
            )
            yield connection
            await _tell(connection, tenant)


async def delete_experiments(connection: Connection, tenant: str) -> None:
    """Delete a tenant's experiments, and all that is on record of them, on the open transaction."""
    for table in TABLES:
        await connection.execute(f"DELETE FROM {table} WHERE tenant = %s".encode(), [tenant])
    await _tell(connection, tenant)


async def _tell(connection: Connection, tenant: str) -> None:
    await connection.execute("SELECT pg_notify(%s, %s)", [EXPERIMENT_CHANNEL, tenant])


async def _lock(connection: Connection, tenant: str, experiment_id: str, etag: str) -> Experiment:
    """The experiment, which stays as it is until the transaction ends."""
    await connection.execute(LOCK, {"tenant": tenant, "experiment_id": experiment_id})
    experiment = await _get(connection, tenant, experiment_id)
    if etag and etag != experiment.etag:
        raise StaleExperiment(experiment.name)
    return experiment


async def _get(connection: Connection, tenant: str, experiment_id: str) -> Experiment:
    query = f"{EXPERIMENTS} AND e.experiment_id = %(experiment_id)s"
    found = await _read(connection, query, {"tenant": tenant, "experiment_id": experiment_id})
    if not found:
        raise ExperimentNotFound(f"experiments/{experiment_id}")
    return found[0]


async def _neighbours(connection: Connection, experiment: Experiment) -> list[Experiment]:
    query = (
        f"{EXPERIMENTS} AND {GOING} AND e.layer = %(layer)s"
        " AND e.experiment_id <> %(experiment_id)s ORDER BY number"
    )
    return await _read(connection, query, phase_values(experiment) | {"layer": experiment.layer})


async def _read(connection: Connection, query: str, values: dict[str, Any]) -> list[Experiment]:
    return [experiment_of(row) for row in await _fetch(connection, query, values)]


async def _fetch(connection: Connection, query: str, values: dict[str, Any]) -> list[TupleRow]:
    return await (await connection.execute(query.encode(), values)).fetchall()


async def _add_configuration(
    connection: Connection, experiment: Experiment, configuration: Configuration
) -> None:
    values = phase_values(experiment) | configuration_values(configuration)
    await connection.execute(ADD_CONFIGURATION, values)


async def _revise(
    connection: Connection, actor: str, action: str, before: Experiment, facts: audit.Facts | None
) -> Experiment:
    """A new revision of an experiment of which nothing else has changed."""
    await connection.execute(REVISE, phase_values(before))
    change = audit.Change(before.tenant, actor, action, before.name, None, facts)
    await audit.record(connection, change)
    return await _get(connection, before.tenant, before.experiment_id)


async def _record(
    connection: Connection, actor: str, action: str, before: Experiment | None, after: Experiment
) -> None:
    known = None if before is None else facts_of(before)
    facts = {**facts_of(after), **changed_fields(before, after)}
    change = audit.Change(after.tenant, actor, action, after.name, known, facts)
    await audit.record(connection, change)
