"""Who gets which variant, as callers of AssignVariant see it."""

import asyncio
from typing import Any

import pytest
from switchyard.experiment.v1 import experiment_service_pb2 as pb

from server.experiments.assignment import place
from tests.integration.access.refusals import refusal
from tests.integration.callers import Caller, until
from tests.integration.experiments.desk import NAME, SECONDS, SOLVED, Desk, design, units

PRO = {"attribute": {"name": "plan", "equals": "pro"}}


def enrollments(answers: list[Any]) -> set[str]:
    """How units were taken, by name."""
    return {pb.Enrollment.Name(answer.enrollment)[len("ENROLLMENT_") :] for answer in answers}


async def assigned(desk: Desk, names: list[str], **fields: Any) -> list[Any]:
    """What units get."""
    return list(await asyncio.gather(*(desk.assign(unit, **fields) for unit in names)))


def parameters(answer: Any) -> dict[str, str]:
    """What to do, of texts alone."""
    return {name: value.text for name, value in answer.parameters.items()}


def worded(*texts: str) -> list[dict[str, Any]]:
    """Variants a, b, ... that differ in what they say."""
    share = 1 / len(texts)
    return [
        {"name": chr(97 + at), "weight": share, "parameters": {"greeting": {"text": text}}}
        for at, text in enumerate(texts)
    ]


async def apply(desk: Desk, variant: str, *texts: str, name: str = NAME) -> None:
    """Make a variant of an experiment of layer "answers" its default."""
    await desk.begin(design(variants=worded(*texts), layer="answers"), name)
    await desk.change("Stop", name)
    await desk.call("ApplyWinner", name=name, variant=variant)


async def test_an_assignment_says_all_that_is_on_record_of_it(desk: Desk) -> None:
    await desk.begin(design(variants=worded("Hello", "Hi")))
    answer = await desk.assign("u")
    assert (answer.experiment, answer.phase, answer.configuration_version) == (NAME, 1, 1)
    assert (answer.propensity, answer.is_first_exposure) == (0.5, True)
    assert parameters(answer) == {"greeting": {"a": "Hello", "b": "Hi"}[answer.variant]}


async def test_a_unit_is_exposed_once_and_gets_the_same_everywhere(
    desk: Desk, operators: list[Caller]
) -> None:
    await desk.begin()
    calls = [each.assign("u") for each in [desk, desk.at(operators[1])] * 8]
    answers = await asyncio.gather(*calls)
    assert len({answer.variant for answer in answers}) == 1
    assert sum(answer.is_first_exposure for answer in answers) == 1
    assert (await desk.results()).exposures == 1


async def test_an_assignment_that_is_only_asked_about_leaves_nothing(desk: Desk) -> None:
    await desk.begin()
    asked = await desk.assign("u", validate_only=True)
    assert asked.variant
    assert not asked.is_first_exposure
    assert (await desk.results()).exposures == 0
    assert (await refusal(desk.record("u"))).reason == "NOT_EXPOSED"
    assert (await desk.assign("u")).variant == asked.variant


async def test_units_are_shared_out_by_the_weights(desk: Desk) -> None:
    await desk.begin(design((0.9, 0.1)))
    variants = list((await desk.expose(units(300))).values())
    assert 240 < variants.count("a") < 295


async def test_units_keep_their_variant_while_weights_change(
    desk: Desk, operators: list[Caller]
) -> None:
    await desk.begin()
    before = await desk.expose(units(60))
    await desk.update(variants=design((0.02, 0.98))["variants"])
    elsewhere = desk.at(operators[1])
    assert await desk.expose(units(60)) == before
    assert await elsewhere.expose(units(60)) == before
    assert "a" in before.values()
    assert list((await desk.expose(units(60, "new"))).values()).count("b") > 50


async def test_a_unit_keeps_the_propensity_that_it_was_drawn_with(desk: Desk) -> None:
    await desk.begin()
    before = await desk.assign("u")
    await desk.update(variants=design((0.02, 0.98))["variants"])
    after = await desk.assign("u")
    assert (after.propensity, after.configuration_version) == (before.propensity, 1)


async def test_more_traffic_keeps_who_is_in_and_less_takes_nobody_out(desk: Desk) -> None:
    await desk.begin(design(traffic=0.2))
    first = await desk.expose(units(100))
    inside = {unit: variant for unit, variant in first.items() if variant}
    assert 5 < len(inside) < 40
    await desk.update(traffic=0.6)
    more = await desk.expose(units(100))
    assert inside.items() <= more.items()
    assert len([unit for unit, variant in more.items() if variant]) > len(inside)
    await desk.update(traffic=0.0)
    assert await desk.expose(units(100)) == more
    assert enrollments(await assigned(desk, units(20, "new"))) == {"OUTSIDE_TRAFFIC"}


async def test_what_is_paused_takes_nobody_and_leaves_nobody(
    desk: Desk, operators: list[Caller]
) -> None:
    await desk.begin()
    before = await desk.expose(units(10))
    await desk.change("Pause")
    elsewhere = desk.at(operators[1])

    async def is_known_there() -> bool:
        return not (await elsewhere.assign("nobody", validate_only=True)).variant

    await until(is_known_there)
    assert await desk.expose(units(10)) == before
    assert await elsewhere.expose(units(10)) == before
    assert enrollments(await assigned(desk, units(5, "new"))) == {"NOT_RUNNING"}
    await desk.change("Start")
    assert all((await desk.expose(units(5, "new"))).values())


async def test_a_new_phase_has_fresh_units(desk: Desk) -> None:
    await desk.begin()
    first = await desk.expose(units(40))
    await desk.change("Stop")
    assert enrollments(await assigned(desk, units(3))) == {"NOT_RUNNING"}
    await desk.change("Start")
    second = await assigned(desk, units(40))
    assert all(answer.is_first_exposure for answer in second)
    assert {answer.phase for answer in second} == {2}
    assert [answer.variant for answer in second] != list(first.values())


async def test_a_draft_gives_nobody_a_variant(desk: Desk) -> None:
    await desk.create()
    assert enrollments([await desk.assign("u")]) == {"NOT_RUNNING"}


async def test_an_experiment_is_for_those_whom_its_condition_names(desk: Desk) -> None:
    await desk.begin(design(targeting=PRO))
    assert (await desk.assign("u", attributes={"plan": "pro"})).variant
    other = [await desk.assign("v", attributes={"plan": "free"}), await desk.assign("w")]
    assert enrollments(other) == {"NOT_TARGETED"}


@pytest.mark.parametrize("state", ["running", "paused"])
async def test_who_fits_no_more_has_no_variant_at_any_server(
    desk: Desk, operators: list[Caller], state: str
) -> None:
    await desk.begin(design(targeting=PRO))
    elsewhere = desk.at(operators[1])
    first = await desk.assign("u", attributes={"plan": "pro"})
    if state == "paused":
        await desk.change("Pause")
    for each in (desk, elsewhere):
        assert not (await each.assign("u", attributes={"plan": "free"})).variant
        assert (await each.assign("u", attributes={"plan": "pro"})).variant == first.variant


async def test_a_unit_of_a_layer_is_in_one_experiment_at_most(desk: Desk) -> None:
    names = ["experiments/one", "experiments/two", "experiments/three"]
    for name in names:
        await desk.begin(design(layer="answers", layer_share=0.3), name)
    everybody = units(120)
    by_layer = await assigned(desk, everybody, layer="answers")
    for unit, answer in zip(everybody, by_layer, strict=True):
        inside = [name for name in names if (await desk.assign(unit, experiment=name)).variant]
        assert inside == ([answer.experiment] if answer.experiment else [])
    assert {answer.experiment for answer in by_layer} == {*names, ""}


async def test_the_same_units_are_held_out_of_all_experiments_of_a_layer(desk: Desk) -> None:
    for name in ("experiments/one", "experiments/two"):
        await desk.begin(design(layer="answers", layer_share=0.5, holdout=0.3), name)
    everybody = units(80)
    answers = await assigned(desk, everybody, layer="answers")
    held = {unit for unit in everybody if place(f"{desk.tenant}/answers/holdout", unit) < 0.3}
    assert {u for u, a in zip(everybody, answers, strict=True) if not a.variant} == held
    assert enrollments([a for a in answers if not a.variant]) == {"HELD_OUT"}


async def test_experiments_of_a_layer_that_hold_out_differently_do_not_run_together(
    desk: Desk,
) -> None:
    await desk.begin(design(layer="answers", layer_share=0.5, holdout=0.3), "experiments/one")
    await desk.create(design(layer="answers", layer_share=0.5), "experiments/two")
    refused = await refusal(desk.call("StartExperiment", name="experiments/two"))
    assert refused.code == "FAILED_PRECONDITION"


async def test_a_layer_of_nothing_gives_nothing(desk: Desk) -> None:
    answer = await desk.assign("u", layer="answers")
    assert enrollments([answer]) == {"NOT_RUNNING"}
    assert not answer.parameters


async def test_an_applied_winner_is_the_default_at_every_server_until_it_is_taken_back(
    desk: Desk, operators: list[Caller]
) -> None:
    await apply(desk, "b", "Hello", "Hi")
    elsewhere = desk.at(operators[1])
    assert (await desk.get()).is_applied
    for each in (desk, elsewhere):
        assert parameters(await each.assign("u", layer="answers")) == {"greeting": "Hi"}
    await desk.call("RollBackWinner", name=NAME)
    assert parameters(await desk.assign("u", layer="answers")) == {}

    async def is_taken_back() -> bool:
        return not parameters(await elsewhere.assign("u", layer="answers"))

    await until(is_taken_back)
    assert not (await desk.get()).is_applied


async def test_a_roll_back_gives_the_winner_before_its_place_again(desk: Desk) -> None:
    await apply(desk, "a", "Hello", "Hi")
    await apply(desk, "b", "Hello", "Good day", name="experiments/second")
    assert parameters(await desk.assign("u", layer="answers")) == {"greeting": "Good day"}
    refused = await refusal(desk.call("RollBackWinner", name=NAME))
    assert refused.code == "FAILED_PRECONDITION"
    await desk.call("RollBackWinner", name="experiments/second")
    assert parameters(await desk.assign("u", layer="answers")) == {"greeting": "Hello"}


async def test_a_variant_goes_before_the_defaults_and_they_fill_what_it_leaves(desk: Desk) -> None:
    await apply(desk, "a", "Hello", "Hi")
    silent = [{"name": "a", "weight": 0.5}, worded("", "Good day")[1]]
    second = design(variants=silent, layer="answers", layer_share=0.5)
    await desk.begin(second, "experiments/second")
    answers = await assigned(desk, units(60), layer="answers")
    said = {answer.variant: parameters(answer)["greeting"] for answer in answers}
    assert said == {"a": "Hello", "b": "Good day", "": "Hello"}


@pytest.mark.parametrize("variant", ["", "c"])
async def test_what_no_winner_or_variant_names_is_not_applied(desk: Desk, variant: str) -> None:
    await desk.begin(design(layer="answers"))
    await desk.change("Stop")
    refused = await refusal(desk.call("ApplyWinner", name=NAME, variant=variant))
    assert refused.code == ("INVALID_ARGUMENT" if variant else "FAILED_PRECONDITION")


async def test_values_of_before_that_no_metric_uses_are_no_matter(desk: Desk) -> None:
    await desk.begin(design(metrics=[SOLVED, SECONDS | {"uses_pre_period": True}]))
    values = {"seconds": 1e12, "solved": 3.0, "whatever": -1.0}
    assert (await desk.assign("u", pre_period_values=values)).variant
