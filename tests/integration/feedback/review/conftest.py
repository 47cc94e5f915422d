"""Runs that wait for people, on a real PostgreSQL, as two processes would have them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import pytest_asyncio

from server.feedback.review.item import ReviewItem, Wanted
from server.feedback.review.queue import ReviewQueue
from server.feedback.review.reviews import Reviews
from server.feedback.review.store import ReviewStore
from server.storage.database import Database
from server.storage.group_commit import GroupCommit
from server.triage.assessment import Prediction
from server.triage.review import ReviewReason
from server.triage.store import RunStore
from tests.integration.databases import add_tenant, make_schema, opened
from tests.unit.feedback.alarm.runs import make_run

START = datetime(2026, 3, 2, 12, 0, 0, 0, UTC)
ANYTHING = Wanted()

Wait = Callable[..., Awaitable[str]]


@dataclass
class Calendar:
    """Stands still until it is set."""

    now: datetime = field(default=START)

    def __call__(self) -> datetime:
        """The time."""
        return self.now

    def pass_by(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)


@pytest_asyncio.fixture(scope="package")
async def reviews_url(postgres_url: str) -> str:
    """A database with the schema, shared by the tests: each has a tenant of its own."""
    return await make_schema(postgres_url)


@pytest_asyncio.fixture(scope="package")
async def databases(reviews_url: str) -> AsyncIterator[list[Database]]:
    """A pool for each of two processes."""
    async with opened(reviews_url) as one, opened(reviews_url) as two:
        yield [one, two]


@pytest_asyncio.fixture(scope="package")
async def runs(databases: list[Database]) -> AsyncIterator[RunStore]:
    """Where runs are recorded."""
    commits = GroupCommit(databases[0])
    commits.start()
    yield RunStore(databases[0], commits)
    await commits.stop()


@pytest.fixture
def calendar() -> Calendar:
    """The time."""
    return Calendar()


@pytest.fixture
def offices(databases: list[Database], runs: RunStore, calendar: Calendar) -> list[Reviews]:
    """Reviews of each of two processes."""
    stores = [ReviewStore(database) for database in databases]
    draw = np.random.default_rng(7).random
    return [Reviews(store, ReviewQueue(store, draw), runs, calendar) for store in stores]


@pytest.fixture
def reviews(offices: list[Reviews]) -> Reviews:
    """Of the first."""
    return offices[0]


@pytest_asyncio.fixture
async def tenant(databases: list[Database]) -> str:
    """A tenant of the test's own."""
    return await add_tenant(databases[0])


@pytest.fixture
def wait(runs: RunStore, databases: list[Database], tenant: str) -> Wait:
    """Records a run that waits for a person, and gives its id."""

    async def record(
        body: str,
        value: float = 0.5,
        reason: ReviewReason = ReviewReason.UNCERTAIN,
        age: timedelta = timedelta(hours=1),
        category: str = "billing",
        of: str = tenant,
    ) -> str:
        run = make_run(of, START - age, body, category=Prediction(category, 0.5))
        await runs.add(run)
        async with databases[0].connection("test") as connection:
            await connection.execute(
                "UPDATE triage_runs SET review_value = %s, review_reason = %s"
                " WHERE tenant = %s AND run_id = %s",
                [value, int(reason), of, run.run_id],
            )
        return run.run_id

    return record


def names(items: list[ReviewItem]) -> list[str]:
    """The ids of their runs."""
    return [item.run.run_id for item in items]
