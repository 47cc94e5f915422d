"""What runs is looked after: it is counted, weighed, kept in its history, and ended once."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from server.experiments.conductor import Conductor
from server.experiments.experiment import (
    Algorithm,
    Allocation,
    Ending,
    Experiment,
    Metric,
    MetricKind,
    Role,
    State,
    StoppingRule,
    Variant,
)
from server.experiments.lifecycle import archived, paused, started, stopped
from server.experiments.looks import LASTING, Looks
from server.experiments.records.outcome import Outcome
from server.experiments.records.record_store import RecordStore
from server.experiments.store import ExperimentStore
from server.storage.database import Database
from server.storage.group_commit import GroupCommit
from tests.integration.callers import until
from tests.integration.experiments.conftest import (
    ACTOR,
    Begin,
    Calendar,
    assignment,
)

QUICK = StoppingRule(min_units=20)
BANDIT = Allocation(Algorithm.THOMPSON, batch_units=40)
SILENCE_FAILS = Metric(
    "solved", MetricKind.BINARY, Role.PRIMARY, missing_is_failure=True, window_s=60
)


@pytest.fixture
def conductors(
    databases: list[Database],
    records: list[RecordStore],
    looks: list[Looks],
    calendar: Calendar,
) -> list[Conductor]:
    """Of each of two processes; their rounds begin where a test says so."""
    stores = [ExperimentStore(database) for database in databases]
    return [Conductor(*parts, calendar) for parts in zip(stores, records, looks, strict=True)]


async def show(
    records: RecordStore,
    experiment: Experiment,
    calendar: Calendar,
    successes: Sequence[int],
    units: int = 50,
    prefix: str = "u",
) -> None:
    """As many units of each variant, and so many of them succeed."""

    async def show_one(variant: int, number: int) -> None:
        unit = f"{prefix}-{variant}-{number}"
        wanted = assignment(experiment, unit, variant)
        await records.assign(experiment, wanted, {}, is_exposed=True)
        value = float(number < successes[variant])
        told = Outcome("solved", "1", value, calendar.now, is_success_flag=True)
        await records.record(experiment, unit, told)

    await asyncio.gather(
        *(show_one(at, number) for at in range(len(successes)) for number in range(units))
    )


async def now(experiments: ExperimentStore, experiment: Experiment) -> Experiment:
    """The experiment as it is by now."""
    return await experiments.get(experiment.tenant, experiment.experiment_id)


async def ending(experiments: ExperimentStore, experiment: Experiment) -> tuple[Ending, str]:
    """How it has ended."""
    found = await now(experiments, experiment)
    assert found.state is State.STOPPED
    assert found.conclusion is not None
    return found.conclusion.ending, found.conclusion.variant


@pytest.mark.parametrize(
    ("successes", "ended"),
    [((5, 48), (Ending.WINNER, "b")), ((48, 5), (Ending.HARM, "b"))],
)
async def test_a_winner_and_harm_end_it(
    conductors: list[Conductor],
    experiments: ExperimentStore,
    records: list[RecordStore],
    begin: Begin,
    calendar: Calendar,
    successes: tuple[int, int],
    ended: tuple[Ending, str],
) -> None:
    experiment = await begin(stopping=QUICK)
    await show(records[0], experiment, calendar, successes)
    await conductors[0].conduct()
    assert await ending(experiments, experiment) == ended


async def test_time_alone_ends_it_too(
    conductors: list[Conductor],
    experiments: ExperimentStore,
    begin: Begin,
    calendar: Calendar,
) -> None:
    experiment = await begin(stopping=StoppingRule(max_duration_s=3600))
    await conductors[0].conduct()
    calendar.pass_by(3600)
    await conductors[0].conduct()
    assert await ending(experiments, experiment) == (Ending.INCONCLUSIVE, "")


async def test_what_is_paused_ends_too(
    conductors: list[Conductor],
    experiments: ExperimentStore,
    begin: Begin,
    calendar: Calendar,
) -> None:
    experiment = await begin(stopping=StoppingRule(max_duration_s=3600))
    await change(experiments, experiment, lambda current, _: paused(current, calendar.now))
    calendar.pass_by(3600)
    await conductors[0].conduct()
    assert await ending(experiments, experiment) == (Ending.INCONCLUSIVE, "")


async def change(experiments: ExperimentStore, experiment: Experiment, what: Any) -> Experiment:
    """A change by a person."""
    return await experiments.change(
        experiment.tenant, experiment.experiment_id, "", what, ACTOR, "experiment.update"
    )


async def test_of_two_processes_one_ends_it(
    conductors: list[Conductor],
    experiments: ExperimentStore,
    records: list[RecordStore],
    begin: Begin,
    calendar: Calendar,
    databases: list[Database],
) -> None:
    experiment = await begin(stopping=QUICK)
    await show(records[0], experiment, calendar, (5, 48))
    await asyncio.gather(*(conductor.conduct() for conductor in conductors * 3))
    assert (await now(experiments, experiment)).revision == experiment.revision + 1
    async with databases[0].connection("test") as connection:
        query = "SELECT actor FROM audit_events WHERE tenant = %s AND action = 'experiment.winner'"
        found = await (await connection.execute(query, [experiment.tenant])).fetchall()
    assert found == [("conductor",)]


async def test_a_winner_is_latched_once_where_it_goes_on(
    conductors: list[Conductor],
    experiments: ExperimentStore,
    records: list[RecordStore],
    begin: Begin,
    calendar: Calendar,
) -> None:
    experiment = await begin(stopping=StoppingRule(min_units=20, continues_after_winner=True))
    await show(records[0], experiment, calendar, (5, 48))
    await conductors[0].conduct()
    latched = await now(experiments, experiment)
    assert latched.state is State.RUNNING
    assert latched.conclusion is not None
    await show(records[0], experiment, calendar, (200, 0), units=200, prefix="later")
    await conductors[1].conduct()
    assert await now(experiments, experiment) == latched


async def test_an_algorithm_moves_weights_by_the_batch_and_once_for_all_processes(
    conductors: list[Conductor],
    experiments: ExperimentStore,
    records: list[RecordStore],
    begin: Begin,
    calendar: Calendar,
) -> None:
    experiment = await begin(allocation=BANDIT, stopping=StoppingRule(min_units=5000))
    await show(records[0], experiment, calendar, (2, 18), units=19)
    await conductors[0].conduct()
    assert (await now(experiments, experiment)).configuration == experiment.configuration
    await show(records[0], experiment, calendar, (1, 1), units=1, prefix="last")
    await asyncio.gather(*(conductor.conduct() for conductor in conductors * 2))
    moved = await now(experiments, experiment)
    assert moved.configuration is not None
    assert moved.configuration.version == 2
    assert moved.configuration.weights[1] > 0.9
    assert moved.etag == experiment.etag
    for conductor in conductors:
        await conductor.conduct()
    assert (await now(experiments, experiment)).configuration == moved.configuration


async def test_weights_of_what_is_paused_stay(
    conductors: list[Conductor],
    experiments: ExperimentStore,
    records: list[RecordStore],
    begin: Begin,
    calendar: Calendar,
) -> None:
    experiment = await begin(allocation=BANDIT, stopping=StoppingRule(min_units=5000))
    await show(records[0], experiment, calendar, (2, 48))
    stands = await change(experiments, experiment, lambda one, _: paused(one, calendar.now))
    await conductors[0].conduct()
    assert await now(experiments, experiment) == stands


async def test_the_history_grows_with_the_units_and_is_that_of_one_phase(
    conductors: list[Conductor],
    experiments: ExperimentStore,
    records: list[RecordStore],
    begin: Begin,
    calendar: Calendar,
) -> None:
    experiment = await begin(stopping=StoppingRule(min_units=5000))
    seen = []
    for number in range(3):
        await conductors[number % 2].conduct()  # before anything came: nothing to keep
        await show(records[0], experiment, calendar, (5, 6), units=10, prefix=str(number))
        for conductor in conductors:
            await conductor.conduct()
        key = (experiment.tenant, experiment.experiment_id, 1)
        seen.append([moment.units for moment in await experiments.moments(*key)])
    assert seen == [[20], [20, 40], [20, 40, 60]]
    assert await experiments.moments(*key[:2], 2) == []


async def test_units_of_whom_nothing_is_heard_count_when_their_time_has_passed(
    conductors: list[Conductor],
    records: list[RecordStore],
    looks: list[Looks],
    begin: Begin,
    calendar: Calendar,
) -> None:
    experiment = await begin(SILENCE_FAILS)
    await expose(records[0], experiment, 10)
    await conductors[0].conduct()
    assert await counted(looks[0], experiment) == [0, 0]
    calendar.pass_by(61)
    await conductors[0].conduct()
    assert await counted(looks[1], experiment) == [5, 5]


async def expose(records: RecordStore, experiment: Experiment, units: int) -> None:
    """As many units, by turns of each variant."""
    for number in range(units):
        wanted = assignment(experiment, f"u-{number}", number % 2)
        await records.assign(experiment, wanted, {}, is_exposed=True)


async def counted(looks: Looks, experiment: Experiment) -> list[int]:
    """Units of each variant that count in the primary metric."""
    look = await looks.at(await looks.poll(experiment.tenant, experiment.experiment_id))
    return [variant.units for variant in look.results.primary.variants]


@pytest.mark.parametrize("is_archived", [False, True])
async def test_units_whose_time_passes_after_the_end_count_and_the_conclusion_stays(
    conductors: list[Conductor],
    experiments: ExperimentStore,
    records: list[RecordStore],
    looks: list[Looks],
    begin: Begin,
    calendar: Calendar,
    is_archived: bool,
) -> None:
    experiment = await begin(SILENCE_FAILS)
    await expose(records[0], experiment, 10)
    ended = await change(experiments, experiment, lambda one, _: stopped(one, "", calendar.now))
    if is_archived:
        ended = await change(experiments, experiment, lambda one, _: archived(one, calendar.now))
    calendar.pass_by(61)
    await conductors[0].conduct()
    assert await counted(looks[1], experiment) == [5, 5]
    assert await now(experiments, experiment) == ended


async def test_nothing_is_left_to_wait_for_once_units_of_an_earlier_phase_have_matured(
    conductors: list[Conductor],
    experiments: ExperimentStore,
    records: list[RecordStore],
    looks: list[Looks],
    begin: Begin,
    calendar: Calendar,
) -> None:
    experiment = await begin(SILENCE_FAILS)
    await expose(records[0], experiment, 2)
    await change(experiments, experiment, lambda one, _: stopped(one, "", calendar.now))
    again = await change(
        experiments, experiment, lambda one, others: started(one, others, calendar.now)
    )
    calendar.pass_by(61)
    key = (experiment.tenant, experiment.experiment_id, experiment.phase)
    assert key in await records[0].due(calendar.now)
    await conductors[0].conduct()
    assert key not in await records[0].due(calendar.now)
    assert await counted(looks[0], again) == [0, 0]


async def test_what_cannot_be_read_keeps_nobody_from_the_others(
    conductors: list[Conductor],
    experiments: ExperimentStore,
    records: list[RecordStore],
    begin: Begin,
    calendar: Calendar,
    databases: list[Database],
) -> None:
    broken, *others = [await begin(name=name, stopping=QUICK) for name in ("a", "b", "c")]
    for experiment in others:
        await show(records[0], experiment, calendar, (5, 48))
    async with databases[0].connection("test") as connection:
        await connection.execute(
            "UPDATE experiments SET design = '{}' WHERE tenant = %s AND experiment_id = 'a'",
            [broken.tenant],
        )
    try:
        await conductors[0].conduct()
    finally:
        async with databases[0].connection("test") as connection:
            await connection.execute(
                "DELETE FROM experiments WHERE tenant = %s AND experiment_id = 'a'", [broken.tenant]
            )
    for experiment in others:
        assert await ending(experiments, experiment) == (Ending.WINNER, "b")


async def test_what_was_reopened_is_looked_at_anew(
    conductors: list[Conductor],
    experiments: ExperimentStore,
    records: list[RecordStore],
    begin: Begin,
    calendar: Calendar,
) -> None:
    experiment = await begin(stopping=QUICK)
    await show(records[0], experiment, calendar, (5, 48))
    await conductors[0].conduct()
    calendar.pass_by(5)
    reopened = await change(
        experiments, experiment, lambda one, others: started(one, others, calendar.now)
    )
    await conductors[0].conduct()
    assert await now(experiments, experiment) == reopened
    await show(records[0], reopened, calendar, (48, 5))
    await conductors[0].conduct()
    assert await ending(experiments, experiment) == (Ending.HARM, "b")


async def test_a_variant_that_was_taken_out_is_no_hindrance(
    conductors: list[Conductor],
    experiments: ExperimentStore,
    records: list[RecordStore],
    begin: Begin,
    calendar: Calendar,
) -> None:
    three = (Variant("a", 0.5), Variant("b", 0.5), Variant("c", 0.0))
    experiment = await begin(variants=three, stopping=QUICK)
    await show(records[0], experiment, calendar, (5, 48))
    await conductors[0].conduct()
    assert await ending(experiments, experiment) == (Ending.WINNER, "b")


async def test_its_loop_goes_on_when_the_database_has_been_away(
    experiments_url: str,
    experiments: ExperimentStore,
    records: list[RecordStore],
    begin: Begin,
    calendar: Calendar,
) -> None:
    experiment = await begin(stopping=QUICK)
    await show(records[0], experiment, calendar, (5, 48))
    away = Database(experiments_url)  # opened when the loop has begun
    commits = GroupCommit(away)
    store, kept = ExperimentStore(away), RecordStore(away, commits, calendar)
    conductor = Conductor(store, kept, Looks(store, kept, calendar), calendar)
    conductor.start()
    await asyncio.sleep(0)
    await away.open()

    async def is_stopped() -> bool:
        return (await now(experiments, experiment)).state is State.STOPPED

    await until(is_stopped)
    await conductor.stop()
    await away.close()


async def test_where_nothing_happens_it_is_looked_at_now_and_then(
    conductors: list[Conductor],
    experiments: ExperimentStore,
    begin: Begin,
    calendar: Calendar,
) -> None:
    experiment = await begin(stopping=StoppingRule(max_duration_s=90))
    await conductors[0].conduct()
    calendar.pass_by(LASTING / timedelta(seconds=1) - 1)
    await conductors[0].conduct()
    assert (await now(experiments, experiment)).state is State.RUNNING
    calendar.pass_by(31)
    await conductors[0].conduct()
    assert (await now(experiments, experiment)).state is State.STOPPED
