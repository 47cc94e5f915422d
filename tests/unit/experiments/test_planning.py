"""How many units an experiment takes, and how long."""

from dataclasses import replace
from math import sqrt
from typing import Any

import numpy as np
import pytest

from server.experiments.errors import InvalidExperiment, NotPossibleNow
from server.experiments.experiment import Metric, MetricKind, Role
from server.experiments.findings.planning import Plan, plan_from_figures, plan_from_results
from server.experiments.results import Tally
from tests.unit.experiments.designs import RATE
from tests.unit.experiments.tallies import LATE, cell, experiment_of, rate_tally, sketch, tally_of

DAY_S = 86_400.0
RATES = Plan(min_effect=0.05, baseline=0.8)
MEANS = Plan(min_effect=1.0, kind=MetricKind.MEAN, baseline=10.0, deviation=3.0)
COST = Metric("cost", MetricKind.MEAN, Role.PRIMARY)


def test_one_planned_look_takes_as_many_units_as_tables_say() -> None:
    # R: power.prop.test(p1 = 0.8, p2 = 0.85, power = 0.8) gives n = 905.3658
    assert plan_from_figures(RATES).fixed_horizon_units == 906


def test_looking_all_the_time_takes_more_units() -> None:
    size = plan_from_figures(RATES)
    assert size.median_units < size.sequential_units
    assert size.fixed_horizon_units < size.sequential_units < 2 * size.fixed_horizon_units


def test_what_was_assumed_is_told() -> None:
    of_rates, of_means = plan_from_figures(RATES), plan_from_figures(MEANS)
    assert of_rates.baseline == 0.8
    assert of_rates.deviation == pytest.approx(0.4)
    assert (of_means.baseline, of_means.deviation) == (10.0, 3.0)


@pytest.mark.parametrize("plan", [RATES, MEANS])
def test_a_smaller_effect_and_more_power_take_more_units(plan: Plan) -> None:
    units = plan_from_figures(plan).sequential_units
    smaller = replace(plan, min_effect=plan.min_effect / 2)
    assert plan_from_figures(smaller).sequential_units > 3 * units
    assert plan_from_figures(replace(plan, power=0.95)).sequential_units > units
    assert plan_from_figures(replace(plan, alpha=0.01)).sequential_units > units


def test_more_variants_take_more_units_each() -> None:
    units = plan_from_figures(RATES).sequential_units
    assert plan_from_figures(replace(RATES, variants=5)).sequential_units > units


def test_a_pace_makes_a_duration() -> None:
    plan = replace(RATES, variants=4, units_per_day=500)
    size = plan_from_figures(plan)
    assert size.duration_s is not None
    assert size.duration_s == pytest.approx(4 * size.sequential_units / 500 * DAY_S, rel=0.001)
    assert plan_from_figures(RATES).duration_s is None


def test_a_rate_near_one_is_compared_with_a_lower_one() -> None:
    low, high = replace(RATES, baseline=0.03), replace(RATES, baseline=0.97)
    assert plan_from_figures(high).fixed_horizon_units == plan_from_figures(low).fixed_horizon_units


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"baseline": 0.0}, "planned.baseline"),
        ({"baseline": 1.0}, "planned.baseline"),
        ({"min_effect": 0.9}, "min_effect"),
        ({"kind": MetricKind.MEAN}, "planned.deviation"),
        ({"kind": MetricKind.MEAN, "deviation": 1e12, "min_effect": 1e-9}, "min_effect"),
        ({"variants": 1}, "variants"),
    ],
)
def test_figures_that_cannot_be_are_refused(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidExperiment) as refused:
        plan_from_figures(replace(RATES, **fields))
    assert [fault.field for fault in refused.value.faults] == [field]


def test_a_started_experiment_is_planned_from_what_it_has_shown() -> None:
    experiment = experiment_of()
    tally = rate_tally(experiment, (400, 500), (380, 480))
    size = plan_from_results(experiment, tally, Plan(min_effect=0.05), LATE)
    same = plan_from_figures(RATES)
    assert size.baseline == 0.8
    assert size.units_so_far == 480
    assert size.sequential_units == same.sequential_units
    assert size.duration_s is not None
    assert size.remaining_s is not None
    assert size.duration_s - size.remaining_s == pytest.approx(20 * DAY_S)  # at the pace of so far


def test_a_started_experiment_is_planned_for_its_own_variants_and_alpha() -> None:
    experiment = experiment_of((0.25,) * 4, stopping={"alpha": 0.01})
    tally = rate_tally(experiment, *[(400, 500)] * 4)
    size = plan_from_results(experiment, tally, Plan(min_effect=0.05), LATE)
    same = plan_from_figures(replace(RATES, variants=4, alpha=0.01))
    assert size.sequential_units == same.sequential_units


def test_a_plan_is_for_the_direction_that_is_better() -> None:
    more, less = experiment_of(), experiment_of(metrics=(replace(RATE, is_minimized=True),))
    tally = rate_tally(more, (400, 500), (400, 500))
    sizes = [plan_from_results(each, tally, Plan(min_effect=0.05), LATE) for each in (more, less)]
    assert sizes[0].fixed_horizon_units < sizes[1].fixed_horizon_units  # 0.85 and 0.75


def test_what_units_were_before_saves_units() -> None:
    rng = np.random.default_rng(1)
    before = [rng.normal(20, 3, 400) for _ in range(2)]
    row = tuple(cell(x + rng.normal(0, 1, 400), x) for x in before)
    plain, with_before = (
        plan_from_results(experiment, tally_of(experiment, {"cost": [row]}), MEANS, LATE)
        for experiment in (
            experiment_of(metrics=(replace(COST, uses_pre_period=uses),)) for uses in (False, True)
        )
    )
    assert plain.deviation == pytest.approx(sqrt(10), rel=0.1)
    assert with_before.deviation == pytest.approx(1, rel=0.1)
    assert with_before.sequential_units < plain.sequential_units / 4


def test_what_is_done_needs_no_more_time() -> None:
    experiment = experiment_of()
    tally = rate_tally(experiment, (40_000, 50_000), (40_000, 50_000))
    size = plan_from_results(experiment, tally, Plan(min_effect=0.05), LATE)
    assert size.remaining_s == 0


def test_a_rate_of_nothing_is_taken_for_a_small_one() -> None:
    experiment = experiment_of()
    tally = rate_tally(experiment, (0, 98), (0, 98))
    size = plan_from_results(experiment, tally, Plan(min_effect=0.05), LATE)
    assert size.baseline == 0.01


@pytest.mark.parametrize("metric", [RATE, COST])
def test_nothing_is_planned_from_nothing(metric: Metric) -> None:
    experiment = experiment_of(metrics=(metric,))
    with pytest.raises(NotPossibleNow, match="has too few outcomes of"):
        plan_from_results(experiment, Tally((), (), {}), RATES, LATE)


def test_there_is_no_sample_size_of_quantiles() -> None:
    metric = Metric("seconds", MetricKind.QUANTILE, Role.PRIMARY, quantile=0.9)
    experiment = experiment_of(metrics=(metric,))
    values = np.random.default_rng(1).gamma(2, 1, 100)
    rows = {"seconds": [(cell(values),) * 2]}
    tally = tally_of(experiment, rows, sketches={"seconds": [sketch(values)] * 2})
    with pytest.raises(NotPossibleNow, match="quantile"):
        plan_from_results(experiment, tally, RATES, LATE)
