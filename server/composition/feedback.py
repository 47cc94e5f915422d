"""Feedback: what people say, and everything that it sets in motion."""

import random
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

import grpc
from switchyard.feedback.v1 import feedback_service_pb2_grpc

from server.composition.automation import AutomationParts
from server.composition.experiments import ExperimentParts
from server.composition.ground import Ground
from server.composition.models import open_finders
from server.composition.triage import TriageParts
from server.feedback.alarm.alarms import Alarms
from server.feedback.alarm.metrics import AlarmMetrics
from server.feedback.alarm.rolling_back import RollBacks
from server.feedback.alarm.settings_store import SettingsStore, delete_settings
from server.feedback.alarm.watch_store import WatchStore, delete_watches
from server.feedback.exchange.exporting import LabelExports
from server.feedback.exchange.importing import LabelImports
from server.feedback.review.queue import ReviewQueue
from server.feedback.review.reviews import Reviews
from server.feedback.review.store import ReviewStore, delete_leases
from server.feedback.review.streaming import ReviewStreams
from server.feedback.servicer import FeedbackDesks, FeedbackServicer
from server.feedback.submission.store import FeedbackStore, delete_feedback
from server.feedback.submission.submit import Submissions
from server.feedback.summary.summaries import Summaries
from server.feedback.training.embedded import EmbeddedTrainer
from server.feedback.training.schedule import Schedule
from server.feedback.training.trainings import Trainings
from server.triage.answer_store import answer_tags
from server.triage.run import Run

BELONGINGS = (delete_feedback, delete_leases, delete_settings, delete_watches)  # of a tenant


@dataclass(frozen=True, slots=True)
class FeedbackParts:
    """Feedback, as other parts need it."""

    desks: FeedbackDesks
    streams: ReviewStreams


def make_feedback(
    ground: Ground,
    triage: TriageParts,
    automation: AutomationParts,
    experiments: ExperimentParts,
) -> FeedbackParts:
    database, supply = ground.database, triage.catalog.supply
    settings, watches = SettingsStore(database), WatchStore(database)
    roll_backs = RollBacks(supply.models, experiments.store, _now)
    alarms = Alarms(watches, roll_backs.roll_back, AlarmMetrics(ground.registry).raised)
    reviews = make_reviews(ground, triage)
    streams = ReviewStreams(reviews, ground.guards.gate.closed)
    trainer = EmbeddedTrainer(ground.settings.embedding_model)
    trainings = Trainings(database, supply.labels, supply.models, triage.catalog, trainer)
    schedule = Schedule(database, trainings, time.monotonic)
    schedule.start()
    ground.stack.push_async_callback(schedule.stop)

    async def drop_answers(run: Run) -> int:
        return await ground.guards.cache.invalidate(*answer_tags(run))

    async def categories_of(tenant: str) -> Collection[str]:
        return (await triage.catalog.active(tenant)).taxonomy.by_name

    submissions = Submissions(
        database=database,
        runs=triage.runs,
        taxonomies=triage.catalog,
        experiments=experiments.catalog,
        settings_of=settings.get,
        drop_answers=drop_answers,
        take_back=alarms.take_back,
        gate_moved=triage.metrics.gate_moved,
        now=_now,
    )
    draining, finders = ground.guards.gate.closed, open_finders(ground.settings)
    desks = FeedbackDesks(
        submissions=submissions,
        feedback=FeedbackStore(database),
        summaries=Summaries(database),
        reviews=reviews,
        streams=streams,
        imports=LabelImports(database, categories_of, draining, _now),
        exports=LabelExports(supply.labels, categories_of, finders),
        trainings=trainings,
        models=supply.models,
        taxonomies=triage.catalog,
        automation=automation.budgets,
        standings=automation.catalog,
        settings=settings,
        watches=watches,
    )
    return FeedbackParts(desks, streams)


def make_reviews(ground: Ground, triage: TriageParts) -> Reviews:
    store = ReviewStore(ground.database)
    queue = ReviewQueue(store, random.SystemRandom().random)
    return Reviews(store, queue, triage.runs, _now)


def add_feedback(server: grpc.aio.Server, ground: Ground, feedback: FeedbackParts) -> None:
    feedback_service_pb2_grpc.add_FeedbackServiceServicer_to_server(  # type: ignore[no-untyped-call]  # generated
        FeedbackServicer(feedback.desks, ground.key, ground.guards.gate.closed, _now), server
    )


def _now() -> datetime:
    return datetime.now(UTC)
