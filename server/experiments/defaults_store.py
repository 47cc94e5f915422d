"""The SQL of what layers do by default: of each layer a stack, whose newest entry holds."""

from psycopg.types.json import Json

from server.experiments.codec import decode_parameters, encode_parameters
from server.experiments.errors import NotPossibleNow
from server.experiments.experiment import Experiment, Parameters, Variant
from server.storage.database import Connection

PUSH = """
INSERT INTO experiment_defaults (tenant, layer, experiment_id, variant, parameters)
VALUES (%s, %s, %s, %s, %s)
"""
STACK = """
SELECT experiment_id FROM experiment_defaults WHERE tenant = %s AND layer = %s ORDER BY number DESC
"""
POP = "DELETE FROM experiment_defaults WHERE tenant = %s AND experiment_id = %s"
NEWEST = """
SELECT experiment_id, parameters FROM experiment_defaults WHERE tenant = %s AND layer = %s
ORDER BY number DESC LIMIT 1
"""
IN_FORCE = """
SELECT DISTINCT ON (layer) layer, parameters FROM experiment_defaults WHERE tenant = %s
ORDER BY layer, number DESC
"""


async def push_defaults(connection: Connection, experiment: Experiment, variant: Variant) -> None:
    """Make a variant's parameters the defaults of its layer. Raises NotPossibleNow where the
    experiment is applied already.
    """
    stack = await _stack(connection, experiment)
    if experiment.experiment_id in stack:
        since = "" if stack[0] == experiment.experiment_id else _since(stack[0])
        raise NotPossibleNow(experiment.name, f"is applied already{since}; roll it back first")
    parameters = Json(encode_parameters(variant.parameters))
    key = [experiment.tenant, experiment.layer, experiment.experiment_id]
    await connection.execute(PUSH, [*key, variant.name, parameters])


async def pop_defaults(connection: Connection, experiment: Experiment) -> None:
    """Give its layer the defaults back that it had before. Raises NotPossibleNow where the
    experiment is not the one that was applied last.
    """
    stack = await _stack(connection, experiment)
    if experiment.experiment_id not in stack:
        raise NotPossibleNow(experiment.name, "is not applied: there is nothing to roll back")
    if stack[0] != experiment.experiment_id:
        why = f"is applied{_since(stack[0])}; roll that back first"
        raise NotPossibleNow(experiment.name, why)
    await connection.execute(POP, [experiment.tenant, experiment.experiment_id])


async def read_defaults(connection: Connection, tenant: str) -> dict[str, Parameters]:
    """The defaults in force, by layer."""
    rows = await (await connection.execute(IN_FORCE, [tenant])).fetchall()
    return {layer: decode_parameters(parameters) for layer, parameters in rows}


async def read_applied(
    connection: Connection, tenant: str, layer: str
) -> tuple[str, Parameters] | None:
    """The experiment that a layer has its defaults from, by its id, and these; None: none."""
    row = await (await connection.execute(NEWEST, [tenant, layer])).fetchone()
    return None if row is None else (row[0], decode_parameters(row[1]))


async def _stack(connection: Connection, experiment: Experiment) -> list[str]:
    """Ids of the experiments that are applied to the layer, the newest first."""
    cursor = await connection.execute(STACK, [experiment.tenant, experiment.layer])
    return [experiment_id for (experiment_id,) in await cursor.fetchall()]


def _since(experiment_id: str) -> str:
    return f", and experiments/{experiment_id} since"
