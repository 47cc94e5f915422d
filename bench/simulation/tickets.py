"""Tickets that two processes of a server ask about again and again, while the weights change."""

import asyncio
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from bench.simulation.trial import design_of, equal
from server.experiments.assigner import Assigner
from server.experiments.assignment import choose
from server.experiments.catalog import ExperimentCatalog
from server.experiments.experiment import Algorithm, Experiment, UnitKind
from server.experiments.lifecycle import drafted, reweighed, started
from server.experiments.records.record_store import RecordStore
from server.experiments.store import ExperimentStore
from server.storage.database import Database
from server.storage.embedded import EmbeddedPostgres
from server.storage.group_commit import GroupCommit
from server.storage.migrate import migrate, read_migrations

SWITCHED, HASHED = "arm changes", "by the hash alone"
_NEW_A_ROUND = 20  # tickets; weights change after every round
_OLD_A_ROUND = 60
_ARMS = 3
_TENANT = "simulation"


@dataclass(frozen=True, slots=True)
class Process:
    """What one process of a server has for itself."""

    store: ExperimentStore
    assigner: Assigner


async def switched(rng: np.random.Generator, tickets: int) -> dict[str, float]:
    """Share of tickets that ever got another arm than at first, and would have by hash alone.

    Both processes ask about a new ticket at once, one of them about an old one; the second process
    hears of new weights a round too late.
    """
    names = [f"ticket-{number}" for number in range(tickets)]
    given, hashed = defaultdict[str, set[str]](set), defaultdict[str, set[int]](set)
    async with _two_processes() as processes:
        experiment = await _start(processes[0].store)
        for first in range(0, tickets, _NEW_A_ROUND):
            new = names[first : first + _NEW_A_ROUND]
            old = rng.choice(names[: first + len(new)], _OLD_A_ROUND).tolist()
            asked = [(each, ticket) for each in processes for ticket in new]
            asked += [(processes[rng.integers(2)], ticket) for ticket in old]
            arms = await asyncio.gather(*(_ask(rng, *each) for each in asked))
            for (_, ticket), arm in zip(asked, arms, strict=True):
                given[ticket].add(arm)
                hashed[ticket].add(choose(experiment, ticket)[0])
            await _hear(processes[1])
            experiment = await _reweigh(processes[0].store, experiment, rng)
            await _hear(processes[0])
    return {SWITCHED: _several(given.values()), HASHED: _several(hashed.values())}


def _several(arms_by_ticket: Iterable[Collection[object]]) -> float:
    return float(np.mean([len(arms) > 1 for arms in arms_by_ticket]))


async def _ask(rng: np.random.Generator, process: Process, ticket: str) -> str:
    assigned = await process.assigner.in_experiment(
        _TENANT, "trial", {UnitKind.TICKET: ticket}, {}, is_exposed=bool(rng.integers(2))
    )
    return assigned.variant


async def _start(store: ExperimentStore) -> Experiment:
    design = design_of(equal(_ARMS), algorithm=Algorithm.THOMPSON)
    draft = drafted(_TENANT, "trial", design, _now())
    await store.create(draft, _TENANT)
    return await store.change(
        _TENANT,
        draft.experiment_id,
        draft.etag,
        lambda current, neighbours: started(current, neighbours, _now()),
        _TENANT,
        "experiment.start",
    )


async def _reweigh(
    store: ExperimentStore, experiment: Experiment, rng: np.random.Generator
) -> Experiment:
    """Weights that are as different as can be: a ticket assigned anew would change its arm."""
    weights = rng.dirichlet(np.full(_ARMS, 0.3)).tolist()
    changed = reweighed(experiment, weights, _now())
    assert changed.configuration is not None
    await store.reweigh(experiment, changed.configuration)
    return changed


async def _hear(process: Process) -> None:
    """Read the weights that are in force now."""
    process.assigner.catalog.forget(_TENANT)
    await process.assigner.catalog.running(_TENANT)


@asynccontextmanager
async def _two_processes() -> AsyncIterator[list[Process]]:
    """On a PostgreSQL of their own."""
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        postgres = EmbeddedPostgres(Path(folder) / "data")
        stack.push_async_callback(postgres.stop)
        url = await postgres.start()
        databases = [Database(url), Database(url)]
        for database in databases:
            await database.open()
            stack.push_async_callback(database.close)
        await migrate(databases[0], read_migrations())
        yield [_process(database, stack) for database in databases]


def _process(database: Database, stack: AsyncExitStack) -> Process:
    commits = GroupCommit(database)
    commits.start()
    stack.push_async_callback(commits.stop)
    store = ExperimentStore(database)
    records = RecordStore(database, commits, _now)
    return Process(store, Assigner(ExperimentCatalog(store.active, store.get), records, _now))


def _now() -> datetime:
    return datetime.now(UTC)
