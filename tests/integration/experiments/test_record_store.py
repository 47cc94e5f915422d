"""Who was exposed to what is on record once, and outcomes count once, for whichever process."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from server.experiments.errors import InvalidOutcome, OutcomeRefused
from server.experiments.experiment import Experiment, Metric, MetricKind, Role, State
from server.experiments.records.outcome import MOST_OUTCOMES, Outcome
from server.experiments.records.record import Exposure, Recorded
from server.experiments.records.record_store import RecordStore, expose
from server.experiments.store import ExperimentStore, delete_experiments
from server.storage.database import Database
from server.storage.errors import StorageUnavailable
from tests.integration.callers import until
from tests.integration.experiments.conftest import (
    SOLVED,
    START,
    Begin,
    Calendar,
    assignment,
    exposed,
    failure,
    success,
)

UNITS = [f"unit-{number}" for number in range(40)]


async def refusal(records: RecordStore, experiment: Experiment, unit: str, what: Outcome) -> str:
    with pytest.raises(OutcomeRefused) as refused:
        await records.record(experiment, unit, what)
    return refused.value.reason


async def test_an_assignment_is_found_as_it_was_made(
    records: list[RecordStore], begin: Begin
) -> None:
    experiment = await begin()
    wanted = assignment(experiment, "u", 1)
    assert await records[0].assign(experiment, wanted, {}, is_exposed=False) == (wanted, False)
    assert await records[1].find(experiment, "u") == wanted


async def test_a_unit_that_was_never_assigned_is_not_found(
    records: list[RecordStore], begin: Begin
) -> None:
    assert await records[0].find(await begin(), "u") is None


async def test_an_assigned_unit_is_exposed_later(
    records: list[RecordStore], begin: Begin, calendar: Calendar
) -> None:
    experiment = await begin()
    wanted = assignment(experiment, "u", 1)
    await records[0].assign(experiment, wanted, {}, is_exposed=False)
    assert (await records[0].tally(experiment)).exposures == ((0, 0),)
    calendar.pass_by(5)
    on_record = replace(wanted, expose_time=calendar.now)
    assert await records[0].assign(experiment, wanted, {}, is_exposed=True) == (on_record, True)
    assert (await records[0].tally(experiment)).exposures == ((0, 1),)


async def test_the_first_exposure_stays(
    records: list[RecordStore], begin: Begin, calendar: Calendar
) -> None:
    experiment = await begin()
    first = await exposed(records[0], experiment, "u", 1)
    calendar.pass_by(5)
    wanted = assignment(experiment, "u", 0)
    assert await records[1].assign(experiment, wanted, {}, is_exposed=True) == (first, False)
    assert (await records[0].tally(experiment)).exposures == ((0, 1),)


async def test_of_processes_that_expose_the_same_units_at_once_one_is_first(
    records: list[RecordStore], begin: Begin
) -> None:
    experiment = await begin()
    found = await asyncio.gather(
        *[
            records[variant].assign(
                experiment, assignment(experiment, unit, variant), {}, is_exposed=True
            )
            for units, variant in ((UNITS, 0), (UNITS[::-1], 1))
            for unit in units
        ]
    )
    variants = {(kept.unit, kept.variant) for kept, _ in found}
    assert len(variants) == len(UNITS)
    assert sum(is_first for _, is_first in found) == len(UNITS)
    ones = sum(variant for _, variant in variants)
    assert (await records[0].tally(experiment)).exposures == ((len(UNITS) - ones, ones),)


async def test_an_exposure_counts_under_the_configuration_of_its_assignment(
    records: list[RecordStore], begin: Begin
) -> None:
    experiment = await begin()
    old = assignment(experiment, "u", 1, configuration=1)
    configuration = experiment.configuration
    assert configuration is not None
    later = experiment.changed(configuration=replace(configuration, version=2))
    await records[0].assign(experiment, old, {}, is_exposed=False)
    await records[0].assign(later, assignment(later, "u", 0), {}, is_exposed=True)
    assert (await records[0].tally(experiment)).exposures == ((0, 1),)


async def test_an_outcome_is_recorded_once(records: list[RecordStore], begin: Begin) -> None:
    experiment = await begin()
    await exposed(records[0], experiment, "u", 1)
    answers = await asyncio.gather(
        *[records[number % 2].record(experiment, "u", success()) for number in range(10)]
    )
    assert sorted(answer.is_repeated for answer in answers) == [False] + [True] * 9
    assert {answer.variant for answer in answers} == {1}


async def test_an_outcome_may_be_repeated_when_its_window_has_passed(
    records: list[RecordStore], begin: Begin, calendar: Calendar
) -> None:
    experiment = await begin(replace(SOLVED, window_s=60.0))
    await exposed(records[0], experiment, "u")
    await records[0].record(experiment, "u", success())
    calendar.pass_by(9000)
    late = success(time=calendar.now)
    assert await records[0].record(experiment, "u", late) == Recorded(0, is_repeated=True)


@pytest.mark.parametrize(("seconds", "reason"), [(-61, "BEFORE_EXPOSURE"), (3661, "WINDOW_PASSED")])
async def test_an_outcome_outside_its_window_is_refused_and_changes_nothing(
    records: list[RecordStore], begin: Begin, calendar: Calendar, seconds: float, reason: str
) -> None:
    experiment = await begin(replace(SOLVED, window_s=3600.0))
    await exposed(records[0], experiment, "u")
    calendar.pass_by(9000)
    before = await records[0].tally(experiment)
    outside = success(time=START + timedelta(seconds=seconds))
    assert await refusal(records[0], experiment, "u", outside) == reason
    assert await records[0].tally(experiment) == before


async def test_an_outcome_of_the_far_future_is_invalid(
    records: list[RecordStore], begin: Begin
) -> None:
    experiment = await begin()
    await exposed(records[0], experiment, "u")
    with pytest.raises(InvalidOutcome):
        await records[0].record(experiment, "u", success(time=START + timedelta(seconds=301)))


async def test_an_outcome_of_a_unit_that_is_not_exposed_is_refused(
    records: list[RecordStore], begin: Begin
) -> None:
    experiment = await begin()
    await records[0].assign(experiment, assignment(experiment, "u"), {}, is_exposed=False)
    for unit in ("u", "unknown"):
        assert await refusal(records[0], experiment, unit, success()) == "NOT_EXPOSED"


async def test_an_outcome_of_another_tenants_unit_is_refused(
    records: list[RecordStore], begin: Begin
) -> None:
    experiment = await begin()
    await exposed(records[0], experiment, "u")
    others = replace(experiment, tenant=f"{experiment.tenant}-2")
    assert await refusal(records[0], others, "u", success()) == "NOT_EXPOSED"


async def test_a_unit_of_an_earlier_phase_is_exposed_anew(
    records: list[RecordStore], begin: Begin
) -> None:
    experiment = await begin()
    await exposed(records[0], experiment, "u")
    reopened = experiment.changed(phase=2)
    assert await refusal(records[0], reopened, "u", success()) == "NOT_EXPOSED"
    assert await records[0].find(reopened, "u") is None


@pytest.mark.parametrize("state", [State.DRAFT, State.ARCHIVED])
async def test_an_experiment_that_is_closed_takes_no_outcome(
    records: list[RecordStore], begin: Begin, state: State
) -> None:
    experiment = await begin()
    await exposed(records[0], experiment, "u")
    closed = experiment.changed(state=state)
    assert await refusal(records[0], closed, "u", success()) == "EXPERIMENT_CLOSED"


async def test_a_unit_may_not_have_more_than_the_most_outcomes(
    records: list[RecordStore], begin: Begin
) -> None:
    experiment = await begin()
    await exposed(records[0], experiment, "u")
    await asyncio.gather(
        *[records[0].record(experiment, "u", success(str(n))) for n in range(MOST_OUTCOMES)]
    )
    assert await refusal(records[0], experiment, "u", success("more")) == "TOO_MANY_OUTCOMES"


async def test_an_outcome_that_is_refused_harms_no_other(
    records: list[RecordStore], begin: Begin
) -> None:
    experiment = await begin()
    for unit in UNITS:
        await exposed(records[0], experiment, unit)
    answers = await asyncio.gather(
        *[records[0].record(experiment, unit, success()) for unit in [*UNITS, "unknown"]],
        return_exceptions=True,
    )
    assert [type(answer) for answer in answers] == [Recorded] * len(UNITS) + [OutcomeRefused]


async def test_an_outcome_belongs_to_the_episode_that_was_exposed_last_by_then(
    records: list[RecordStore], begin: Begin, calendar: Calendar
) -> None:
    experiment = await begin()
    for episode, variant in ((0, 0), (1, 1), (2, 0)):
        wanted = assignment(experiment, "u", variant, episode=episode)
        await records[0].assign(experiment, wanted, {}, is_exposed=True)
        calendar.pass_by(3600)
    times = [START + timedelta(seconds=seconds) for seconds in (-30, 1800, 5400, 9000)]
    answers = [await records[0].record(experiment, "u", success(str(time), time)) for time in times]
    assert [answer.variant for answer in answers] == [0, 0, 1, 0]


async def test_the_newest_episode_is_found(records: list[RecordStore], begin: Begin) -> None:
    experiment = await begin()
    for episode in range(3):
        wanted = assignment(experiment, "u", episode % 2, episode=episode)
        await records[0].assign(experiment, wanted, {}, is_exposed=False)
    assert await records[0].find(experiment, "u") == wanted


async def test_metadata_that_postgresql_has_no_characters_for_is_kept(
    records: list[RecordStore], begin: Begin, databases: list[Database]
) -> None:
    experiment = await begin()
    await exposed(records[0], experiment, "u")
    strange = replace(success(), metadata={"note": "null byte \0"})
    await records[0].record(experiment, "u", strange)
    query = "SELECT metadata FROM experiment_outcomes WHERE tenant = %s"
    async with databases[0].connection("test") as connection:
        cursor = await connection.execute(query, [experiment.tenant])
        assert await cursor.fetchall() == [({"note": "null byte \0"},)]


async def test_activity_grows_with_what_changes_results_alone(
    records: list[RecordStore], experiments: ExperimentStore, begin: Begin
) -> None:
    experiment = await begin()
    key = (experiment.tenant, experiment.experiment_id)
    seen = [await experiments.pulse(*key)]
    for step in (
        exposed(records[0], experiment, "u"),
        records[0].record(experiment, "u", failure("1")),
        records[0].record(experiment, "u", failure("1")),
        records[0].record(experiment, "u", success("2")),
    ):
        await step
        seen.append(await experiments.pulse(*key))
    grown = [after.activity > before.activity for before, after in pairwise(seen)]
    assert grown == [True, True, False, True]


async def test_a_connection_that_is_lost_on_the_way_leaves_nothing_half_done(
    records: list[RecordStore], begin: Begin, databases: list[Database]
) -> None:
    experiment = await begin()
    await exposed(records[0], experiment, "u")
    before = await records[0].tally(experiment)
    async with databases[1].connection("test") as connection, connection.transaction():
        await connection.execute(
            "SELECT FROM experiment_activity WHERE tenant = %s FOR UPDATE", [experiment.tenant]
        )
        recording = asyncio.create_task(records[0].record(experiment, "u", success()))
        await end_whoever_waits(databases[0])
        with pytest.raises(StorageUnavailable):
            await recording
    assert await records[0].tally(experiment) == before
    assert not (await records[0].record(experiment, "u", success())).is_repeated


async def end_whoever_waits(database: Database) -> None:
    """End the one connection that waits for a lock, as soon as it does."""
    query = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    async with database.connection("test") as connection:

        async def is_ended() -> bool:
            return bool(await (await connection.execute(query)).fetchall())

        await until(is_ended)


COST = Metric("cost", MetricKind.MEAN)


async def test_what_ran_is_exposed_with_what_came_of_it(
    records: list[RecordStore], begin: Begin, databases: list[Database]
) -> None:
    experiment = await begin(SOLVED, COST)
    wanted = assignment(experiment, "u", 1)
    await records[0].assign(experiment, wanted, {}, is_exposed=False)
    outcomes = [success("run"), Outcome("cost", "run", 0.25, START)]
    exposure = Exposure(experiment, wanted, START, outcomes)
    for _ in range(2):
        async with databases[0].connection("test") as connection, connection.transaction():
            await expose(connection, [exposure])
    tally = await records[0].tally(experiment)
    assert tally.exposures == ((0, 1),)
    assert {name: sums.cells[0][1].y for name, sums in tally.metrics.items()} == {
        "solved": 1.0,
        "cost": 0.25,
    }


async def test_what_ran_without_an_assignment_on_record_is_assigned(
    records: list[RecordStore], begin: Begin, databases: list[Database]
) -> None:
    experiment = await begin()
    exposure = Exposure(experiment, assignment(experiment, "u", 1), START, [success("run")])
    async with databases[0].connection("test") as connection, connection.transaction():
        await expose(connection, [exposure])
    assert (await records[0].tally(experiment)).metrics["solved"].cells[0][1].y == 1.0


async def test_an_exposure_that_is_not_committed_is_none(
    records: list[RecordStore], begin: Begin, databases: list[Database]
) -> None:
    experiment = await begin()
    exposure = Exposure(experiment, assignment(experiment, "u"), START, [success("run")])
    async with (
        databases[0].connection("test") as connection,
        connection.transaction(force_rollback=True),
    ):
        await expose(connection, [exposure])
    assert await records[0].find(experiment, "u") is None
    assert (await records[0].tally(experiment)).exposures == ((0, 0),)


async def test_a_metric_of_a_phase_without_outcomes_has_empty_cells(
    records: list[RecordStore], begin: Begin
) -> None:
    quantile = Metric("seconds", MetricKind.QUANTILE, Role.SECONDARY, quantile=0.95)
    tally = await records[0].tally(await begin(SOLVED, quantile))
    assert [cell.n for sums in tally.metrics.values() for cell in sums.cells[0]] == [0, 0, 0, 0]
    assert tally.metrics["seconds"].sketches == ({}, {})


async def test_a_deleted_tenant_takes_its_records_along(
    records: list[RecordStore], begin: Begin, databases: list[Database]
) -> None:
    experiment = await begin()
    await exposed(records[0], experiment, "u")
    async with databases[0].connection("test") as connection:
        await delete_experiments(connection, experiment.tenant)
    assert await records[0].find(experiment, "u") is None
    assert (await records[0].tally(experiment)).exposures == ()
