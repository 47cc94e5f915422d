"""What came of units, as callers record it: each outcome once, and a precise answer to each."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import psycopg
import pytest
from google.rpc import error_details_pb2
from switchyard.experiment.v1 import experiment_service_pb2 as pb

from interceptors.drain import DrainGate
from tests.integration.access.refusals import refusal
from tests.integration.admin.servers import new_tenant
from tests.integration.callers import Caller, until
from tests.integration.experiments.desk import (
    COST,
    NAME,
    SECONDS,
    SOLVED,
    Desk,
    design,
    outcome,
    units,
)

NAN, INFINITE = float("nan"), float("inf")
ALL = [SOLVED | {"attribution_window": {"seconds": 3600}}, SECONDS, COST]
MANY = 10_000


def away(**span: float) -> datetime:
    """A time beside now."""
    return datetime.now(UTC) + timedelta(**span)


async def counted(desk: Desk, name: str = NAME) -> tuple[int, int]:
    """Units that count, and successes, in the primary metric."""
    variants = (await desk.results(name)).metrics[0].variants
    return sum(v.units for v in variants), sum(v.conversions for v in variants)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"value": NAN, "metric": "seconds"}, "outcome.value"),
        ({"value": INFINITE, "metric": "seconds"}, "outcome.value"),
        ({"value": -INFINITE, "metric": "seconds"}, "outcome.value"),
        ({"value": 1.1e12, "metric": "seconds"}, "outcome.value"),
        ({"value": 1.0, "metric": "cost", "denominator": NAN}, "outcome.denominator"),
        ({"value": 1.0, "metric": "cost", "denominator": -1.0}, "outcome.denominator"),
        ({"value": 1.0, "metric": "cost", "denominator": 1e-300}, "outcome.denominator"),
        ({"value": 1.0, "metric": "seconds", "denominator": 2.0}, "outcome.denominator"),
        ({"value": 1.0}, "outcome.value"),
        ({"success": True, "metric": "seconds"}, "outcome.success"),
        ({"metric": "nothing"}, "outcome.metric"),
        ({"metric": "No metric"}, "outcome.metric"),
        ({"unit_id": "u\t"}, "outcome.unit_id"),
        ({"unit_id": ""}, "outcome.unit_id"),
        ({"unit_id": "u" * 129}, "outcome.unit_id"),
        ({"outcome_id": ""}, "outcome.outcome_id"),
        ({"outcome_id": "1" * 129}, "outcome.outcome_id"),
        ({"experiment": "prompt-2"}, "outcome.experiment"),
        ({"time": {"seconds": -1}}, "outcome.time"),
        ({"time": {"seconds": 1, "nanos": -1}}, "outcome.time"),
        ({"time": {"seconds": 253402300800}}, "outcome.time"),
        ({"time": {"seconds": 4_000_000_000}}, "outcome.time"),
        ({"metadata": {"": "x"}}, 'outcome.metadata[""]'),
        ({"metadata": {"x": "y" * 257}}, 'outcome.metadata["x"]'),
    ],
    ids=str,
)
async def test_an_outcome_that_cannot_be_is_refused_by_its_field(
    desk: Desk, change: dict[str, Any], field: str
) -> None:
    await desk.begin(design(metrics=ALL))
    await desk.assign("u")
    refused = await refusal(desk.record("u", **change))
    assert (refused.code, refused.field) == ("INVALID_ARGUMENT", field)
    assert await counted(desk) == (0, 0)


async def test_an_outcome_must_say_what_it_was(desk: Desk) -> None:
    await desk.begin()
    silent = {name: value for name, value in outcome("u").items() if name != "success"}
    refused = await refusal(desk.call("RecordOutcome", outcome=silent))
    assert (refused.code, refused.field) == ("INVALID_ARGUMENT", "outcome.result")
    assert (await refusal(desk.call("RecordOutcome"))).field == "outcome"


async def test_an_outcome_of_an_experiment_that_there_is_not_is_not_found(desk: Desk) -> None:
    refused = await refusal(desk.record("u", experiment="experiments/nothing"))
    assert (refused.code, refused.reason) == ("NOT_FOUND", "EXPERIMENT_NOT_FOUND")


async def test_an_outcome_of_a_unit_that_nobody_exposed_is_refused(desk: Desk) -> None:
    await desk.begin()
    refused = await refusal(desk.record("u"))
    assert (refused.code, refused.reason) == ("FAILED_PRECONDITION", "NOT_EXPOSED")


async def test_an_outcome_of_another_tenants_unit_is_refused(
    desk: Desk, operators: list[Caller]
) -> None:
    other = Desk(await new_tenant(operators[0]))
    await asyncio.gather(desk.begin(), other.begin())
    await other.assign("u")
    assert (await refusal(desk.record("u"))).reason == "NOT_EXPOSED"
    assert await counted(other) == (0, 0)


async def test_an_outcome_from_before_the_exposure_is_refused(desk: Desk) -> None:
    await desk.begin()
    await desk.assign("u")
    refused = await refusal(desk.record("u", time=away(seconds=-90)))
    assert (refused.code, refused.reason) == ("FAILED_PRECONDITION", "BEFORE_EXPOSURE")


async def test_an_outcome_after_its_window_is_refused(desk: Desk, served_url: str) -> None:
    await desk.begin(design(metrics=ALL))
    await desk.assign("u")
    await set_back_exposures(desk, served_url)
    refused = await refusal(desk.record("u"))
    assert (refused.code, refused.reason) == ("FAILED_PRECONDITION", "WINDOW_PASSED")
    await desk.record("u", time=away(hours=-1.5))
    assert await counted(desk) == (1, 1)


async def set_back_exposures(desk: Desk, url: str) -> None:
    """As if units had been exposed two hours ago."""
    async with await psycopg.AsyncConnection.connect(url) as connection:
        await connection.execute(
            "UPDATE experiment_assignments SET expose_time = expose_time - interval '2 hours'"
            " WHERE tenant = %s",
            [desk.tenant],
        )


@pytest.mark.parametrize("seconds", [-55, 0, 290], ids=["behind", "right", "ahead"])
async def test_clocks_may_differ_a_little(desk: Desk, seconds: int) -> None:
    await desk.begin()
    await desk.assign("u")
    await desk.record("u", time=away(seconds=seconds))
    assert await counted(desk) == (1, 1)


async def test_an_outcome_of_the_far_future_is_refused(desk: Desk) -> None:
    await desk.begin()
    await desk.assign("u")
    refused = await refusal(desk.record("u", time=away(seconds=330)))
    assert (refused.code, refused.field) == ("INVALID_ARGUMENT", "outcome.time")


async def test_an_outcome_counts_once_whoever_sends_it_again(
    desk: Desk, operators: list[Caller]
) -> None:
    await desk.begin()
    variant = (await desk.assign("u")).variant
    elsewhere = desk.at(operators[1])
    answers = await asyncio.gather(*(each.record("u") for each in [desk, elsewhere] * 4))
    assert sorted(answer.is_repeated for answer in answers) == [False] + [True] * 7
    assert {answer.variant for answer in answers} == {variant}
    assert await counted(desk) == (1, 1)


async def test_the_same_id_of_another_unit_or_metric_is_another_outcome(desk: Desk) -> None:
    await desk.begin(design(metrics=ALL))
    await desk.expose(["u", "v"])
    for unit in ("u", "v"):
        assert not (await desk.record(unit)).is_repeated
        assert not (await desk.record(unit, metric="seconds", value=1.0)).is_repeated


async def test_outcomes_are_counted_when_it_is_paused_or_has_stopped(desk: Desk) -> None:
    await desk.begin()
    await desk.expose(units(2))
    await desk.change("Pause")
    await desk.record("u-0")
    await desk.change("Stop")
    await desk.record("u-1")
    assert await counted(desk) == (2, 2)


@pytest.mark.parametrize("state", ["draft", "archived"])
async def test_a_draft_and_what_is_archived_take_no_outcomes(desk: Desk, state: str) -> None:
    await desk.create()
    if state == "archived":
        await desk.change("Archive")
    refused = await refusal(desk.record("u"))
    assert (refused.code, refused.reason) == ("FAILED_PRECONDITION", "EXPERIMENT_CLOSED")


async def test_a_new_phase_takes_no_outcomes_of_units_of_the_one_before(desk: Desk) -> None:
    await desk.begin()
    await desk.assign("u")
    await desk.change("Stop")
    await desk.change("Start")
    assert (await refusal(desk.record("u"))).reason == "NOT_EXPOSED"


async def test_ten_thousand_outcomes_with_bad_ones_among_them(desk: Desk) -> None:
    await desk.begin()
    await desk.expose(units(100))
    wrong: dict[int, tuple[dict[str, Any], str]] = {
        7: ({"metric": "nothing"}, "INVALID_OUTCOME"),
        1000: ({"unit_id": ""}, "INVALID_REQUEST"),
        5000: ({"unit_id": "nobody"}, "NOT_EXPOSED"),
        5001: ({"experiment": "experiments/nothing"}, "EXPERIMENT_NOT_FOUND"),
        9998: ({"time": away(seconds=-90)}, "BEFORE_EXPOSURE"),
        9999: ({"outcome_id": ""}, "INVALID_REQUEST"),
    }

    def sent(at: int) -> dict[str, Any]:
        # Unit by unit 50 outcomes, and each sent twice.
        fields = {"outcome_id": str(at // 2 % 50), "success": at % 200 < 100}
        changed = wrong[at][0] if at in wrong else {}
        return outcome(f"u-{at // 100}", **fields | changed)

    answer = await desk.record_all(sent(at) for at in range(MANY))
    told = [(failed.index, reason_of(failed.error)) for failed in answer.failures]
    assert told == [(at, reason) for at, (_, reason) in sorted(wrong.items())]
    assert answer.failed == len(wrong)
    assert answer.recorded + answer.repeated_before == MANY - len(wrong)
    assert 4994 <= answer.recorded <= 5000
    assert await counted(desk) == (100, 50)


def reason_of(status: Any) -> str:
    """The reason in the status of an item."""
    info = error_details_pb2.ErrorInfo()
    assert any(packed.Unpack(info) for packed in status.details)
    return str(info.reason)


async def test_of_very_many_failures_a_thousand_are_told_in_order(desk: Desk) -> None:
    await desk.begin()
    answer = await desk.record_all(outcome(unit) for unit in units(1500))
    indices = [failed.index for failed in answer.failures]
    assert (answer.failed, answer.recorded, len(indices)) == (1500, 0, 1000)
    assert indices == sorted(set(indices))


async def test_bytes_that_are_no_outcome_are_told_by_their_index(desk: Desk) -> None:
    await desk.begin()
    await desk.assign("u")
    good = pb.RecordOutcomesRequest(outcome=outcome("u")).SerializeToString()

    async def items() -> AsyncIterator[bytes]:
        for item in (b"\xff\xff", good, b"", b"\x0a\x05abc"):
            yield item

    send: Any = desk.admin.channel.stream_unary(
        "/switchyard.experiment.v1.ExperimentService/RecordOutcomes",
        response_deserializer=pb.RecordOutcomesResponse.FromString,
    )
    key = (("authorization", f"Bearer {desk.admin.secret}"),)
    answer = await send(items(), metadata=key, timeout=20)
    assert (answer.recorded, answer.failed) == (1, 3)
    assert [failed.index for failed in answer.failures] == [0, 2, 3]


async def test_an_empty_stream_records_nothing(desk: Desk) -> None:
    answer = await desk.record_all([])
    assert (answer.recorded, answer.repeated_before, answer.failed) == (0, 0, 0)


async def test_what_a_caller_sent_before_it_vanished_is_there_or_can_be_sent_again(
    desk: Desk,
) -> None:
    await desk.begin()
    await desk.expose(units(50))
    first = [outcome(unit) for unit in units(50)]
    sent = asyncio.Event()

    async def items() -> AsyncIterator[pb.RecordOutcomesRequest]:
        for each in first[:30]:
            yield pb.RecordOutcomesRequest(outcome=each)
        sent.set()
        await asyncio.Event().wait()

    call = desk.stream(items())
    await sent.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    answer = await desk.record_all(first)
    assert (answer.recorded + answer.repeated_before, answer.failed) == (50, 0)
    assert await counted(desk) == (50, 50)


async def test_a_slow_caller_keeps_nobody_waiting(desk: Desk) -> None:
    await desk.begin()
    await desk.expose(["slow", "quick"])
    go_on = asyncio.Event()

    async def items() -> AsyncIterator[pb.RecordOutcomesRequest]:
        yield pb.RecordOutcomesRequest(outcome=outcome("slow"))
        await go_on.wait()
        yield pb.RecordOutcomesRequest(outcome=outcome("slow", outcome_id="2"))

    call = desk.stream(items())
    assert not (await desk.record("quick")).is_repeated
    go_on.set()
    assert (await call).recorded == 2


async def test_a_stream_that_a_stopping_server_has_read_is_recorded_and_goes_on_elsewhere(
    closing: tuple[DrainGate, Desk],
) -> None:
    gate, desk = closing
    await desk.begin()
    await desk.expose(units(5))

    async def items() -> AsyncIterator[pb.RecordOutcomesRequest]:
        for unit in units(5):
            yield pb.RecordOutcomesRequest(outcome=outcome(unit))
        await asyncio.Event().wait()

    async def are_recorded() -> bool:
        return await counted(desk) == (5, 5)

    call = desk.stream(items())
    await until(are_recorded)
    gate.close()
    assert (await refusal(call)).reason == "SERVER_DRAINING"


async def test_an_outcome_too_large_for_a_message_ends_the_call(desk: Desk) -> None:
    await desk.begin()
    huge = outcome("u", metadata={"x": "y" * (17 << 20)})
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await desk.record_all([huge])
    assert raised.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_outcomes_of_another_experiment_of_the_caller_may_be_among_them(desk: Desk) -> None:
    await desk.begin()
    await desk.begin(name="experiments/other")
    await desk.assign("u")
    await desk.assign("u", experiment="experiments/other")
    answer = await desk.record_all(
        outcome("u", experiment=name) for name in (NAME, "experiments/other")
    )
    assert answer.recorded == 2
    assert await counted(desk) == await counted(desk, "experiments/other") == (1, 1)
