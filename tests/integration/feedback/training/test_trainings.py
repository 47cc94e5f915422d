"""One training of a tenant at a time; its model takes over where it is no worse."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from server.feedback.errors import (
    TaxonomyChanged,
    TooFewLabels,
    TooManyTrainings,
    TrainingUnderWay,
)
from server.feedback.training.material import KEPT_BACK, MOST_HELD_OUT
from server.feedback.training.trainings import Trainings
from server.feedback.training.turns import MOST_TRAININGS
from server.triage.models.model import OWN, ModelState
from server.triage.starter import starter_taxonomy
from server.triage.taxonomy_store import TaxonomyStore
from tests.integration.callers import PATIENCE_S, until
from tests.integration.databases import opened
from tests.integration.feedback.training.conftest import ACTOR, Desk

HOLDER = """
import asyncio, sys
from server.feedback.training.store import alone
from server.storage.database import Database

async def hold():
    async with alone(Database(sys.argv[1]), sys.argv[2]):
        print("held", flush=True)
        await asyncio.Event().wait()

asyncio.run(hold())
"""


async def endless() -> None:
    """What never ends."""
    await asyncio.Event().wait()


def training(desk: Desk) -> asyncio.Task[object]:
    """A training that goes on."""
    return asyncio.create_task(desk.train())


async def ended(*tasks: asyncio.Task[object]) -> None:
    """Once these are cancelled."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_better_model_answers(desk: Desk) -> None:
    await desk.label()
    desk.trainer.is_rival_right = False
    model = await desk.train()
    assert (model.state, await desk.active()) == (ModelState.ACTIVE, model.version)


async def test_a_worse_model_does_not_answer(desk: Desk) -> None:
    await desk.label()
    desk.trainer.is_right = False
    model = await desk.train()
    assert (model.state, await desk.active()) == (ModelState.READY, OWN)
    assert model.lineage == model.version


async def test_a_better_model_waits_where_it_is_not_to_answer(desk: Desk) -> None:
    await desk.label()
    desk.trainer.is_rival_right = False
    assert (await desk.train(activates=False)).state is ModelState.READY


async def test_a_model_that_nothing_was_kept_back_for_does_not_answer(desk: Desk) -> None:
    await desk.label(20)
    model = await desk.train()
    assert (model.comparison, model.state) == (None, ModelState.READY)


async def test_a_model_is_of_the_line_of_the_one_that_it_was_compared_with(desk: Desk) -> None:
    await desk.label(1000)
    rival = await desk.activate()
    desk.trainer.meanwhile = desk.activate  # of another model, by somebody else
    model = await desk.train()
    assert model.comparison is not None
    assert (model.comparison.other_version, model.lineage) == (rival, rival)


async def test_a_model_does_not_take_over_from_one_that_it_was_not_compared_with(
    desk: Desk,
) -> None:
    await desk.label()
    desk.trainer.is_rival_right = False
    desk.trainer.meanwhile = desk.activate
    model = await desk.train()
    assert (model.state, await desk.active()) == (ModelState.READY, model.version - 1)


async def test_with_a_damaged_model_the_taxonomys_own_is_the_rival(desk: Desk) -> None:
    await desk.label()
    await desk.damage(await desk.activate())
    model = await desk.train()
    assert desk.trainer.rivals == [(await desk.models.with_bytes(desk.tenant, OWN))[1]]
    assert model.comparison is not None
    assert (model.comparison.other_version, model.state) == (OWN, ModelState.ACTIVE)


async def test_labels_that_no_training_may_learn_are_told(desk: Desk) -> None:
    await desk.label(6000)
    model = await desk.train()
    assert model.figures is not None
    (skipped,) = model.figures["skipped"]
    assert model.comparison is not None
    assert model.comparison.labels == MOST_HELD_OUT
    assert (skipped["reason"], skipped["labels"] > 0) == (KEPT_BACK, True)


@pytest.mark.parametrize(
    ("labels", "categories", "why"),
    [
        (2, ("billing", "shipping"), "10 are needed"),
        (100, ("billing",), "all labels name billing"),
        (100, ("no", "such"), "0 labels name a category"),
    ],
)
async def test_too_few_labels_train_no_model(
    desk: Desk, labels: int, categories: tuple[str, ...], why: str
) -> None:
    await desk.label(labels, *categories)
    with pytest.raises(TooFewLabels, match=why):
        await desk.train()
    assert desk.trainer.rivals == []


async def test_a_model_for_another_taxonomy_is_not_stored(desk: Desk) -> None:
    await desk.label()

    async def change_taxonomy() -> None:
        categories, model = starter_taxonomy().categories, desk.trainer.model
        await TaxonomyStore(desk.database).add(desk.tenant, 1, categories, model, ACTOR)
        desk.catalog.forget(desk.tenant)

        async def has_changed() -> bool:
            return (await desk.catalog.active(desk.tenant)).taxonomy.revision == 1

        await until(has_changed)

    desk.trainer.meanwhile = change_taxonomy
    with pytest.raises(TaxonomyChanged):
        await desk.train()
    assert await desk.versions() == []


async def test_whoever_leaves_has_ended_the_training_and_nothing_is_stored(desk: Desk) -> None:
    await desk.label()
    cancelled = asyncio.Event()

    async def until_cancelled() -> None:
        try:
            await endless()
        finally:
            cancelled.set()

    desk.trainer.meanwhile = until_cancelled
    async with aclosing(desk.trainings.train(desk.tenant, ACTOR, activates=True)) as steps:
        while not desk.trainer.began.is_set():
            await anext(steps)
    assert (cancelled.is_set(), await desk.versions()) == (True, [])


async def test_a_training_that_failed_leaves_the_turn_to_the_next(desk: Desk) -> None:
    await desk.label()
    desk.trainer.model = b"no model"
    with pytest.raises(Exception, match="archive"):
        await desk.train()
    desk.trainer.model = (await desk.models.answering(desk.tenant)).data
    assert await desk.train()


async def test_a_tenant_has_one_training_at_a_time_in_a_process(desk: Desk) -> None:
    await desk.label()
    desk.trainer.meanwhile = endless
    task = training(desk)
    await desk.trainer.began.wait()
    with pytest.raises(TrainingUnderWay):
        await desk.train()
    await ended(task)


async def test_a_tenant_has_one_training_at_a_time_in_all_processes(
    desk: Desk, training_url: str
) -> None:
    await desk.label()
    desk.trainer.meanwhile = endless
    task = training(desk)
    await desk.trainer.began.wait()
    supply = desk.catalog.supply
    async with opened(training_url) as database:
        other = Trainings(database, supply.labels, supply.models, desk.catalog, desk.trainer)
        with pytest.raises(TrainingUnderWay):
            await anext(other.train(desk.tenant, ACTOR, activates=True))
    await ended(task)


async def test_trainings_that_wait_hold_no_connection_of_the_pool(desk: Desk) -> None:
    desks = [await desk.neighbour() for _ in range(9)]
    desk.trainer.meanwhile = endless
    tasks = [training(each) for each in desks]
    await desk.trainer.began.wait()
    await desk.database.ping()
    await ended(*tasks)


async def test_no_more_than_so_many_trainings_wait(desk: Desk) -> None:
    desk.trainer.meanwhile = endless
    first = await desk.neighbour()
    tasks = [training(first)]
    await desk.trainer.began.wait()
    waiting = [replace(desk, tenant=f"waits-{n}") for n in range(MOST_TRAININGS - 1)]
    tasks += [training(each) for each in waiting]
    await asyncio.sleep(0)  # so that each has begun to wait
    with pytest.raises(TooManyTrainings):
        await desk.train()
    await ended(*tasks)


async def test_a_process_that_was_killed_leaves_the_turn_to_others(
    desk: Desk, training_url: str
) -> None:
    await desk.label()
    command = (sys.executable, "-c", HOLDER, training_url, desk.tenant)
    root = Path(__file__).parents[4]
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, cwd=root)
    assert process.stdout is not None
    try:
        assert await asyncio.wait_for(process.stdout.readline(), PATIENCE_S) == b"held\n"
        with pytest.raises(TrainingUnderWay):
            await desk.train()
    finally:
        process.kill()
        await process.wait()

    async def may_train() -> bool:
        steps = desk.trainings.train(desk.tenant, ACTOR, activates=False)
        async with aclosing(steps):
            try:
                return bool(await anext(steps))
            except TrainingUnderWay:
                return False

    await until(may_train)
