"""Trainings that nobody asks for: after so many labels, or by the clock."""

import logging
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from server.feedback.alarm.settings import Settings
from server.feedback.alarm.settings_store import SettingsStore
from server.feedback.training.schedule import ACTOR, PAUSE_S, Schedule
from tests.integration.feedback.training.conftest import Desk


class Clock:
    """Tells what the test says."""

    time_s = 0.0

    def __call__(self) -> float:
        """The time."""
        return self.time_s


@pytest.fixture
def clock() -> Clock:
    """At zero."""
    return Clock()


@pytest_asyncio.fixture
async def schedule(desk: Desk, clock: Clock) -> Schedule:
    """Looks when the test says; no other test's tenant is due."""
    async with desk.database.connection("test") as connection:
        await connection.execute("DELETE FROM feedback_settings")
    return Schedule(desk.database, desk.trainings, clock)


async def settle(desk: Desk, ago: timedelta = timedelta(), **terms: float) -> None:
    """The tenant's settings, made so long ago."""
    wanted = Settings(**terms)  # type: ignore[arg-type]  # numbers of labels are whole
    now = datetime.now(UTC) - ago
    await SettingsStore(desk.database).update(desk.tenant, wanted, "", "somebody", now)


async def fail() -> None:
    """What nobody has foreseen."""
    raise RuntimeError


async def test_so_many_new_labels_train_a_model(desk: Desk, schedule: Schedule) -> None:
    await settle(desk, train_after_labels=30)
    await desk.label(29)
    await schedule.look()
    assert await desk.versions() == []
    await desk.label(1)
    await schedule.look()
    assert (await desk.models.get(desk.tenant, 1)).creator == ACTOR


async def test_labels_count_from_the_last_training(desk: Desk, schedule: Schedule) -> None:
    await settle(desk, train_after_labels=30)
    await desk.label(40)
    await schedule.look()
    await desk.label(29)
    await schedule.look()
    assert await desk.versions() == [1]
    await desk.label(1)
    await schedule.look()
    assert await desk.versions() == [2, 1]


async def test_the_clock_trains_a_model_of_new_labels(desk: Desk, schedule: Schedule) -> None:
    await settle(desk, timedelta(hours=2), train_every_s=3600.0)
    await schedule.look()
    assert await desk.versions() == []  # there is nothing new
    await desk.label(30)
    await schedule.look()
    assert await desk.versions() == [1]
    await desk.label(30)
    await schedule.look()
    assert await desk.versions() == [1]  # an hour has not passed


async def test_before_its_hour_nothing_is_trained(desk: Desk, schedule: Schedule) -> None:
    await settle(desk, timedelta(minutes=30), train_every_s=3600.0)
    await desk.label(30)
    await schedule.look()
    assert await desk.versions() == []


async def test_other_settings_train_nothing(desk: Desk, schedule: Schedule) -> None:
    await settle(desk, timedelta(days=90), most_overturned=0.2)
    await desk.label(30)
    await schedule.look()
    assert await desk.versions() == []


async def test_a_tenant_with_a_damaged_model_is_trained_like_others(
    desk: Desk, schedule: Schedule
) -> None:
    await desk.label()
    await desk.damage(await desk.activate())
    await settle(desk, train_after_labels=30)
    await schedule.look()
    assert await desk.versions() == [2, 1]


async def test_a_training_that_fails_stops_nobody_elses(
    desk: Desk, schedule: Schedule, caplog: pytest.LogCaptureFixture
) -> None:
    other = await desk.neighbour()
    await desk.label()
    failing, sound = sorted((desk, other), key=lambda each: each.tenant)
    for each in (failing, sound):
        await settle(each, train_after_labels=30)

    async def fail_once() -> None:
        if len(desk.trainer.rivals) == 1:
            await fail()

    desk.trainer.meanwhile = fail_once
    with caplog.at_level(logging.CRITICAL, "switchyard.training-schedule"):
        await schedule.look()
    assert (await failing.versions(), await sound.versions()) == ([], [1])


async def test_a_training_that_failed_is_tried_again_after_a_while(
    desk: Desk, schedule: Schedule, clock: Clock
) -> None:
    await desk.label()
    await settle(desk, train_after_labels=30)
    desk.trainer.meanwhile = fail
    for time_s in (0.0, PAUSE_S - 1, PAUSE_S):
        clock.time_s = time_s
        await schedule.look()
    assert len(desk.trainer.rivals) == 2
