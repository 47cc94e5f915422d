"""The SQL of how results came about: a bounded number of moments, evenly spread."""

from typing import Any

import orjson

from server.experiments.codec import decode_moment, encode_moment
from server.experiments.results import Moment
from server.storage.database import Connection

MOST_MOMENTS = 1000  # of one phase, beside the newest

Phase = dict[str, Any]  # tenant, experiment_id, phase

OF_PHASE = "WHERE tenant = %(tenant)s AND experiment_id = %(experiment_id)s AND phase = %(phase)s"
# Two processes may see the same moment: one of them is enough.
ADD = f"""
INSERT INTO experiment_moments (tenant, experiment_id, phase, number, moment)
SELECT %(tenant)s, %(experiment_id)s, %(phase)s, coalesce(max(number), 0) + 1, %(moment)s::json
FROM experiment_moments {OF_PHASE}
ON CONFLICT DO NOTHING RETURNING number
"""
THIN = f"""
DELETE FROM experiment_moments {OF_PHASE} AND number < %(newest)s AND number %% %(step)s <> 0
"""
NEWEST = f"SELECT moment FROM experiment_moments {OF_PHASE} ORDER BY number DESC LIMIT %(most)s"


async def add_moment(connection: Connection, phase: Phase, moment: Moment, most: int) -> None:
    """Add a moment to the history of a phase; of those before it `most` stay, evenly spread."""
    values = phase | {"moment": orjson.dumps(encode_moment(moment)).decode()}
    added = await (await connection.execute(ADD.encode(), values)).fetchone()
    if added is not None:
        await connection.execute(
            THIN.encode(), phase | {"newest": added[0], "step": _step(added[0], most)}
        )


async def read_moments(connection: Connection, phase: Phase, most: int) -> list[Moment]:
    """The newest moments, oldest first."""
    rows = await (await connection.execute(NEWEST.encode(), phase | {"most": most})).fetchall()
    return [decode_moment(moment) for (moment,) in reversed(rows)]


def _step(newest: int, most: int) -> int:
    """The smallest power of two that has at most so many multiples up to `newest`."""
    return 1 << ((newest - 1) // most).bit_length()
