"""What an experiment has shown, as callers see it: the same at any server, always a number."""

import asyncio
from collections.abc import Mapping
from math import isfinite
from typing import Any

import pytest

from tests.integration.access.refusals import refusal
from tests.integration.callers import ACCESS, Caller, until
from tests.integration.experiments.desk import (
    COST,
    NAME,
    P95,
    SECONDS,
    SOLVED,
    Desk,
    design,
    numbers,
    outcome,
    units,
)

STOPPED = 4
WINNER, HARM, INCONCLUSIVE, BY_HAND = range(1, 5)
GUARDRAIL = {"name": "errors", "kind": "METRIC_KIND_MEAN", "role": "METRIC_ROLE_GUARDRAIL"}
EVERY: list[dict[str, Any]] = [
    SOLVED,
    SECONDS | {"uses_pre_period": True},
    COST,
    P95,
    GUARDRAIL | {"margin": 0.1},
]
QUICK = {"min_units": 20}


async def record_rates(desk: Desk, variants: Mapping[str, str], **rates: float) -> None:
    """Successes of units, such that each variant has its rate."""
    sent = []
    for name, rate in rates.items():
        own = [unit for unit, variant in variants.items() if variant == name]
        sent += [outcome(unit, success=at < rate * len(own)) for at, unit in enumerate(own)]
    assert (await desk.record_all(sent)).failed == 0


async def record_values(desk: Desk, names: list[str], value: float) -> None:
    """The same outcome of every unit, in all metrics but the binary one."""
    sent = [outcome(unit) for unit in names]
    for metric in ("seconds", "cost", "p95", "errors"):
        sent += [outcome(unit, metric=metric, value=value) for unit in names]
    assert (await desk.record_all(sent)).failed == 0


async def until_stopped(desk: Desk) -> Any:
    """The experiment, when the server has ended it by itself."""

    async def is_stopped() -> bool:
        return bool((await desk.get()).state == STOPPED)

    await until(is_stopped)
    return await desk.get()


def all_finite(results: Any) -> bool:
    """Whether each of its numbers is one."""
    found = numbers(results)
    return bool(found) and all(isfinite(number) for number in found)


async def test_before_it_was_started_there_are_no_results(desk: Desk) -> None:
    await desk.create()
    for call in (
        desk.call("GetExperimentResults", name=NAME),
        desk.call("EstimateSampleSize", experiment=NAME, min_effect=0.1),
    ):
        refused = await refusal(call)
        assert (refused.code, refused.reason) == ("FAILED_PRECONDITION", "NOT_POSSIBLE_NOW")


async def test_without_data_nothing_is_told_and_nothing_is_no_number(desk: Desk) -> None:
    await desk.begin(design(metrics=EVERY))
    results = await desk.results(with_history=True)
    assert all_finite(results)
    assert (results.exposures, results.confidence, results.winner) == (0, 0.0, "")
    for metric in results.metrics:
        for variant in metric.variants:
            assert variant.units == 0
            assert not variant.HasField("lift")
            assert not variant.HasField("interval")
    assert results.warnings


@pytest.mark.parametrize("count", [1, 2, 60])
@pytest.mark.parametrize("value", [0.0, 5.0, -1e12, 1e-300], ids=str)
async def test_without_variance_every_figure_is_a_number(
    desk: Desk, count: int, value: float
) -> None:
    await desk.begin(design(metrics=EVERY, stopping={"min_units": 1000}))
    await desk.expose(units(count))
    await record_values(desk, units(count), value)
    assert all_finite(await desk.results(with_history=True))


async def test_ratios_without_denominators_have_no_value(desk: Desk) -> None:
    await desk.begin(design(metrics=[SOLVED, COST]))
    await desk.expose(units(30))
    await desk.record_all(
        outcome(unit, metric="cost", value=3.0, denominator=0.0) for unit in units(30)
    )
    results = await desk.results()
    assert all_finite(results)
    assert not any(variant.HasField("value") for variant in results.metrics[1].variants)


async def test_where_all_variants_fail_nobody_wins(desk: Desk) -> None:
    await desk.begin(design((0.4, 0.3, 0.3), stopping=QUICK))
    names = units(150)
    await desk.expose(names)
    await desk.record_all(outcome(unit, success=False) for unit in names)
    results = await desk.results()
    assert all_finite(results)
    assert [v.conversions for v in results.metrics[0].variants] == [0, 0, 0]
    assert not results.is_significant
    assert results.winner == ""


@pytest.mark.parametrize("algorithm", ["ALGORITHM_FIXED", "ALGORITHM_THOMPSON"])
async def test_values_as_large_and_as_small_as_may_be_leave_numbers(
    desk: Desk, algorithm: str
) -> None:
    metrics = EVERY if algorithm == "ALGORITHM_FIXED" else [m for m in EVERY if m is not P95]
    await desk.begin(design(metrics=metrics, allocation={"algorithm": algorithm}))
    names = units(60)
    extremes = (1e12, -1e12, 1e-9)
    await asyncio.gather(
        *(
            desk.assign(unit, pre_period_values={"seconds": extremes[at % 3]})
            for at, unit in enumerate(names)
        )
    )
    sent = []
    for at, unit in enumerate(names):
        sent += [
            outcome(unit, metric=metric["name"], value=extremes[(at + place) % 3])
            for place, metric in enumerate(metrics)
            if metric not in (SOLVED, COST)
        ]
        sent.append(outcome(unit, metric="cost", value=extremes[at % 2], denominator=1e-9))
    assert (await desk.record_all(sent)).failed == 0
    assert all_finite(await desk.results(with_history=True))


async def test_units_that_arrive_unlike_the_weights_are_told_of(desk: Desk) -> None:
    """As when a variant loses its units: whoever is lost was exposed nowhere."""
    await desk.begin(design((0.5, 0.5)))
    variants = {u: (await desk.assign(u, validate_only=True)).variant for u in units(200)}
    kept = [u for u, v in variants.items() if v == "a" or u.endswith("0")]
    await desk.expose(kept)
    results = await desk.results()
    assert results.sample_ratio.is_mismatched
    assert results.sample_ratio.p_value < 0.001


async def test_both_servers_tell_the_same(desk: Desk, operators: list[Caller]) -> None:
    await desk.begin(design((0.2, 0.3, 0.5), metrics=EVERY, stopping={"min_units": 1000}))
    names = units(120)
    variants = await desk.expose(names)
    await desk.update(variants=design((0.4, 0.3, 0.3))["variants"])
    variants |= await desk.at(operators[1]).expose(units(80, "new"))
    await record_rates(desk, variants, a=0.5, b=0.6, c=0.7)
    told = [await each.results(with_history=True) for each in (desk, desk.at(operators[1]))]
    for results in told:
        results.ClearField("time")
    told[0].ClearField("history")  # it may have grown between the two
    told[1].ClearField("history")
    assert told[0] == told[1]
    assert [v.units for v in told[0].metrics[0].variants] == [
        list(variants.values()).count(name) for name in "abc"
    ]


async def test_weights_that_were_changed_are_on_record_as_configurations(desk: Desk) -> None:
    await desk.begin()
    await desk.update(variants=design((0.2, 0.8))["variants"])
    told = (await desk.results(with_history=True)).configurations
    assert [list(one.weights) for one in told] == [[0.5, 0.5], [0.2, 0.8]]
    assert not (await desk.results()).configurations


async def test_a_winner_is_declared_without_a_person_and_can_be_applied(desk: Desk) -> None:
    await desk.begin(design(stopping=QUICK, layer="answers"))
    await record_rates(desk, await desk.expose(units(200)), a=0.1, b=0.95)
    ended = await until_stopped(desk)
    assert (ended.conclusion.outcome, ended.conclusion.variant) == (WINNER, "b")
    assert ended.conclusion.lift_lower > 0
    results = await desk.results(with_history=True)
    assert (results.winner, results.is_significant) == ("b", True)
    assert results.history[-1].units == 200
    assert (await desk.call("ApplyWinner", name=NAME)).experiment.is_applied


async def test_a_variant_that_does_harm_ends_it(desk: Desk) -> None:
    await desk.begin(design(stopping=QUICK))
    await record_rates(desk, await desk.expose(units(200)), a=0.95, b=0.1)
    conclusion = (await until_stopped(desk)).conclusion
    assert (conclusion.outcome, conclusion.variant) == (HARM, "b")


async def test_at_its_maximum_it_ends_inconclusive(desk: Desk) -> None:
    await desk.begin(design(stopping=QUICK | {"max_units": 40}))
    await record_rates(desk, await desk.expose(units(60)), a=0.5, b=0.5)
    conclusion = (await until_stopped(desk)).conclusion
    assert (conclusion.outcome, conclusion.variant) == (INCONCLUSIVE, "")


async def test_of_two_servers_one_concludes(desk: Desk) -> None:
    await desk.begin(design(stopping=QUICK))
    await record_rates(desk, await desk.expose(units(200)), a=0.1, b=0.95)
    await until_stopped(desk)
    listed = (await desk.admin.call(f"{ACCESS}/ListAuditEvents")).audit_events
    concluded = [event for event in listed if event.action == "experiment.winner"]
    assert [event.actor for event in concluded] == ["conductor"]


async def test_a_winner_is_latched_where_it_goes_on_after_one(desk: Desk) -> None:
    await desk.begin(design(stopping=QUICK | {"continues_after_winner": True}))
    await record_rates(desk, await desk.expose(units(200)), a=0.1, b=0.95)

    async def has_winner() -> bool:
        return bool((await desk.results()).winner)

    await until(has_winner)
    latched = await desk.get()
    assert latched.state != STOPPED
    stopped = await desk.change("Stop", reason="We have seen enough.")
    assert stopped.conclusion == latched.conclusion
    assert stopped.conclusion.variant == "b"


async def test_an_algorithm_moves_weights_in_batches_that_are_on_record(desk: Desk) -> None:
    await desk.begin(
        design(
            allocation={"algorithm": "ALGORITHM_THOMPSON", "batch_units": 50},
            stopping={"min_units": 5000},
        )
    )
    await record_rates(desk, await desk.expose(units(60)), a=0.1, b=0.9)

    async def has_moved() -> bool:
        return bool((await desk.get()).configuration.version > 1)

    await until(has_moved)
    experiment = await desk.get()
    assert experiment.etag == "2"
    assert experiment.configuration.weights[1] > 0.9
    told = (await desk.results(with_history=True)).configurations
    assert [one.cause for one in told] == [1, 3]


async def test_a_sample_size_is_told_from_what_was_seen(desk: Desk) -> None:
    await desk.begin()
    await record_rates(desk, await desk.expose(units(100)), a=0.5, b=0.5)
    told = await desk.call("EstimateSampleSize", experiment=NAME, min_effect=0.1)
    assert all_finite(told)
    assert told.baseline == pytest.approx(0.5, abs=0.02)
    assert told.units_so_far > 30
    assert told.sequential_units > told.fixed_horizon_units > told.units_so_far
    assert told.HasField("remaining_duration")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"min_effect": 0.0}, "min_effect"),
        ({"min_effect": float("nan")}, "min_effect"),
        ({"min_effect": 1e-300}, "min_effect"),
        ({"min_effect": 0.9}, "min_effect"),
        ({"power": 1.0}, "power"),
        ({"alpha": 0.6}, "alpha"),
        ({"variants": 1}, "variants"),
        ({"planned": {"kind": 1, "baseline": 0.0}}, "planned.baseline"),
        ({"planned": {"kind": 1, "baseline": float("inf")}}, "planned.baseline"),
        ({"planned": {"kind": 2}}, "planned.deviation"),
        ({"planned": {"kind": 2, "deviation": 1e-300}}, "planned.deviation"),
        ({"planned": {"kind": 3, "deviation": 1.0}}, "planned.kind"),
    ],
    ids=str,
)
async def test_figures_that_cannot_be_planned_with_are_refused_by_their_field(
    desk: Desk, fields: dict[str, Any], field: str
) -> None:
    asked = {"planned": {"kind": 1, "baseline": 0.5}, "min_effect": 0.1} | fields
    refused = await refusal(desk.call("EstimateSampleSize", **asked))
    assert (refused.code, refused.field) == ("INVALID_ARGUMENT", field)


async def test_a_pace_that_takes_for_ever_has_no_duration(desk: Desk) -> None:
    asked = {"planned": {"kind": 1, "baseline": 0.5}, "min_effect": 0.1, "units_per_day": 1e-300}
    told = await desk.call("EstimateSampleSize", **asked)
    assert not told.HasField("duration")
    assert told.sequential_units
