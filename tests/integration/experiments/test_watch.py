"""Results that are watched: shown as they change, to the end, to readers of any speed."""

import asyncio
from typing import Any

import grpc
import pytest

from interceptors.drain import DrainGate
from tests.integration.access.refusals import refusal
from tests.integration.callers import Caller
from tests.integration.experiments.desk import Desk, design, outcome, units

STOPPED = 4
PATIENCE_S = 60.0


async def read(watch: Any) -> Any:
    """The next results; None: there are no more."""
    async with asyncio.timeout(PATIENCE_S):
        answer = await watch.read()
    return None if answer is grpc.aio.EOF else answer.results


async def read_until_exposed(watch: Any, exposures: int) -> Any:
    """The first results with so many units."""
    while (results := await read(watch)) is not None:
        if results.exposures == exposures:
            return results
    raise AssertionError("the watch has ended")


async def test_results_are_shown_as_outcomes_arrive_until_it_has_ended(
    desk: Desk, operators: list[Caller]
) -> None:
    await desk.begin()
    watch = desk.at(operators[1]).watch()
    assert (await read(watch)).exposures == 0
    await desk.assign("u")
    assert (await read_until_exposed(watch, 1)).metrics[0].variants
    await desk.record("u")
    counted = (await read(watch)).metrics[0].variants
    assert sum(variant.conversions for variant in counted) == 1
    await desk.change("Stop")
    assert (await read(watch)).experiment.state == STOPPED
    assert await read(watch) is None
    assert await watch.code() is grpc.StatusCode.OK


async def test_what_has_ended_is_shown_once(desk: Desk) -> None:
    await desk.begin()
    await desk.change("Stop")
    watch = desk.watch()
    assert (await read(watch)).experiment.state == STOPPED
    assert await read(watch) is None


async def test_nothing_is_shown_again_that_has_not_changed(desk: Desk) -> None:
    await desk.begin()
    watch = desk.watch()
    await read(watch)
    reading = asyncio.ensure_future(read(watch))
    other = desk.watch()  # whose second look is later than the next of the first
    await read(other)
    await desk.update(title="Another")
    assert (await reading).experiment.title == "Another"
    assert (await read(other)).experiment.title == "Another"
    for each in (watch, other):
        each.cancel()


async def test_a_pause_and_new_weights_are_shown(desk: Desk) -> None:
    await desk.begin()
    watch = desk.watch()
    await read(watch)
    await desk.update(variants=design((0.2, 0.8))["variants"])
    assert [v.weight for v in (await read(watch)).variants] == [0.2, 0.8]
    await desk.change("Pause")
    assert (await read(watch)).experiment.state == (await desk.get()).state
    watch.cancel()


async def test_a_reader_who_reads_late_sees_how_it_stands_by_then(desk: Desk) -> None:
    await desk.begin()
    names = units(60)
    watch = desk.watch()
    await desk.expose(names)
    await desk.record_all(outcome(unit) for unit in names)
    await desk.change("Stop")
    seen = []
    while (results := await read(watch)) is not None:
        seen.append(results)
    assert seen[-1].exposures == 60
    assert seen[-1].experiment.state == STOPPED


async def test_a_watcher_who_leaves_harms_nobody(desk: Desk) -> None:
    await desk.begin()
    watches = [desk.watch() for _ in range(10)]
    for watch in watches:
        await read(watch)
        watch.cancel()
    await desk.assign("u")
    assert (await desk.results()).exposures == 1


async def test_what_there_is_not_or_was_never_started_cannot_be_watched(desk: Desk) -> None:
    assert (await refusal(desk.watch("experiments/nothing").read())).code == "NOT_FOUND"
    await desk.create()
    assert (await refusal(desk.watch().read())).code == "FAILED_PRECONDITION"


@pytest.mark.parametrize("seconds", [0.01, 0.0])
async def test_nobody_looks_more_often_than_ten_times_a_second(desk: Desk, seconds: float) -> None:
    refused = await refusal(desk.watch(seconds=seconds).read())
    assert (refused.code, refused.field) == ("INVALID_ARGUMENT", "min_interval")


async def test_a_server_that_stops_sends_its_watchers_to_another(
    closing: tuple[DrainGate, Desk],
) -> None:
    gate, desk = closing
    await desk.begin()
    watch = desk.watch()
    await read(watch)
    gate.close()
    assert (await refusal(watch.read())).reason == "SERVER_DRAINING"
