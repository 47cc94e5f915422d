"""Experiments on a real PostgreSQL, as two processes would have them."""

import io
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import pytest
import pytest_asyncio

from interceptors.drain import DrainGate
from server.app import application
from server.experiments.experiment import Design, Experiment, Metric, MetricKind, Role, Variant
from server.experiments.lifecycle import drafted, started
from server.experiments.looks import Looks
from server.experiments.records.outcome import Outcome
from server.experiments.records.record import Assignment
from server.experiments.records.record_store import RecordStore
from server.experiments.store import ExperimentStore
from server.logs import JsonLog
from server.settings import OFF, Address, Settings
from server.storage.database import Database
from server.storage.group_commit import GroupCommit
from tests.conftest import make_database
from tests.integration.admin.servers import at, new_caller, new_tenant, serving
from tests.integration.callers import Caller
from tests.integration.databases import make_schema, opened
from tests.integration.experiments.desk import Desk

START = datetime(2026, 1, 2, 3, 4, 5, 678_000, UTC)
ACTOR = "apiKeys/0123456789abcdef"
HALVES = (Variant("a", 0.5), Variant("b", 0.5))
SOLVED = Metric("solved", MetricKind.BINARY, Role.PRIMARY)

Begin = Callable[..., Awaitable[Experiment]]


@dataclass
class Calendar:
    """Stands still until it is set."""

    now: datetime = field(default=START)

    def __call__(self) -> datetime:
        """The time."""
        return self.now

    def seconds(self) -> float:
        """The same on a monotonic clock."""
        return self.now.timestamp()

    def pass_by(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)


@pytest_asyncio.fixture(scope="package")
async def experiments_url(postgres_url: str) -> str:
    """A database with the schema, shared by the tests: each has a tenant of its own."""
    return await make_schema(postgres_url)


@pytest_asyncio.fixture(scope="package")
async def databases(experiments_url: str) -> AsyncIterator[list[Database]]:
    """A pool for each of two processes."""
    async with opened(experiments_url) as one, opened(experiments_url) as two:
        yield [one, two]


@pytest_asyncio.fixture(scope="package")
async def writers(databases: list[Database]) -> AsyncIterator[list[GroupCommit]]:
    """A writer for each of two processes."""
    writers = [GroupCommit(database) for database in databases]
    for writer in writers:
        writer.start()
    yield writers
    for writer in writers:
        await writer.stop()


@pytest.fixture
def calendar() -> Calendar:
    """The time."""
    return Calendar()


@pytest.fixture
def records(
    databases: list[Database], writers: list[GroupCommit], calendar: Calendar
) -> list[RecordStore]:
    """Of each of two processes."""
    return [RecordStore(*parts, calendar) for parts in zip(databases, writers, strict=True)]


@pytest.fixture
def experiments(databases: list[Database]) -> ExperimentStore:
    """Of the first process."""
    return ExperimentStore(databases[0])


@pytest.fixture
def looks(databases: list[Database], records: list[RecordStore], calendar: Calendar) -> list[Looks]:
    """Of each of two processes; they take no time."""
    stores = [ExperimentStore(database) for database in databases]
    parts = zip(stores, records, strict=True)
    return [Looks(*each, calendar, calendar.seconds) for each in parts]


@pytest.fixture
def tenant() -> str:
    """A tenant of the test's own."""
    return f"tenant-{uuid.uuid4().hex}"


@pytest.fixture
def begin(experiments: ExperimentStore, tenant: str, calendar: Calendar) -> Begin:
    """Starts an experiment of some metrics; other fields of its design by name."""

    async def make(*metrics: Metric, name: str = "prompt-2", **fields: object) -> Experiment:
        design = replace(Design(HALVES, metrics or (SOLVED,)), **fields)  # type: ignore[arg-type]  # fields by name
        draft = drafted(tenant, name, design, calendar.now)
        await experiments.create(draft, ACTOR)
        return await start(experiments, draft, calendar.now)

    return make


@pytest_asyncio.fixture(scope="package")
async def served_url(postgres_url: str) -> str:
    """The database of `operators`."""
    return await make_database(postgres_url)


@pytest_asyncio.fixture(scope="package")
async def operators(session_folder: Path, served_url: str) -> AsyncIterator[list[Caller]]:
    """The operator at each of two servers on one database."""
    settings = Settings(
        listen=Address("127.0.0.1", 0),
        metrics_listen=OFF,
        data_folder=session_folder / "experiments",
        database_url=served_url,
    )
    async with AsyncExitStack() as stack:
        first, second = [await stack.enter_async_context(serving(settings)) for _ in range(2)]
        operator = await new_caller(Caller(first), "ROLE_ADMIN")
        yield [operator, at(operator, second)]


@pytest_asyncio.fixture
async def desk(operators: list[Caller]) -> Desk:
    """The administrator of a tenant of the test's own, at the first server."""
    return Desk(await new_tenant(operators[0]))


@pytest_asyncio.fixture
async def closing(folder: Path, database_url: str) -> AsyncIterator[tuple[DrainGate, Desk]]:
    """A server of the test's own, its gate to be closed, and who sits at its machine."""
    settings = Settings(Address("127.0.0.1", 0), OFF, folder, database_url)
    log = JsonLog(io.BytesIO())
    async with (
        application(settings, log) as app,
        grpc.aio.insecure_channel(str(app.address)) as channel,
    ):
        yield app.gate, Desk(Caller(channel))
    await log.close()


async def start(store: ExperimentStore, experiment: Experiment, now: datetime) -> Experiment:
    """Start, or start again."""
    return await store.change(
        experiment.tenant,
        experiment.experiment_id,
        "",
        lambda current, neighbours: started(current, neighbours, now),
        ACTOR,
        "experiment.start",
    )


def assignment(experiment: Experiment, unit: str, variant: int = 0, **fields: object) -> Assignment:
    """What a unit is to get, under the configuration in force."""
    configuration = experiment.configuration
    assert configuration is not None
    wanted = Assignment(
        experiment_id=experiment.experiment_id,
        phase=experiment.phase,
        unit=unit,
        episode=0,
        variant=variant,
        propensity=configuration.weights[variant],
        configuration=configuration.version,
        assign_time=START,
    )
    return replace(wanted, **fields)  # type: ignore[arg-type]  # fields by name


async def exposed(
    records: RecordStore, experiment: Experiment, unit: str, variant: int = 0, **values: float
) -> Assignment:
    """A unit that is exposed from now on; values are those of before."""
    wanted = assignment(experiment, unit, variant)
    return (await records.assign(experiment, wanted, values, is_exposed=True))[0]


def success(outcome_id: str = "1", time: datetime = START, metric: str = "solved") -> Outcome:
    """A success."""
    return Outcome(metric, outcome_id, 1.0, time, is_success_flag=True)


def failure(outcome_id: str = "1", time: datetime = START, metric: str = "solved") -> Outcome:
    """A failure."""
    return Outcome(metric, outcome_id, 0.0, time, is_success_flag=True)
