"""Feedback on a real PostgreSQL, to be summed up by two processes."""

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from server.feedback.submission.effects import Effects
from server.feedback.submission.feedback import Feedback, Said
from server.feedback.submission.judgement import judge
from server.feedback.submission.store import FeedbackFilter, Submitted, add
from server.feedback.summary.summaries import Summaries
from server.feedback.summary.summary import Grouping, Summary
from server.storage.database import Database
from server.triage.run import Run, make_run_id
from tests.integration.databases import make_schema, opened
from tests.unit.feedback.alarm.runs import START, make_run

EVERYTHING = FeedbackFilter()


@dataclass
class Reviewers:
    """People who say what they think of a tenant's runs, a second after one another."""

    databases: list[Database]
    tenant: str
    now: datetime = field(default=START)

    def run(self, **answer: Any) -> Run:
        """A run of the tenant's; fields of its answer by name."""
        return make_run(self.tenant, **answer)

    async def say(self, run: Run, said: Said, reviewer: str = "ann", replaces: str = "") -> str:
        """Put what is said on record; its id."""
        self.now += timedelta(seconds=1)
        feedback_id = make_run_id(self.now.timestamp(), uuid.uuid4().int >> 48)
        feedback = Feedback(feedback_id, run.run_id, reviewer, reviewer, self.now, said, replaces)
        judgement = judge(said, run.answer)
        async with self.databases[0].connection("test") as connection:
            await add(connection, run, Submitted(feedback, Effects()), judgement, "", b"")
        return feedback_id

    async def summary(
        self, which: FeedbackFilter = EVERYTHING, grouping: Grouping = Grouping.NONE
    ) -> tuple[Summary, dict[str, Summary]]:
        """As the second process tells it."""
        whole, groups = await Summaries(self.databases[1]).summarize(self.tenant, which, grouping)
        return whole, dict(groups)


@pytest_asyncio.fixture(scope="package")
async def summaries_url(postgres_url: str) -> str:
    """A database with the schema, shared by the tests: each has a tenant of its own."""
    return await make_schema(postgres_url)


@pytest_asyncio.fixture(scope="package")
async def databases(summaries_url: str) -> AsyncIterator[list[Database]]:
    """A pool for each of two processes."""
    async with opened(summaries_url) as one, opened(summaries_url) as two:
        yield [one, two]


@pytest.fixture
def reviewers(databases: list[Database]) -> Reviewers:
    """Of a tenant of the test's own."""
    return Reviewers(databases, f"tenant-{uuid.uuid4().hex}")
