"""A look is taken once for all who ask, and again only where it would show more."""

import asyncio
from functools import partial
from itertools import count

import pytest

from server.experiments.experiment import Experiment
from server.experiments.lifecycle import paused
from server.experiments.looks import LASTING, POLL_S, REST, Looks
from server.experiments.pulse_store import Pulse
from server.experiments.records.record_store import RecordStore
from server.experiments.store import ExperimentStore, delete_experiments
from server.storage.database import Database
from tests.integration.experiments.conftest import ACTOR, Begin, Calendar, exposed


async def pulse_of(store: ExperimentStore, experiment: Experiment) -> Pulse:
    return await store.pulse(experiment.tenant, experiment.experiment_id)


async def test_all_who_ask_at_once_get_one_look(
    looks: list[Looks], experiments: ExperimentStore, begin: Begin
) -> None:
    pulse = await pulse_of(experiments, await begin())
    found = await asyncio.gather(*(looks[0].at(pulse) for _ in range(20)))
    assert all(look is found[0] for look in found)


async def test_a_look_misses_nothing_of_its_pulse(
    looks: list[Looks],
    experiments: ExperimentStore,
    records: list[RecordStore],
    begin: Begin,
) -> None:
    experiment = await begin()
    for number in range(3):
        await exposed(records[1], experiment, f"u-{number}")
        look = await looks[0].at(await pulse_of(experiments, experiment))
        assert look.results.exposures == (number + 1, 0)


@pytest.fixture
def slow(experiments: ExperimentStore, records: list[RecordStore], calendar: Calendar) -> Looks:
    """Each reading of whose clock is a second after the one before: so long does a look take."""
    return Looks(experiments, records[0], calendar, partial(next, map(float, count())))


async def test_after_a_costly_look_who_is_patient_gets_it_until_the_rest_is_over(
    slow: Looks, experiments: ExperimentStore, records: list[RecordStore], begin: Begin
) -> None:
    experiment = await begin()
    first = await slow.at(await pulse_of(experiments, experiment))
    await exposed(records[0], experiment, "u")
    changed = await pulse_of(experiments, experiment)
    resting = [await slow.at(changed, is_patient=True) for _ in range(round(REST) - 1)]
    assert all(look is first for look in resting)
    assert (await slow.at(changed, is_patient=True)).pulse == changed


async def test_who_is_not_patient_gets_a_new_look_at_once(
    slow: Looks, experiments: ExperimentStore, records: list[RecordStore], begin: Begin
) -> None:
    experiment = await begin()
    await slow.at(await pulse_of(experiments, experiment))
    await exposed(records[0], experiment, "u")
    changed = await pulse_of(experiments, experiment)
    assert (await slow.at(changed)).results.exposures == (1, 0)


async def test_a_change_by_a_person_is_no_time_to_rest(
    slow: Looks, experiments: ExperimentStore, begin: Begin, calendar: Calendar
) -> None:
    experiment = await begin()
    await slow.at(await pulse_of(experiments, experiment))
    stands = await experiments.change(
        experiment.tenant,
        experiment.experiment_id,
        "",
        lambda one, _: paused(one, calendar.now),
        ACTOR,
        "experiment.pause",
    )
    changed = await pulse_of(experiments, experiment)
    assert (await slow.at(changed, is_patient=True)).experiment == stands


async def test_time_alone_makes_another_look(
    looks: list[Looks], experiments: ExperimentStore, begin: Begin, calendar: Calendar
) -> None:
    pulse = await pulse_of(experiments, await begin())
    first = await looks[0].at(pulse)
    calendar.now += LASTING
    assert (await looks[0].at(pulse)).results.time == first.results.time + LASTING


async def test_pulses_are_read_anew_every_so_often(
    looks: list[Looks],
    experiments: ExperimentStore,
    records: list[RecordStore],
    begin: Begin,
    calendar: Calendar,
) -> None:
    experiment = await begin()
    key = (experiment.tenant, experiment.experiment_id)
    first = await looks[0].poll(*key)
    await exposed(records[0], experiment, "u")
    assert await looks[0].poll(*key) == first
    calendar.pass_by(POLL_S)
    assert await looks[0].poll(*key) == await pulse_of(experiments, experiment) != first


async def test_who_leaves_takes_the_look_from_nobody(
    looks: list[Looks], experiments: ExperimentStore, begin: Begin
) -> None:
    pulse = await pulse_of(experiments, await begin())
    leaving, *staying = [asyncio.create_task(looks[0].at(pulse)) for _ in range(3)]
    await asyncio.sleep(0)
    leaving.cancel()
    assert [(await look).pulse for look in staying] == [pulse, pulse]


async def test_no_look_at_one_that_was_deleted_is_shown_of_another_of_its_name(
    looks: list[Looks], experiments: ExperimentStore, begin: Begin, databases: list[Database]
) -> None:
    deleted = await begin()
    await looks[0].at(await pulse_of(experiments, deleted))
    async with databases[0].connection("test") as connection:
        await delete_experiments(connection, deleted.tenant)
    other = await begin(title="Another")
    found = await looks[0].at(await pulse_of(experiments, other))
    assert found.experiment == other
