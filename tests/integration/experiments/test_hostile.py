"""Designs and calls that cannot be: each refused by its place, and nothing is left of it."""

import asyncio
from typing import Any

import pytest

from tests.integration.access.refusals import refusal
from tests.integration.experiments.desk import (
    COST,
    NAME,
    P95,
    SECONDS,
    SOLVED,
    Desk,
    design,
    outcome,
)

NAN, INFINITE = float("nan"), float("inf")
CONTROL = "a\0b"  # a character that no text may hold
GUARDRAIL = SECONDS | {"role": "METRIC_ROLE_GUARDRAIL"}
BANDIT = {"algorithm": "ALGORITHM_THOMPSON"}
HALF = {"name": "b", "weight": 0.5}


def variants(*weights: float) -> list[dict[str, Any]]:
    """Variants of these weights."""
    return [{"name": f"v{at}", "weight": weight} for at, weight in enumerate(weights)]


def saying(value: dict[str, Any]) -> dict[str, Any]:
    """A design whose first variant has this parameter."""
    return design(variants=[{"name": "a", "weight": 0.5, "parameters": {"p": value}}, HALF])


def nested(depth: int) -> dict[str, Any]:
    """A condition within so many others."""
    condition: dict[str, Any] = {"attribute": {"name": "a", "equals": "b"}}
    for _ in range(depth):
        condition = {"not": condition}
    return condition


def wide(count: int) -> dict[str, Any]:
    """So many conditions."""
    tests = [{"attribute": {"name": "a", "equals": "b"}}] * 19
    groups = [{"any": {"conditions": tests}}] * (count // 20)
    return {"all": {"conditions": groups}}


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        (design((1.0,)), "variants"),
        (design(variants=[]), "variants"),
        (design(variants=variants(*[1 / 101] * 101)), "variants"),
        (design((0.5, 0.4)), "variants"),
        (design((0.5, 0.6)), "variants"),
        (design((0.5, NAN)), "variants[1].weight"),
        (design((0.5, INFINITE)), "variants[1].weight"),
        (design((-0.5, 1.5)), "variants[0].weight"),
        (design((0.0, 1.0)), "variants[0].weight"),
        (design((1.0, 0.0)), "variants"),
        (design(variants=[HALF, HALF]), "variants[1].name"),
        (design(variants=[HALF | {"name": "B"}, HALF]), "variants[0].name"),
        (saying({"number": NAN}), 'variants[0].parameters["p"].number'),
        (saying({"number": -INFINITE}), 'variants[0].parameters["p"].number'),
        (saying({"text": CONTROL}), 'variants[0].parameters["p"].text'),
        (saying({"text": "x" * 1025}), 'variants[0].parameters["p"].text'),
        (saying({}), 'variants[0].parameters["p"].value'),
        (design(metrics=[]), "metrics"),
        (design(metrics=[SOLVED, SOLVED | {"name": "other"}]), "metrics"),
        (design(metrics=[SECONDS]), "metrics"),
        (design(metrics=[SOLVED, SECONDS | {"name": "solved"}]), "metrics[1].name"),
        (design(metrics=[{"name": "x", "role": 1}]), "metrics[0].kind"),
        (design(metrics=[SOLVED | {"quantile": 0.5}]), "metrics[0].quantile"),
        (design(metrics=[SOLVED, P95 | {"quantile": NAN}]), "metrics[1].quantile"),
        (design(metrics=[SOLVED, P95 | {"quantile": 0.0}]), "metrics[1].quantile"),
        (design(metrics=[SOLVED, P95], allocation=BANDIT), "metrics[1].kind"),
        (design(metrics=[SOLVED | {"margin": 0.1}]), "metrics[0].margin"),
        (design(metrics=[SOLVED, GUARDRAIL | {"margin": -0.1}]), "metrics[1].margin"),
        (
            design(metrics=[SOLVED, SECONDS | {"winsorize_lower": NAN}]),
            "metrics[1].winsorize_lower",
        ),
        (
            design(metrics=[SOLVED, SECONDS | {"winsorize_lower": 2, "winsorize_upper": 1}]),
            "metrics[1].winsorize_upper",
        ),
        (design(metrics=[SOLVED, COST | {"uses_pre_period": True}]), "metrics[1].uses_pre_period"),
        (design(metrics=[SOLVED, COST | {"missing": 2}]), "metrics[1].missing"),
        (design(metrics=[SOLVED, SECONDS | {"source": 2}]), "metrics[1].source"),
        (
            design(metrics=[SOLVED | {"attribution_window": {"seconds": 0}}]),
            "metrics[0].attribution_window",
        ),
        (design(allocation=BANDIT | {"epsilon": NAN}), "allocation.epsilon"),
        (design(allocation=BANDIT | {"floor": 0.3}), "allocation.floor"),
        (design(allocation=BANDIT | {"floor": 0.001}), "allocation.floor"),
        (design((0.99, 0.01), allocation=BANDIT), "variants[1].weight"),
        (design(allocation=BANDIT | {"discount": INFINITE}), "allocation.discount"),
        (design(allocation=BANDIT | {"batch_units": 9}), "allocation.batch_units"),
        (design(allocation={"sticky_ttl": {"seconds": 59}}), "allocation.sticky_ttl"),
        (design(allocation={"sticky_ttl": {"seconds": 60, "nanos": -1}}), "allocation.sticky_ttl"),
        (design(allocation={"algorithm": 99}), "allocation.algorithm"),
        (design(stopping={"alpha": NAN}), "stopping.alpha"),
        (design(stopping={"alpha": 0.6}), "stopping.alpha"),
        (design(stopping={"min_units": 1}), "stopping.min_units"),
        (design(stopping={"max_units": 499}), "stopping.max_units"),
        (
            design(stopping={"min_duration": {"seconds": 9}, "max_duration": {"seconds": 8}}),
            "stopping.max_duration",
        ),
        (design(layer="Upper"), "layer"),
        (design(layer_share=NAN), "layer_share"),
        (design(holdout=0.6), "holdout"),
        (design(traffic=INFINITE), "traffic"),
        (design(title="x" * 201), "title"),
        (design(unit=99), "unit"),
        (design(targeting={}), "targeting.condition"),
        (design(targeting=nested(9)), "targeting"),
        (design(targeting=nested(60)), "targeting"),
        (design(targeting=wide(120)), "targeting"),
        (
            design(targeting={"attribute": {"name": "a", "at_least": NAN}}),
            "targeting.attribute.at_least",
        ),
        (design(targeting={"attribute": {"name": "a"}}), "targeting.attribute.test"),
        (design(name="no name"), "name"),
    ],
    ids=lambda found: found if isinstance(found, str) else "",
)
async def test_a_design_that_cannot_be_is_refused_by_its_field(
    desk: Desk, wanted: dict[str, Any], field: str
) -> None:
    refused = await refusal(desk.create(wanted))
    assert refused.code == "INVALID_ARGUMENT"
    assert f"experiment.{field}" in refused.field.split(",")
    assert refused.message
    assert not (await desk.call("ListExperiments")).experiments


async def test_all_that_is_wrong_is_told_at_once(desk: Desk) -> None:
    wanted = design((0.5, 0.6), metrics=[SECONDS], stopping={"max_units": 1})
    fields = (await refusal(desk.create(wanted))).field.split(",")
    assert fields == ["experiment.variants", "experiment.metrics", "experiment.stopping.max_units"]


async def test_an_update_to_what_cannot_be_is_refused_by_its_field(desk: Desk) -> None:
    before = await desk.create()
    for changes, field in (
        ({"variants": design((0.5, 0.6))["variants"]}, "experiment.variants"),
        ({"traffic": NAN}, "experiment.traffic"),
        ({"metrics": [SECONDS]}, "experiment.metrics"),
    ):
        refused = await refusal(desk.update(**changes))
        assert (refused.code, refused.field) == ("INVALID_ARGUMENT", field)
    assert await desk.get() == before


@pytest.mark.parametrize("path", ["state", "etag", "variants.weight", "nothing", ""])
async def test_a_mask_names_what_may_be_changed_alone(desk: Desk, path: str) -> None:
    await desk.create()
    wanted = {"name": NAME, "etag": "1", "title": "x"}
    call = desk.call("UpdateExperiment", experiment=wanted, update_mask={"paths": ["title", path]})
    refused = await refusal(call)
    assert (refused.code, refused.field) == ("INVALID_ARGUMENT", "update_mask.paths[1]")


@pytest.mark.parametrize("experiment_id", ["", "Upper", "1st", "a\n", "a" * 64, "a/b", CONTROL])
async def test_an_id_that_cannot_be_is_refused(desk: Desk, experiment_id: str) -> None:
    call = desk.call("CreateExperiment", experiment_id=experiment_id, experiment=design())
    refused = await refusal(call)
    assert (refused.code, refused.field) == ("INVALID_ARGUMENT", "experiment_id")


@pytest.mark.parametrize(
    "method",
    ["GetExperiment", "StartExperiment", "StopExperiment", "ApplyWinner", "GetExperimentResults"],
)
@pytest.mark.parametrize("name", ["", "prompt-2", "experiments/", "experiments/a\n", CONTROL])
async def test_a_name_that_cannot_be_is_refused(desk: Desk, method: str, name: str) -> None:
    refused = await refusal(desk.call(method, name=name))
    assert (refused.code, refused.field) == ("INVALID_ARGUMENT", "name")


async def test_a_reason_that_no_record_can_hold_is_refused(desk: Desk) -> None:
    await desk.begin()
    refused = await refusal(desk.call("StopExperiment", name=NAME, reason=CONTROL))
    assert (refused.code, refused.field) == ("INVALID_ARGUMENT", "reason")


async def test_any_text_that_is_taken_is_given_back(desk: Desk) -> None:
    odd = "\ttab \\u0000 \u202e \U0001f600 ' -- %s %(x)s {} \N{LATIN SMALL LETTER E WITH ACUTE}"
    wanted = saying({"text": odd}) | {
        "layer": "answers",
        "title": CONTROL + odd,
        "targeting": {"attribute": {"name": odd[:80], "equals": CONTROL}},
    }
    created = await desk.create(wanted)
    assert await desk.get() == created
    await desk.change("Start")
    await desk.change("Stop", reason=odd)
    applied = (await desk.call("ApplyWinner", name=NAME, variant="a")).experiment
    assert applied.conclusion.explanation == odd
    assert (await desk.assign("u", layer="answers")).parameters["p"].text == odd


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"unit_id": ""}, "unit_id"),
        ({"unit_id": "u\n"}, "unit_id"),
        ({"unit_id": "u" * 129}, "unit_id"),
        ({"attributes": {"": "x"}}, 'attributes[""]'),
        ({"attributes": {"x": "y" * 1025}}, 'attributes["x"]'),
        ({"attributes": {str(n): "x" for n in range(65)}}, "attributes"),
        ({"pre_period_values": {"seconds": NAN}}, 'pre_period_values["seconds"]'),
        ({"pre_period_values": {"seconds": INFINITE}}, 'pre_period_values["seconds"]'),
        ({"pre_period_values": {"seconds": -1e-160}}, 'pre_period_values["seconds"]'),
        ({"pre_period_values": {str(n): 1.0 for n in range(21)}}, "pre_period_values"),
        ({"experiment": ""}, "experiment"),
        ({"layer": "Upper"}, "layer"),
    ],
    ids=lambda found: str(found)[:40],
)
async def test_an_assignment_that_cannot_be_is_refused_by_its_field(
    desk: Desk, fields: dict[str, Any], field: str
) -> None:
    await desk.begin()
    scope = {} if "layer" in fields else {"experiment": NAME}
    refused = await refusal(desk.call("AssignVariant", **{"unit_id": "u", **scope, **fields}))
    assert (refused.code, refused.field) == ("INVALID_ARGUMENT", field)
    assert (await desk.results()).exposures == 0


async def test_an_assignment_must_say_where(desk: Desk) -> None:
    refused = await refusal(desk.call("AssignVariant", unit_id="u"))
    assert (refused.code, refused.field) == ("INVALID_ARGUMENT", "scope")


async def test_an_assignment_in_what_there_is_not_is_not_found(desk: Desk) -> None:
    call = desk.call("AssignVariant", experiment="experiments/nothing", unit_id="u")
    refused = await refusal(call)
    assert (refused.code, refused.reason) == ("NOT_FOUND", "EXPERIMENT_NOT_FOUND")


async def test_a_hundred_variants_are_not_too_many(desk: Desk) -> None:
    await desk.begin(design(variants=variants(*[0.01] * 100)))
    shown = {variant for unit in range(50) if (variant := (await desk.assign(f"u{unit}")).variant)}
    assert len(shown) > 20
    assert len((await desk.results()).metrics[0].variants) == 100


async def test_who_changes_what_runs_while_outcomes_arrive_loses_none(desk: Desk) -> None:
    await desk.begin()
    names = [f"u-{at}" for at in range(200)]
    await desk.expose(names)
    recording = asyncio.create_task(desk.record_all(outcome(unit) for unit in names))
    await desk.update(variants=design((0.2, 0.8))["variants"])
    await desk.change("Pause")
    await desk.change("Stop")
    answer = await recording
    assert (answer.recorded, answer.failed) == (200, 0)
    counted = (await desk.results()).metrics[0].variants
    assert sum(variant.units for variant in counted) == 200
