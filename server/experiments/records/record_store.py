"""Assignments, outcomes and sums, committed: many callers' in one transaction.

Results never look at units again: whatever changes about a unit changes the sums of its variant in
the same transaction, by the difference.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from psycopg.errors import DeadlockDetected, SerializationFailure

from server.experiments.errors import ExperimentError
from server.experiments.experiment import Experiment
from server.experiments.records.books import Books, Changes
from server.experiments.records.outcome import Outcome, check_open, check_outcome
from server.experiments.records.record import (
    Assigning,
    Assignment,
    Exposure,
    Recorded,
    Recording,
    RowKey,
    UnitKey,
    Write,
)
from server.experiments.records.sums_store import add_changes, read_tally, tally_of
from server.experiments.records.unit_store import (
    add_units,
    due_phases,
    expose_units,
    lock_rows,
    lock_units,
    newest_assignment,
    put_rows,
    take_due,
)
from server.experiments.results import Tally
from server.storage.database import Connection, Database
from server.storage.group_commit import GroupCommit

MOST_TRIES = 5
OVERTAKEN = (SerializationFailure, DeadlockDetected)  # by another transaction: worth another try
MATURED_AT_ONCE = 500  # in one transaction: others wait for the same sums


class RecordStore:
    """What is on record of the units of experiments. Every method raises StorageUnavailable.

    commits  a group commit of its own: these writes read what they change
    """

    def __init__(
        self, database: Database, commits: GroupCommit, now: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._commits = commits
        self._now = now

    async def find(self, experiment: Experiment, unit: str) -> Assignment | None:
        """The newest assignment of a unit in the experiment's phase; None: it has none."""
        async with self._database.connection("experiments.find") as connection:
            return await newest_assignment(connection, experiment, unit)

    async def assign(
        self,
        experiment: Experiment,
        wanted: Assignment,
        pre_period: Mapping[str, float],
        *,
        is_exposed: bool,
    ) -> tuple[Assignment, bool]:
        """Commit an assignment; the one that is on record when it returns, which may be another
        that was first, and whether the unit was exposed by this call for the first time.
        """
        write = Assigning(
            experiment,
            wanted,
            self._now() if is_exposed else None,
            _used(experiment, pre_period),
        )
        on_record: tuple[Assignment, bool] = await self._commits.append(write_down, write)
        return on_record

    async def record(self, experiment: Experiment, unit: str, outcome: Outcome) -> Recorded:
        """Commit what came of a unit, unless an outcome of its id is on record.

        Raises InvalidOutcome, OutcomeRefused.
        """
        check_open(experiment)
        check_outcome(experiment.design, outcome)
        write = Recording(experiment, unit, outcome, self._now())
        recorded: Recorded | ExperimentError = await self._commits.append(write_down, write)
        if isinstance(recorded, ExperimentError):
            raise recorded
        return recorded

    async def tally(self, experiment: Experiment) -> Tally:
        """All that is on record of the experiment's phase, as of one moment."""
        async with self._database.connection("experiments.tally") as connection:
            texts = await read_tally(connection, experiment)
        # Seconds' worth of them: not while others wait.
        return await asyncio.to_thread(tally_of, experiment.design, texts)

    async def due(self, now: datetime) -> list[tuple[str, str, int]]:
        """Tenant, experiment and phase of all in which units begin to count by now."""
        async with self._database.connection("experiments.due") as connection:
            return await due_phases(connection, now)

    async def mature(self, experiment: Experiment, now: datetime, most: int = 5000) -> int:
        """Count units whose windows have passed, in metrics in which they count only then; how
        many, in all such metrics together. Processes that do it at once share the work.
        """
        total = 0
        while total < most:
            count = await self._mature_some(experiment, now, min(MATURED_AT_ONCE, most - total))
            total += count
            if count < MATURED_AT_ONCE:
                break
        return total

    async def _mature_some(self, experiment: Experiment, now: datetime, most: int) -> int:
        async with (
            self._database.connection("experiments.mature") as connection,
            connection.transaction(),
        ):
            due = await take_due(connection, experiment, now, most)
            changes = Changes()
            for key, unit, name, row in due:
                changes.replace_row(key, unit, experiment.design.metric_named[name], None, row)
            await add_changes(connection, changes)
        return len(due)


async def expose(connection: Connection, exposures: Sequence[Exposure]) -> None:
    """Expose units and record what came of them, on the open transaction: once in it, and last.

    Units that are exposed already stay so; outcomes that are on record, or that come too late, are
    left out. Raises StorageUnavailable.
    """
    writes: list[Write] = []
    for exposure in exposures:
        assignment = exposure.assignment
        writes.append(Assigning(exposure.experiment, assignment, exposure.time))
        writes.extend(
            Recording(
                exposure.experiment, assignment.unit, outcome, exposure.time, assignment.episode
            )
            for outcome in exposure.outcomes
        )
    await write_down(connection, writes)


async def write_down(connection: Connection, writes: Sequence[Write]) -> list[Any]:
    """What became of each write: (Assignment, bool) of an Assigning; Recorded or an ExperimentError
    of a Recording. Raises StorageUnavailable.
    """
    for _ in range(MOST_TRIES - 1):
        with suppress(*OVERTAKEN):
            return await _try_to_write_down(connection, writes)
    return await _try_to_write_down(connection, writes)


async def _try_to_write_down(connection: Connection, writes: Sequence[Write]) -> list[Any]:
    async with connection.transaction():
        found, units = await lock_units(connection, writes)
        keys = [write.key or key for write, key in zip(writes, found, strict=True)]
        books = Books(units, await lock_rows(connection, _rows_of(writes, keys)))
        results = [
            books.assign(write) if isinstance(write, Assigning) else books.record(write, key)
            for write, key in zip(writes, keys, strict=True)
        ]
        if not await add_units(connection, books.new_units):
            raise SerializationFailure("another transaction has made the same assignment")
        await expose_units(connection, books.exposed)
        await put_rows(connection, books.changed_rows)
        await add_changes(connection, books.changes)
    return results


def _rows_of(writes: Sequence[Write], keys: Sequence[UnitKey | None]) -> set[RowKey]:
    return {
        RowKey(key, write.outcome.metric)
        for write, key in zip(writes, keys, strict=True)
        if isinstance(write, Recording) and key is not None
    }


def _used(experiment: Experiment, pre_period: Mapping[str, float]) -> Mapping[str, float]:
    """The values of those metrics that use one."""
    return {
        metric.name: pre_period[metric.name]
        for metric in experiment.design.metrics
        if metric.uses_pre_period and metric.name in pre_period
    }
