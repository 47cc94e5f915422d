"""Who was assigned keeps the variant, whichever process is asked, for as long as it is to last."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from server.experiments.assigner import Assigned, Assigner
from server.experiments.assignment import Enrollment
from server.experiments.catalog import ExperimentCatalog
from server.experiments.errors import ExperimentNotFound
from server.experiments.experiment import Algorithm, Allocation, Experiment, UnitKind
from server.experiments.lifecycle import paused, reweighed, updated
from server.experiments.records.outcome import Outcome
from server.experiments.records.record_store import RecordStore
from server.experiments.store import Change, ExperimentStore
from server.storage.database import Database
from tests.integration.experiments.conftest import ACTOR, START, Begin, Calendar

STICKY_S = 3600.0
BANDIT = Allocation(Algorithm.THOMPSON, sticky_s=STICKY_S)
UNITS = [f"u-{number}" for number in range(40)]


@pytest.fixture
def assigners(
    experiments: ExperimentStore, records: list[RecordStore], calendar: Calendar
) -> list[Assigner]:
    """Of each of two processes."""
    return [
        Assigner(ExperimentCatalog(experiments.active, experiments.get), each, calendar)
        for each in records
    ]


async def assign(
    assigner: Assigner, experiment: Experiment, unit: str = "u", **fields: Any
) -> Assigned:
    """What a unit gets, and is exposed to."""
    return await assigner.in_experiment(
        experiment.tenant,
        experiment.experiment_id,
        dict.fromkeys(UnitKind, unit),
        {},
        **({"is_exposed": True} | fields),
    )


async def variants(assigner: Assigner, experiment: Experiment) -> list[str]:
    """Of all units."""
    found = await asyncio.gather(*(assign(assigner, experiment, unit) for unit in UNITS))
    return [each.variant for each in found]


async def reweigh(
    store: ExperimentStore, assigners: list[Assigner], experiment: Experiment, *weights: float
) -> None:
    """Other weights by the algorithm, in force everywhere."""
    current = await store.get(experiment.tenant, experiment.experiment_id)
    configuration = reweighed(current, weights, START).configuration
    assert configuration is not None
    assert await store.reweigh(current, configuration)
    for assigner in assigners:
        assigner.catalog.forget(experiment.tenant)


def episode(assigned: Assigned) -> int:
    """How often the unit was assigned anew."""
    assert assigned.assignment is not None
    return assigned.assignment.episode


async def test_a_unit_keeps_its_variant_while_an_algorithm_moves_the_weights(
    experiments: ExperimentStore, assigners: list[Assigner], begin: Begin
) -> None:
    experiment = await begin(allocation=BANDIT)
    before = await variants(assigners[0], experiment)
    await reweigh(experiments, assigners, experiment, 0.02, 0.98)
    assert set(before) == {"a", "b"}
    assert [await variants(each, experiment) for each in assigners] == [before, before]


async def test_under_an_algorithm_a_unit_is_assigned_anew_when_its_time_is_over(
    experiments: ExperimentStore, assigners: list[Assigner], begin: Begin, calendar: Calendar
) -> None:
    experiment = await begin(allocation=BANDIT)
    before = await variants(assigners[0], experiment)
    await reweigh(experiments, assigners, experiment, 0.02, 0.98)
    calendar.pass_by(STICKY_S - 1)
    assert await variants(assigners[1], experiment) == before
    calendar.pass_by(1)
    after = await variants(assigners[1], experiment)
    assert after.count("b") > 35
    assert await variants(assigners[0], experiment) == after
    again = await assign(assigners[0], experiment, UNITS[0])
    assert episode(again) == 1
    assert again.assignment is not None
    assert again.assignment.configuration == 2


async def test_both_processes_find_the_same_when_a_time_is_over(
    assigners: list[Assigner], begin: Begin, calendar: Calendar
) -> None:
    experiment = await begin(allocation=BANDIT)
    await variants(assigners[0], experiment)
    calendar.pass_by(STICKY_S)
    calls = [assign(each, experiment, unit) for unit in UNITS for each in assigners]
    found = await asyncio.gather(*calls)
    for one, two in zip(found[::2], found[1::2], strict=True):
        assert (episode(one), one.variant) == (episode(two), two.variant) == (1, two.variant)
        assert one.is_first_exposure is not two.is_first_exposure


async def test_a_fixed_split_lasts_for_the_whole_phase(
    assigners: list[Assigner], begin: Begin, calendar: Calendar
) -> None:
    experiment = await begin(allocation=Allocation(sticky_s=STICKY_S))
    before = await variants(assigners[0], experiment)
    calendar.pass_by(100 * STICKY_S)
    assert [await variants(each, experiment) for each in assigners] == [before, before]


async def test_an_outcome_counts_for_the_episode_that_it_came_in(
    assigners: list[Assigner], records: list[RecordStore], begin: Begin, calendar: Calendar
) -> None:
    experiment = await begin(allocation=BANDIT)
    await assign(assigners[0], experiment)
    calendar.pass_by(STICKY_S)
    await assign(assigners[0], experiment)
    for number in ("1", "2"):
        success = Outcome("solved", number, 1.0, calendar.now, is_success_flag=True)
        await records[0].record(experiment, "u", success)
    tally = await records[0].tally(experiment)
    assert sum(map(sum, tally.exposures)) == 2
    assert sum(cell.n for row in tally.metrics["solved"].cells for cell in row) == 1


async def test_a_unit_that_is_assigned_and_not_exposed_is_exposed_by_the_next_who_does(
    assigners: list[Assigner], begin: Begin
) -> None:
    experiment = await begin(allocation=BANDIT)
    first = await assign(assigners[0], experiment, is_exposed=False)
    second = await assign(assigners[1], experiment)
    third = await assign(assigners[0], experiment)
    assert [each.is_first_exposure for each in (first, second, third)] == [False, True, False]
    assert first.variant == second.variant == third.variant


async def test_what_is_only_asked_is_not_remembered(
    assigners: list[Assigner], records: list[RecordStore], begin: Begin
) -> None:
    experiment = await begin(allocation=BANDIT)
    await assign(assigners[0], experiment, is_kept=False)
    assert await records[0].find(experiment, "u") is None
    assert (await assign(assigners[0], experiment)).is_first_exposure


async def test_who_is_in_stays_in_while_it_is_paused_or_takes_less(
    experiments: ExperimentStore, assigners: list[Assigner], begin: Begin, calendar: Calendar
) -> None:
    experiment = await begin()
    before = await variants(assigners[0], experiment)
    nobody = replace(experiment.design, traffic=0.0)
    changes: list[Change] = [
        lambda current, _: updated(current, nobody, {"traffic"}, calendar.now),
        lambda current, _: paused(current, calendar.now),
    ]
    for change in changes:
        calendar.pass_by(60)
        await experiments.change(
            experiment.tenant, experiment.experiment_id, "", change, ACTOR, "experiment.update"
        )
        for assigner in assigners:
            assigner.catalog.forget(experiment.tenant)
        assert [await variants(each, experiment) for each in assigners] == [before, before]
        assert not (await assign(assigners[0], experiment, "new")).variant


async def test_a_unit_of_another_kind_is_not_for_it(
    assigners: list[Assigner], begin: Begin
) -> None:
    experiment = await begin(unit=UnitKind.CUSTOMER)
    tenant, name = experiment.tenant, experiment.experiment_id
    found = await assigners[0].in_experiment(
        tenant, name, {UnitKind.TICKET: "t-1"}, {}, is_exposed=True
    )
    assert found.enrollment is Enrollment.NOT_TARGETED


async def test_what_there_is_not_is_not_found(assigners: list[Assigner], begin: Begin) -> None:
    experiment = (await begin()).changed(experiment_id="nothing")
    with pytest.raises(ExperimentNotFound):
        await assign(assigners[0], experiment)


async def test_what_is_remembered_is_asked_of_the_database_no_more(
    databases: list[Database], assigners: list[Assigner], begin: Begin
) -> None:
    experiment = await begin(allocation=BANDIT)
    await variants(assigners[0], experiment)
    found = await variants(assigners[1], experiment)
    async with databases[0].connection("test") as connection:
        await connection.execute(
            "DELETE FROM experiment_assignments WHERE tenant = %s", [experiment.tenant]
        )
    assert [await variants(each, experiment) for each in assigners] == [found, found]
