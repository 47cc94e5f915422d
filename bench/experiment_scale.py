"""How fast are results of ten million outcomes, and how fast are more recorded beside them?

    python -m bench.experiment_scale [--units 1000000]      (make scale)

An experiment is filled as if it had run for long: so many units, each with five outcomes in each of
two metrics, under ten configurations. Rows are made by the database itself; sums are counted from
them once, as they would have come about one by one. Then a server is asked for the results over and
over, and outcomes and exposures are recorded on top, by as many callers as one commit takes. In the
end the sums must still be those of the rows. Takes two minutes.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random
from statistics import median, quantiles

import grpc
import uvloop
from switchyard.experiment.v1 import experiment_service_pb2, experiment_service_pb2_grpc

from bench.figures import Figure, report
from server.experiments.experiment import (
    Cause,
    Configuration,
    Design,
    Experiment,
    Metric,
    MetricKind,
    Role,
    Variant,
)
from server.experiments.lifecycle import drafted, started
from server.experiments.records.outcome import Outcome
from server.experiments.records.record import Assignment
from server.experiments.records.record_store import RecordStore
from server.experiments.results import Tally
from server.experiments.store import ExperimentStore
from server.storage.database import Database
from server.storage.embedded import EmbeddedPostgres
from server.storage.group_commit import GroupCommit
from server.storage.migrate import migrate, read_migrations
from tools.server_process import ServerProcess

TENANT, NAME, ACTOR = "default", "prompt-2", "bench"
START = datetime(2026, 1, 1, tzinfo=UTC)
NOW = START + timedelta(days=3)
DESIGN = Design(
    (Variant("a", 0.5), Variant("b", 0.5)),
    (Metric("solved", MetricKind.BINARY, Role.PRIMARY), Metric("spent", MetricKind.MEAN)),
)
CONFIGURATIONS = 10
OUTCOMES_A_UNIT = 10  # in both metrics together
LOOKS = 100
DEADLINE_S = 30.0
RECORDED = 50_000
CALLERS = 256

FILL = [
    """
    INSERT INTO experiment_assignments
    SELECT 'default', 'prompt-2', 1, 'unit-' || number, 0, number %% 2, number / 2 %% 10 + 1, 0.5,
        timestamptz '2026-01-01 00:00Z', timestamptz '2026-01-01 00:00Z', NULL
    FROM generate_series(1, %(units)s) AS number
    """,
    """
    INSERT INTO experiment_outcomes
    SELECT 'default', 'prompt-2', 1, 'unit-' || number, 0, metric, value * 5, value, value,
        timestamptz '2026-01-02 00:00Z', 5,
        ARRAY[number, -number, number + 1, number + 2, number + 3], NULL, NULL
    FROM (SELECT number, metric, CASE metric
              WHEN 'solved' THEN (hashint8(number) & 1023 < 512 + number %% 2)::int
              ELSE (hashint8(number) & 1023) / 100.0 END::float8 AS value
          FROM generate_series(1, %(units)s) AS number,
               unnest(ARRAY['solved', 'spent']) AS metric) AS made
    """,
]
# What a unit's row adds to the sums, said a second time.
RECOUNT = """
SELECT tenant, experiment_id, phase, configuration, variant, metric, count(*), sum(y), sum(y * y)
FROM (SELECT *, CASE metric WHEN 'solved' THEN (largest > 0)::int::float8 ELSE total END AS y
      FROM experiment_outcomes JOIN experiment_assignments
      USING (tenant, experiment_id, phase, unit, episode)) AS units
GROUP BY tenant, experiment_id, phase, configuration, variant, metric
"""
ADD_SUMS = [
    f"INSERT INTO experiment_sums SELECT *, 0, 0, 0 FROM ({RECOUNT}) AS counted",
    """
    INSERT INTO experiment_sums
    SELECT tenant, experiment_id, phase, configuration, variant, '', count(*), 0, 0, 0, 0, 0
    FROM experiment_assignments GROUP BY tenant, experiment_id, phase, configuration, variant
    """,
    "VACUUM ANALYZE",
]


@asynccontextmanager
async def opened_database(folder: Path) -> AsyncIterator[Database]:
    """A database with the schema, gone when the block ends."""
    postgres = EmbeddedPostgres(folder)
    database = Database(await postgres.start())
    await database.open()
    await migrate(database, read_migrations())
    try:
        yield database
    finally:
        await database.close()
        await postgres.stop()


async def filled_experiment(database: Database, units: int) -> Experiment:
    """An experiment that has all of it behind it."""
    store = ExperimentStore(database)
    await store.create(drafted(TENANT, NAME, DESIGN, START), ACTOR)
    experiment = await store.change(
        TENANT, NAME, "", lambda draft, others: started(draft, others, START), ACTOR, "start"
    )
    for version in range(2, CONFIGURATIONS + 1):
        experiment = await _reconfigured(store, version)
    async with database.connection("fill") as connection:
        for statement in FILL:
            await connection.execute(statement.encode(), {"units": units})
        for statement in ADD_SUMS:
            await connection.execute(statement.encode())
    return experiment


async def _reconfigured(store: ExperimentStore, version: int) -> Experiment:
    configuration = Configuration(version, DESIGN.weights, 1.0, Cause.UPDATE, START)

    def change(current: Experiment, _others: object) -> Experiment:
        return replace(current, revision=current.revision + 1, configuration=configuration)

    return await store.change(TENANT, NAME, "", change, ACTOR, "update")


async def looks(url: str, data: Path) -> list[Figure]:
    """How long results take, for a caller of a server on that database."""
    server = ServerProcess(data, SWITCHYARD_DATABASE_URL=url)
    await asyncio.to_thread(server.start)
    request = experiment_service_pb2.GetExperimentResultsRequest(name=f"experiments/{NAME}")
    took_ms = []
    async with grpc.aio.insecure_channel(server.address) as channel:
        stub = experiment_service_pb2_grpc.ExperimentServiceStub(channel)  # type: ignore[no-untyped-call]  # generated
        for _ in range(LOOKS):
            start = time.perf_counter()
            await stub.GetExperimentResults(request, timeout=DEADLINE_S)
            took_ms.append((time.perf_counter() - start) * 1e3)
    await asyncio.to_thread(server.stop)
    return [
        Figure("results", "first_ms", took_ms[0], "ms"),
        Figure("results", "p50_ms", median(took_ms), "ms"),
        Figure("results", "p95_ms", quantiles(took_ms, n=20)[-1], "ms", "<= 100"),
    ]


async def pace(case: str, write: Callable[[int], Awaitable[object]], goal: str) -> list[Figure]:
    """How many writes are committed in a second, and what each costs this process."""
    numbers = iter(range(RECORDED))

    async def keep_writing(numbers: Iterable[int]) -> None:
        for number in numbers:
            await write(number)

    wall, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*[keep_writing(numbers) for _ in range(CALLERS)])
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return [
        Figure(case, "pace", RECORDED / wall, "/s", goal),
        Figure(case, "processor time", cpu / RECORDED * 1e6, "us each"),
    ]


async def recording(experiment: Experiment, records: RecordStore, units: int) -> list[Figure]:
    """Outcomes of units of all ages, in both metrics."""
    chance, ids = Random(1), count()  # noqa: S311  # the same in every run

    async def record(number: int) -> None:
        is_binary = number % 2 == 0
        outcome = Outcome(
            "solved" if is_binary else "spent",
            str(next(ids)),
            float(chance.random() < 0.5),
            NOW,
            is_success_flag=is_binary,
        )
        await records.record(experiment, f"unit-{chance.randint(1, units)}", outcome)

    return await pace("outcomes", record, ">= 2000")


async def exposing(experiment: Experiment, records: RecordStore) -> list[Figure]:
    """Units that are new."""

    async def expose(number: int) -> None:
        version, variant = number // 2 % CONFIGURATIONS + 1, number % 2
        wanted = Assignment(NAME, 1, f"new-{number}", 0, variant, 0.5, version, NOW)
        await records.assign(experiment, wanted, {}, is_exposed=True)

    return await pace("exposures", expose, ">= 2000")


async def drift(database: Database, tally: Tally) -> Figure:
    """How far the sums are from those of the rows, at most."""
    async with database.connection("recount") as connection:
        start = time.perf_counter()
        rows = await (await connection.execute(RECOUNT.encode())).fetchall()
        seconds = time.perf_counter() - start
    errors = []
    for *_, configuration, variant, metric, n, y, yy in rows:
        cell = tally.metrics[metric].cells[configuration - 1][variant]
        for kept, counted in zip((cell.n, cell.y, cell.yy), (n, y, yy), strict=True):
            errors.append(abs(kept - counted) / counted)
    against = f"a recount takes {seconds:.1f} s"
    return Figure("sums", "largest relative error", max(errors), "", "<= 1e-9", against)


async def measure(units: int) -> list[Figure]:
    """Fill, look, record, and look again."""
    with tempfile.TemporaryDirectory(prefix="switchyard-bench-") as folder:
        async with opened_database(Path(folder) / "data") as database:
            start = time.perf_counter()
            experiment = await filled_experiment(database, units)
            filled = Figure("filling", "by the database", time.perf_counter() - start, "s")
            commits = GroupCommit(database)
            commits.start()
            records = RecordStore(database, commits, lambda: NOW)
            found = await looks(database.url, Path(folder) / "server")
            found += await recording(experiment, records, units)
            found += await exposing(experiment, records)
            await commits.stop()
            error = await drift(database, await records.tally(experiment))
            return [filled, *found, error]


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description="results of ten million outcomes")
    parser.add_argument("--units", type=int, default=1_000_000, help="how many (default 1000000)")
    units: int = parser.parse_args().units
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        found = runner.run(measure(units))
    report("scale", found, [f"{units:,} units, {units * OUTCOMES_A_UNIT:,} outcomes"])


if __name__ == "__main__":
    main()
