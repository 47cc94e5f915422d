"""Experiments change one revision after another, each on record, and every process hears of it."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest

from server.audit.store import AuditLog
from server.experiments.condition import OneOf
from server.experiments.errors import (
    ExperimentIdTaken,
    ExperimentNotFound,
    NotPossibleNow,
    StaleExperiment,
)
from server.experiments.experiment import (
    Algorithm,
    Allocation,
    Cause,
    Conclusion,
    Configuration,
    Design,
    Ending,
    Experiment,
    State,
    Variant,
)
from server.experiments.lifecycle import (
    archived,
    concluded,
    drafted,
    paused,
    reweighed,
    stopped,
    updated,
)
from server.experiments.records.record_store import RecordStore
from server.experiments.results import Interval, Moment, VariantMoment
from server.experiments.store import (
    EXPERIMENT_CHANNEL,
    Change,
    ExperimentStore,
    delete_experiments,
)
from server.storage.database import Database
from tests.integration.experiments.conftest import ACTOR, HALVES, SOLVED, START, Begin, start

THOMPSON = Allocation(Algorithm.THOMPSON)


def draft(tenant: str, experiment_id: str = "prompt-2", **fields: object) -> Experiment:
    design = replace(Design(HALVES, (SOLVED,)), **fields)  # type: ignore[arg-type]  # fields by name
    return drafted(tenant, experiment_id, design, START)


def retitled(title: str) -> Change:
    """Changes the title alone."""

    def change(current: Experiment, _neighbours: object) -> Experiment:
        return updated(current, replace(current.design, title=title), {"title"}, START)

    return change


async def changed(
    store: ExperimentStore, experiment: Experiment, change: Change, etag: str = ""
) -> Experiment:
    key = (experiment.tenant, experiment.experiment_id)
    return await store.change(*key, etag, change, ACTOR, "experiment.update")


async def ids(store: ExperimentStore, tenant: str, **which: object) -> list[str]:
    asked = {"state": None, "layer": "", "before": "", "size": 100} | which
    return [found.experiment_id for found in await store.page(tenant, **asked)]  # type: ignore[arg-type]  # fields by name


async def test_an_experiment_is_read_as_it_was_created(
    experiments: ExperimentStore, tenant: str
) -> None:
    created = draft(
        tenant,
        title="null byte \0",
        variants=(Variant("a", 0.1, {"temperature": 1e30}), Variant("b", 0.9, {"on": True})),
        targeting=OneOf("channel", ("email", "chat")),
    )
    await experiments.create(created, ACTOR)
    assert await experiments.get(tenant, "prompt-2") == created


async def test_an_experiment_that_ended_is_read_as_it_was_left(
    experiments: ExperimentStore, begin: Begin
) -> None:
    running = await begin()
    conclusion = Conclusion(Ending.WINNER, "b", "b is better.", START, 500, 0.1, 0.01, 0.19)
    ended = await changed(experiments, running, lambda current, _: concluded(current, conclusion))
    assert ended.conclusion == conclusion
    assert await experiments.get(ended.tenant, ended.experiment_id) == ended


async def test_an_id_is_given_once(experiments: ExperimentStore, tenant: str) -> None:
    await experiments.create(draft(tenant), ACTOR)
    with pytest.raises(ExperimentIdTaken):
        await experiments.create(draft(tenant), ACTOR)


async def test_no_tenant_sees_the_experiments_of_another(
    experiments: ExperimentStore, begin: Begin
) -> None:
    experiment = await begin()
    stranger = f"{experiment.tenant}-2"
    with pytest.raises(ExperimentNotFound):
        await experiments.get(stranger, experiment.experiment_id)
    with pytest.raises(ExperimentNotFound):
        await changed(experiments, replace(experiment, tenant=stranger), retitled("x"))
    assert await ids(experiments, stranger) == []
    assert await experiments.active(stranger) == ([], {})


async def test_pages_show_the_newest_first(experiments: ExperimentStore, tenant: str) -> None:
    for number in range(5):
        await experiments.create(draft(tenant, f"e-{number}"), ACTOR)
    assert await ids(experiments, tenant, size=3) == ["e-4", "e-3", "e-2"]
    assert await ids(experiments, tenant, before="e-2") == ["e-1", "e-0"]


async def test_pages_show_one_state_and_what_is_archived_where_asked_alone(
    experiments: ExperimentStore, begin: Begin, tenant: str
) -> None:
    await begin(name="e-running")
    for name in ("e-draft", "e-archived"):
        await experiments.create(draft(tenant, name), ACTOR)
    gone = await experiments.get(tenant, "e-archived")
    await changed(experiments, gone, lambda current, _: archived(current, START))
    assert await ids(experiments, tenant) == ["e-draft", "e-running"]
    assert await ids(experiments, tenant, state=State.RUNNING) == ["e-running"]
    assert await ids(experiments, tenant, state=State.ARCHIVED) == ["e-archived"]


async def test_pages_show_one_layer_where_asked(experiments: ExperimentStore, tenant: str) -> None:
    await experiments.create(draft(tenant, "e-1"), ACTOR)
    await experiments.create(draft(tenant, "e-2", layer="prompts"), ACTOR)
    assert await ids(experiments, tenant, layer="prompts") == ["e-2"]


async def test_a_change_is_a_new_revision(experiments: ExperimentStore, begin: Begin) -> None:
    before = await begin()
    after = await changed(experiments, before, retitled("New"), before.etag)
    assert after.etag != before.etag
    assert (await experiments.get(before.tenant, before.experiment_id)).design.title == "New"


async def test_a_change_of_what_has_changed_since_is_stale(
    experiments: ExperimentStore, begin: Begin
) -> None:
    before = await begin()
    await changed(experiments, before, retitled("Mine"))
    with pytest.raises(StaleExperiment):
        await changed(experiments, before, retitled("Yours"), before.etag)


async def test_of_changes_at_once_with_one_etag_one_is_made(
    experiments: ExperimentStore, databases: list[Database], begin: Begin
) -> None:
    before = await begin()
    stores = [experiments, ExperimentStore(databases[1])]
    answers = await asyncio.gather(
        *[
            changed(stores[number % 2], before, retitled(f"{number}"), before.etag)
            for number in range(6)
        ],
        return_exceptions=True,
    )
    assert (
        sorted(type(answer).__name__ for answer in answers)
        == ["Experiment"] + ["StaleExperiment"] * 5
    )


async def test_changes_at_once_without_an_etag_follow_one_another(
    experiments: ExperimentStore, databases: list[Database], begin: Begin
) -> None:
    before = await begin()
    stores = [experiments, ExperimentStore(databases[1])]
    await asyncio.gather(
        *[changed(stores[number % 2], before, retitled(f"{number}")) for number in range(6)]
    )
    after = await experiments.get(before.tenant, before.experiment_id)
    assert after.revision == before.revision + 6


async def test_experiments_that_start_at_once_share_their_layer(
    experiments: ExperimentStore, databases: list[Database], tenant: str
) -> None:
    drafts = [draft(tenant, f"e-{n}", layer="prompts", layer_share=0.4) for n in range(4)]
    for each in drafts:
        await experiments.create(each, ACTOR)
    stores = [experiments, ExperimentStore(databases[1])]
    answers = await asyncio.gather(
        *[start(stores[number % 2], each, START) for number, each in enumerate(drafts)],
        return_exceptions=True,
    )
    starts = [a.slice.start for a in answers if isinstance(a, Experiment) and a.slice]
    assert sorted(starts) == [0.0, 0.4]
    assert sum(isinstance(answer, NotPossibleNow) for answer in answers) == 2


async def test_a_change_that_is_refused_leaves_nothing(
    experiments: ExperimentStore, databases: list[Database], begin: Begin
) -> None:
    before = await begin()
    with pytest.raises(NotPossibleNow):
        await changed(experiments, before, lambda current, _: archived(current, START))
    assert await experiments.get(before.tenant, before.experiment_id) == before
    events = await AuditLog(databases[0]).page(before.tenant, "experiment.update", None, 9)
    assert events == []


async def test_a_change_of_nothing_is_no_revision(
    experiments: ExperimentStore, begin: Begin
) -> None:
    before = await begin()
    assert await changed(experiments, before, lambda current, _: current) == before


async def test_changes_are_on_record_with_what_was_and_what_is(
    experiments: ExperimentStore, databases: list[Database], begin: Begin
) -> None:
    before = await begin()
    await changed(experiments, before, retitled("New"))
    await changed(experiments, before, lambda current, _: stopped(current, "Enough.", START))
    events = await AuditLog(databases[0]).page(before.tenant, "", None, 9)
    changes = [event.change for event in events]
    assert [change.action for change in changes] == [
        *["experiment.update"] * 2,
        "experiment.start",
        "experiment.create",
    ]
    running = {"state": "running", "phase": 1, "weights": [0.5, 0.5], "traffic": 1.0}
    running |= {"conclusion": None}
    assert (changes[0].before, changes[0].after) == (
        running,
        running | {"state": "stopped", "conclusion": "Enough."},
    )
    assert changes[1].after == running | {"changed": ["title"]}
    assert {change.actor for change in changes} == {ACTOR}


async def test_new_traffic_begins_a_configuration(
    experiments: ExperimentStore, records: list[RecordStore], begin: Begin
) -> None:
    before = await begin(traffic=0.5)
    ramped = replace(before.design, traffic=0.75)
    after = await changed(
        experiments, before, lambda current, _: updated(current, ramped, {"traffic"}, START)
    )
    assert await experiments.get(before.tenant, before.experiment_id) == after
    configurations = (await records[0].tally(after)).configurations
    assert configurations == (before.configuration, after.configuration)


async def test_configurations_are_those_of_one_phase(
    experiments: ExperimentStore, records: list[RecordStore], begin: Begin
) -> None:
    first = await begin()
    await changed(experiments, first, lambda current, _: stopped(current, "", START))
    again = await start(experiments, first, START + timedelta(days=1))
    assert (await records[0].tally(first)).configurations == (first.configuration,)
    assert (await records[0].tally(again)).configurations == (again.configuration,)


def leaning(experiment: Experiment, weight: float) -> Configuration:
    """What an algorithm has found."""
    configuration = reweighed(experiment, (1 - weight, weight), START).configuration
    assert configuration is not None
    return configuration


async def test_an_algorithm_moves_weights_and_leaves_the_etag(
    experiments: ExperimentStore, begin: Begin
) -> None:
    before = await begin(allocation=THOMPSON)
    assert await experiments.reweigh(before, leaning(before, 0.75))
    after = await experiments.get(before.tenant, before.experiment_id)
    assert after.configuration == Configuration(2, (0.25, 0.75), 1.0, Cause.ALGORITHM, START)
    assert after.etag == before.etag


async def test_of_processes_that_move_weights_at_once_one_does(
    experiments: ExperimentStore,
    databases: list[Database],
    records: list[RecordStore],
    begin: Begin,
) -> None:
    before = await begin(allocation=THOMPSON)
    stores = [experiments, ExperimentStore(databases[1])]
    answers = await asyncio.gather(
        *[
            stores[number % 2].reweigh(before, leaning(before, 0.5 + number / 100))
            for number in range(6)
        ]
    )
    assert sum(answers) == 1
    assert len((await records[0].tally(before)).configurations) == 2


async def test_weights_of_what_does_not_run_any_more_are_not_moved(
    experiments: ExperimentStore, begin: Begin
) -> None:
    before = await begin(allocation=THOMPSON)
    await changed(experiments, before, lambda current, _: paused(current, START))
    assert not await experiments.reweigh(before, leaning(before, 0.75))


async def test_a_change_that_waits_for_moved_weights_sees_them(
    experiments: ExperimentStore, databases: list[Database], begin: Begin
) -> None:
    before = await begin(allocation=THOMPSON)
    other = ExperimentStore(databases[1])
    answers = await asyncio.gather(
        experiments.reweigh(before, leaning(before, 0.75)),
        *[changed(other, before, retitled(f"{number}")) for number in range(4)],
    )
    assert answers[0] is True
    after = await experiments.get(before.tenant, before.experiment_id)
    assert after.configuration == leaning(before, 0.75)
    assert after.revision == before.revision + 4


async def test_active_experiments_are_those_that_run_or_are_paused(
    experiments: ExperimentStore, begin: Begin, tenant: str
) -> None:
    running, waiting, ended = [await begin(name=f"e-{number}") for number in range(3)]
    await experiments.create(draft(tenant, "e-draft"), ACTOR)
    waiting = await changed(experiments, waiting, lambda current, _: paused(current, START))
    await changed(experiments, ended, lambda current, _: stopped(current, "", START))
    assert (await experiments.active(tenant))[0] == [running, waiting]
    live = [pulse for pulse in await experiments.live() if pulse.tenant == tenant]
    assert live == [await experiments.pulse(tenant, name) for name in ("e-0", "e-1")]


async def test_no_more_run_than_may(databases: list[Database], begin: Begin, tenant: str) -> None:
    store = ExperimentStore(databases[0], most_active=2)
    paused_one = await changed(store, await begin(name="e-0"), lambda one, _: paused(one, START))
    await begin(name="e-1")
    await store.create(draft(tenant, "e-2"), ACTOR)
    last = await store.get(tenant, "e-2")
    with pytest.raises(NotPossibleNow, match="2 experiments run or are paused"):
        await start(store, last, START)
    await start(store, paused_one, START)  # it was one of them
    await changed(store, paused_one, lambda one, _: stopped(one, "", START))
    assert (await start(store, last, START)).state is State.RUNNING


def moment(number: int) -> Moment:
    standing = VariantMoment(0.5, number, 0.5, 0.125, Interval(-0.25, 0.5))
    time = START + timedelta(minutes=number)
    return Moment(time, number, (VariantMoment(0.5, number), standing))


async def test_the_history_is_read_as_it_was_written(
    experiments: ExperimentStore, begin: Begin
) -> None:
    experiment = await begin()
    key = (experiment.tenant, experiment.experiment_id, 1)
    for number in range(3):
        await experiments.add_moment(experiment, moment(number))
    assert await experiments.moments(*key) == [moment(number) for number in range(3)]
    assert await experiments.moments(*key, 1) == [moment(2)]


@pytest.mark.parametrize(
    ("newest", "kept"), [(4, [1, 2, 3, 4]), (7, [2, 4, 6, 7]), (14, [4, 8, 12, 14])]
)
async def test_a_long_history_is_thinned_evenly_and_keeps_the_newest(
    databases: list[Database], begin: Begin, newest: int, kept: list[int]
) -> None:
    experiment, store = await begin(), ExperimentStore(databases[0], most_moments=4)
    for number in range(1, newest + 1):
        await store.add_moment(experiment, moment(number))
    found = await store.moments(experiment.tenant, experiment.experiment_id, 1)
    assert [each.units for each in found] == kept


async def test_processes_that_add_to_the_history_at_once_harm_nothing(
    experiments: ExperimentStore, databases: list[Database], begin: Begin
) -> None:
    experiment = await begin()
    stores = [experiments, ExperimentStore(databases[1])]
    await asyncio.gather(*[stores[n % 2].add_moment(experiment, moment(n)) for n in range(6)])
    assert await experiments.moments(experiment.tenant, experiment.experiment_id, 1)


async def test_every_change_is_told(
    experiments: ExperimentStore, experiments_url: str, begin: Begin, tenant: str
) -> None:
    async with await psycopg.AsyncConnection.connect(experiments_url, autocommit=True) as listener:
        await listener.execute(f"LISTEN {EXPERIMENT_CHANNEL}".encode())
        running = await begin(allocation=THOMPSON)  # created, and started
        await experiments.reweigh(running, leaning(running, 0.75))
        await changed(experiments, running, retitled("New"))
        told = [told.payload async for told in listener.notifies(timeout=30, stop_after=4)]
    assert told == [tenant] * 4


async def test_a_deleted_tenant_takes_its_experiments_along(
    experiments: ExperimentStore, databases: list[Database], begin: Begin, tenant: str
) -> None:
    await begin()
    async with databases[0].connection("test") as connection:
        await delete_experiments(connection, tenant)
    assert await ids(experiments, tenant) == []
