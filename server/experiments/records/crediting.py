"""What other parts of the house record of a unit, on their own transaction."""

from collections.abc import Sequence
from datetime import datetime

from server.experiments.errors import ExperimentError
from server.experiments.experiment import Experiment
from server.experiments.records.outcome import OPEN, Outcome
from server.experiments.records.record import Recording
from server.experiments.records.record_store import write_down
from server.storage.database import Connection


async def credit(
    connection: Connection,
    experiment: Experiment,
    unit: str,
    outcomes: Sequence[Outcome],
    now: datetime,
) -> list[Outcome]:
    """Record outcomes of an exposed unit on the open transaction; those that count now.

    Left out is what comes too late, or of a unit that was not exposed. Call it once in a
    transaction, and last: it locks the sums that others wait for. Raises psycopg's
    SerializationFailure and DeadlockDetected where another transaction was faster: begin again.
    """
    if experiment.state not in OPEN or not outcomes:
        return []
    writes = [Recording(experiment, unit, outcome, now) for outcome in outcomes]
    results = await write_down(connection, writes)
    return [
        outcome
        for outcome, result in zip(outcomes, results, strict=True)
        if not isinstance(result, ExperimentError)
    ]
