"""The SQL of pulses: whether an experiment has anything new to show, told without its sums."""

from typing import NamedTuple

from server.experiments.errors import ExperimentNotFound
from server.experiments.rows import GOING
from server.storage.database import Connection

PULSES = """
SELECT e.tenant, e.experiment_id, e.number, e.phase, e.revision, coalesce(e.configuration, 0),
    coalesce(a.changes, 0)
FROM experiments AS e LEFT JOIN experiment_activity AS a
    ON (a.tenant, a.experiment_id, a.phase) = (e.tenant, e.experiment_id, e.phase)
"""
ONE = f"{PULSES} WHERE e.tenant = %s AND e.experiment_id = %s"
LIVE = f"{PULSES} WHERE e.{GOING} ORDER BY e.number"


class Pulse(NamedTuple):
    """What an experiment's results depend on, beside the time."""

    tenant: str
    experiment_id: str
    number: int  # no other experiment ever has it, not even one of the same name
    phase: int  # 0: never started
    revision: int
    configuration: int  # version of the one in force; 0: never started
    activity: int  # how often the phase's sums have changed

    @property
    def name(self) -> str:
        """Resource name of the experiment."""
        return f"experiments/{self.experiment_id}"

    def has_seen(self, other: "Pulse") -> bool:
        """Whether `other`, a pulse of the same experiment, is this one or an earlier one."""
        return (
            self.revision >= other.revision
            and self.configuration >= other.configuration
            and (self.phase, self.activity) >= (other.phase, other.activity)
        )

    def stands_as(self, other: "Pulse") -> bool:
        """Whether nothing but sums has changed between the two."""
        return self._replace(activity=0) == other._replace(activity=0)


async def read_pulse(connection: Connection, tenant: str, experiment_id: str) -> Pulse:
    """The pulse of one experiment. Raises ExperimentNotFound."""
    row = await (await connection.execute(ONE.encode(), [tenant, experiment_id])).fetchone()
    if row is None:
        raise ExperimentNotFound(f"experiments/{experiment_id}")
    return Pulse(*row)


async def read_live(connection: Connection) -> list[Pulse]:
    """The pulses of all that run or are paused, of every tenant."""
    return [Pulse(*row) for row in await (await connection.execute(LIVE.encode())).fetchall()]
