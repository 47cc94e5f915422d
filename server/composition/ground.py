"""What everything stands on: settings, state of the guards, database."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass

from prometheus_client import CollectorRegistry
from switchyard.admin.v1 import (
    access_service_pb2,
    budget_service_pb2,
    cache_service_pb2,
    rate_limit_service_pb2,
    resilience_service_pb2,
)
from switchyard.experiment.v1 import experiment_service_pb2
from switchyard.feedback.v1 import feedback_service_pb2
from switchyard.triage.v1 import triage_service_pb2

from interceptors.timings import Notes, Observe, Timings
from server.composition.guards import (
    Guards,
    make_guards,
)
from server.logs import JsonLog
from server.secret_key import load_or_make_key
from server.settings import Settings
from server.storage.database import Database
from server.storage.embedded import EmbeddedPostgres
from server.storage.group_commit import GroupCommit
from server.storage.migrate import migrate, read_migrations

SERVICES = tuple(
    file.DESCRIPTOR.services_by_name[name].full_name
    for file, name in (
        (triage_service_pb2, "TriageService"),
        (feedback_service_pb2, "FeedbackService"),
        (experiment_service_pb2, "ExperimentService"),
        (access_service_pb2, "AccessService"),
        (cache_service_pb2, "CacheService"),
        (rate_limit_service_pb2, "RateLimitService"),
        (resilience_service_pb2, "ResilienceService"),
        (budget_service_pb2, "BudgetService"),
    )
)

MOST_NOTED = 1000  # times of one kind of work that wait to be added up


@dataclass(frozen=True, slots=True)
class Ground:
    """What everything stands on."""

    settings: Settings
    log: JsonLog
    registry: CollectorRegistry
    stack: AsyncExitStack
    guards: Guards
    key: bytes  # of digests and page tokens
    database: Database
    commits: GroupCommit


async def lay_ground(
    settings: Settings, log: JsonLog, registry: CollectorRegistry, stack: AsyncExitStack
) -> Ground:
    key_file = settings.digest_key_file or settings.folder / "digest.key"
    key = await asyncio.to_thread(load_or_make_key, key_file)
    guards = make_guards(settings, SERVICES, log, registry, stack)
    database = await _open_database(settings, guards.timings, stack)
    commits = GroupCommit(database)
    commits.start()
    stack.push_async_callback(commits.stop)
    return Ground(settings, log, registry, stack, guards, key, database, commits)


async def _open_database(settings: Settings, timings: Timings, stack: AsyncExitStack) -> Database:
    """The given database or the embedded one, connected and migrated."""
    url = settings.database_url
    if not url:
        embedded = EmbeddedPostgres(settings.folder)
        stack.push_async_callback(embedded.stop)
        url = await embedded.start()
    database = Database(url, observe=observer(timings, "query", settings))
    await database.open()
    stack.push_async_callback(database.close)
    await migrate(database, read_migrations())
    return database


def observer(timings: Timings, kind: str, settings: Settings) -> Observe:
    """Takes in the times of one kind of work; of nothing where nothing is measured."""
    if not settings.measure:
        return lambda _subject, _seconds, _outcome: None

    def add_up(noted: tuple[str, float, str]) -> None:
        subject, seconds, outcome = noted
        timings.of(kind, subject, outcome).add(seconds)

    notes = Notes(add_up)

    def observe(subject: str, seconds: float, outcome: str) -> None:
        notes.add((subject, seconds, outcome))
        if len(notes) >= MOST_NOTED:
            notes.settle()

    timings.settle_before_reading(notes.settle)
    return observe
