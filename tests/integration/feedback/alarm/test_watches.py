"""What is on record of subjects that people overturn."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from server.audit.store import AuditLog
from server.feedback.alarm.settings import Settings
from server.feedback.alarm.subjects import Kind, Subject
from server.feedback.alarm.watch_store import (
    ACTOR,
    MOST_LISTED,
    MOST_WATCHES,
    WatchStore,
    delete_watches,
)
from server.feedback.errors import OverturnWatchNotFound
from server.triage.engine import EngineVersion
from server.triage.run import Decision, Enrolled
from tests.integration.feedback.alarm.conftest import ENOUGH, Panel
from tests.unit.feedback.alarm.runs import ENGINE, START

MODEL = Subject(Kind.MODEL, "embedded linear-ngram 0123456789ab")
LATER = START + timedelta(days=1)


async def counts(panel: Panel, subject: Subject = MODEL) -> tuple[int, int]:
    """Judged and overturned."""
    watch = await panel.watch_of(subject)
    return watch.judged, watch.overturned


async def test_every_subject_of_a_run_is_watched(panel: Panel) -> None:
    enrolled = Enrolled("experiments/x", "b", 1, 1)
    await panel.judge(panel.run(experiment=enrolled), overturned=True)
    assert await counts(panel) == (1, 1)
    assert await counts(panel, Subject(Kind.VARIANT, "experiments/x/b phase 1")) == (1, 1)


async def test_a_run_is_counted_once_however_often_it_is_judged(panel: Panel) -> None:
    run = panel.run()
    await panel.judge(run, overturned=False)
    await panel.judge(run, overturned=False)
    assert await counts(panel) == (1, 0)


async def test_a_changed_verdict_takes_the_place_of_the_first(panel: Panel) -> None:
    run = panel.run()
    await panel.judge(run, overturned=False)
    await panel.judge(run, overturned=True)
    assert await counts(panel) == (1, 1)


async def test_an_automatic_run_that_somebody_happened_on_is_not_counted(panel: Panel) -> None:
    await panel.judge(panel.run(decision=Decision.AUTOMATIC), overturned=True)
    assert await panel.store.all(panel.tenant) == []


async def test_an_alarm_is_raised_once(panel: Panel) -> None:
    (alarm,) = await panel.overturn(ENOUGH + 3)
    assert (alarm.watch.subject, alarm.is_new, alarm.rolls_back) == (MODEL, True, False)


async def test_an_alarm_is_on_record_in_the_audit_log(panel: Panel) -> None:
    await panel.overturn()
    (event,) = await AuditLog(panel.database).page(panel.tenant, "overturn_alarm.raise", None, 10)
    assert (event.change.actor, event.change.resource) == (ACTOR, f"model {MODEL.name}")
    assert event.change.after == {"judged": 4, "overturned": 4, "most_overturned": 0.1}


async def test_what_should_have_been_taken_back_is_told_again(panel: Panel) -> None:
    panel.settings = replace(panel.settings, rolls_back=True)
    await panel.overturn()
    (again,) = await panel.judge(panel.run(), overturned=True)
    assert (again.is_new, again.rolls_back) == (False, True)


async def test_what_was_taken_back_is_not_told_again(panels: list[Panel]) -> None:
    panel, other = panels
    panel.settings = replace(panel.settings, rolls_back=True)
    (alarm,) = await panel.overturn()
    await other.store.act(panel.tenant, alarm.watch, "It was taken back.")
    assert await panel.judge(panel.run(), overturned=True) == []


async def test_the_first_to_act_says_what_was_done(panels: list[Panel]) -> None:
    (alarm,) = await panels[0].overturn()
    for panel, action in zip(panels, ("First.", "Second."), strict=True):
        await panel.store.act(panel.tenant, alarm.watch, action)
    assert (await panels[0].watch_of(MODEL)).action == "First."


async def test_no_bound_raises_no_alarm(panel: Panel) -> None:
    panel.settings = Settings()
    assert await panel.overturn(20) == []
    assert await counts(panel) == (20, 20)


async def test_after_a_reset_the_alarm_can_be_raised_anew(panel: Panel) -> None:
    await panel.overturn()
    await panel.store.reset(panel.tenant, MODEL, "apiKeys/1", LATER)
    assert await counts(panel) == (0, 0)
    assert len(await panel.overturn()) == 1


async def test_a_verdict_from_before_a_reset_does_not_come_back(panel: Panel) -> None:
    run = panel.run()
    await panel.judge(run, overturned=True)
    await panel.store.reset(panel.tenant, MODEL, "apiKeys/1", LATER)
    await panel.judge(run, overturned=False)
    assert await counts(panel) == (0, 0)


async def test_what_is_not_watched_cannot_be_reset(panel: Panel) -> None:
    with pytest.raises(OverturnWatchNotFound):
        await panel.store.reset(panel.tenant, MODEL, "apiKeys/1", LATER)


async def test_the_most_alarming_comes_first(panel: Panel) -> None:
    for count, model in enumerate("abc"):
        await panel.overturn(count, engine=replace(ENGINE, model=model))
    await panel.judge(panel.run(engine=replace(ENGINE, model="d")), overturned=False)
    listed = [watch.subject.name.split()[1] for watch in await panel.store.all(panel.tenant)]
    assert listed == ["c", "b", "d"]


async def test_two_processes_count_the_same_subjects_at_once(panels: list[Panel]) -> None:
    """Each run has the subjects of the others in another order."""
    prompts = [EngineVersion("llm", f"groq/{name}", f"triage-{name}", 1) for name in "ab"]
    enrolled = [Enrolled("experiments/x", name, 1, 1) for name in "ab"]
    runs = [
        panels[0].run(engine=prompts[at % 2], experiment=enrolled[at // 2 % 2]) for at in range(24)
    ]
    await asyncio.gather(
        *(panels[at % 2].judge(run, overturned=at % 3 == 0) for at, run in enumerate(runs))
    )
    watches = await panels[0].store.all(panels[0].tenant)
    by_kind = {kind: [w for w in watches if w.subject.kind is kind] for kind in Kind}
    assert {kind: sum(w.judged for w in found) for kind, found in by_kind.items()} == {
        kind: len(runs) for kind in Kind
    }
    assert sum(w.overturned for w in by_kind[Kind.MODEL]) == 8


async def test_those_judged_least_recently_are_forgotten(panel: Panel) -> None:
    async with panel.database.connection("test") as connection:
        await connection.execute(
            "INSERT INTO overturn_watches SELECT %s, 'prompt', 'triage-' || n, %s,"
            " %s + n * interval '1 ms', 0, 0, 0, 0, 1, '{0,0,0,0,0,0}', 0, 0, NULL, ''"
            " FROM generate_series(1, %s) AS n",
            [panel.tenant, START, START - timedelta(days=1), MOST_WATCHES],
        )
        await panel.judge(panel.run(), overturned=True)
        rows = await connection.execute(
            "SELECT count(*), min(update_time) FROM overturn_watches WHERE tenant = %s",
            [panel.tenant],
        )
        count, oldest = (await rows.fetchall())[0]
    assert count == MOST_WATCHES
    assert oldest == START - timedelta(days=1) + timedelta(milliseconds=2)
    assert len(await panel.store.all(panel.tenant)) == MOST_LISTED


async def test_another_tenants_watches_are_not_seen(panel: Panel) -> None:
    await panel.judge(panel.run(), overturned=True)
    assert await WatchStore(panel.database).all("another") == []


async def test_a_deleted_tenant_leaves_nothing(panel: Panel) -> None:
    await panel.judge(panel.run(), overturned=True)
    async with panel.database.connection("test") as connection:
        await delete_watches(connection, panel.tenant)
    assert await panel.store.all(panel.tenant) == []
