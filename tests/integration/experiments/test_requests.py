"""Requests as large, and units as odd, as the contract allows, and beyond."""

from typing import Any

import pytest

from tests.integration.access.refusals import refusal
from tests.integration.experiments.desk import NAME, Desk, design, outcome

WIDE = "\U0001f600"  # four bytes
FULL_ATTRIBUTES = {WIDE * 78 + f"{at:02}": WIDE * 1024 for at in range(64)}
FULL_METADATA = {WIDE * 62 + f"{at:02}": WIDE * 256 for at in range(16)}
CONDITION = {"attribute": {"name": "a", "is_present": True}}


@pytest.mark.parametrize("unit", ["Jane Doe", " ", "\u2028", WIDE * 128], ids=ascii)
async def test_whoever_a_ticket_may_name_as_its_customer_is_a_unit(desk: Desk, unit: str) -> None:
    await desk.begin()
    variant = (await desk.assign(unit)).variant
    assert (await desk.record(unit)).variant == variant


async def test_the_fullest_request_of_a_unit_is_answered(desk: Desk) -> None:
    await desk.begin()
    values = {f"metric-{at:02}" + "x" * 31: 1.5 for at in range(20)}
    given = await desk.assign(WIDE * 128, attributes=FULL_ATTRIBUTES, pre_period_values=values)
    assert given.is_first_exposure


async def test_the_fullest_outcome_is_recorded(desk: Desk) -> None:
    await desk.begin()
    given = await desk.assign(WIDE * 128)
    recorded = await desk.record(WIDE * 128, outcome_id=WIDE * 128, metadata=FULL_METADATA)
    assert recorded.variant == given.variant


@pytest.mark.parametrize(
    ("method", "fields"),
    [
        ("AssignVariant", {"attributes": {str(at): "" for at in range(60_000)}}),
        ("AssignVariant", {"pre_period_values": {str(at): 1.0 for at in range(60_000)}}),
        ("RecordOutcome", {"outcome": outcome("u", metadata={"x": "y" * 65_536})}),
        ("CreateExperiment", {"experiment": design(hypothesis="x" * 262_144)}),
        ("UpdateExperiment", {"update_mask": {"paths": ["title"] * 60_000}}),
    ],
    ids=lambda found: found if isinstance(found, str) else "",
)
async def test_a_request_that_is_too_large_is_refused_before_anybody_looks_into_it(
    desk: Desk, method: str, fields: dict[str, Any]
) -> None:
    refused = await refusal(desk.call(method, **fields))
    assert (refused.code, refused.reason) == ("INVALID_ARGUMENT", "REQUEST_TOO_LARGE")


async def test_an_outcome_of_a_stream_that_is_too_large_is_told_by_its_index(desk: Desk) -> None:
    await desk.begin()
    await desk.expose(["u", "v"])
    large = outcome("u", metadata={"x": "y" * 65_536})
    answer = await desk.record_all([outcome("u"), large, outcome("v")])
    assert (answer.recorded, answer.failed) == (2, 1)
    assert answer.failures[0].index == 1


async def test_an_update_names_no_more_than_20_fields(desk: Desk) -> None:
    created = await desk.create()
    wanted = {"name": NAME, "etag": created.etag, "title": "New"}
    for count, field in ((20, ""), (21, "update_mask")):
        call = desk.call(
            "UpdateExperiment", experiment=wanted, update_mask={"paths": ["title"] * count}
        )
        if field:
            assert (await refusal(call)).field == field
        else:
            assert (await call).experiment.title == "New"
