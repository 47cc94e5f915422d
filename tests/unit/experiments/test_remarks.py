"""What a reader is told before believing results."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

from server.experiments.experiment import Aggregation, Experiment, Metric, MetricKind, Role
from server.experiments.findings.analysis import analyse
from server.experiments.results import Tally
from server.statistics.moments import Moments
from tests.unit.experiments.designs import NOW, RATE, THOMPSON, draft
from tests.unit.experiments.tallies import (
    LATE,
    Rows,
    cell,
    experiment_of,
    rate_tally,
    rates,
    sketch,
    tally_of,
)

COST = Metric("cost", MetricKind.MEAN)
NOTHING = (Moments(), Moments())


def told(experiment: Experiment, tally: Tally, now: datetime = LATE) -> tuple[str, ...]:
    return analyse(experiment, tally, now).warnings


def test_where_all_is_well_nothing_is_said() -> None:
    experiment = experiment_of()
    assert told(experiment, rate_tally(experiment, (800, 1000), (810, 1000))) == ()


def test_nothing_has_come_yet() -> None:
    assert told(draft(), Tally((), (), {})) == ("No unit has been exposed yet.",)


def test_units_have_come_and_no_outcomes() -> None:
    experiment = experiment_of()
    tally = tally_of(experiment, {RATE.name: [NOTHING]}, exposures=[(600, 634)])
    assert "No unit counts in solved yet, of 1,234 that were exposed." in told(experiment, tally)


def test_units_whose_last_outcome_counts_wait_for_their_window() -> None:
    metric = replace(COST, aggregation=Aggregation.LAST)
    experiment = experiment_of(metrics=(RATE, metric))
    rows: Rows = {RATE.name: [rates((500, 600), (520, 634))], "cost": [NOTHING]}
    assert (
        "No unit counts in cost yet, of 1,234 that were exposed: each that has an outcome does "
        "when its window of 7 days has passed."
    ) in told(experiment, tally_of(experiment, rows))


def test_units_wait_for_their_window() -> None:
    metric = replace(RATE, missing_is_failure=True)
    experiment = experiment_of(metrics=(metric,))
    tally = rate_tally(experiment, (300, 400), (300, 400), exposures=[(1000, 1004)])
    assert (
        "1,204 of 2,004 units do not count in solved yet: each does when its window of 7 days has "
        "passed."
    ) in told(experiment, tally)


def test_a_variant_has_too_few_units() -> None:
    experiment = experiment_of(stopping={"min_units": 500})
    tally = rate_tally(experiment, (400, 500), (100, 120), exposures=[(500, 500)])
    assert "Too early: 120 of at least 500 units in variant b." in told(experiment, tally)


def test_several_variants_have_too_few_units() -> None:
    experiment = experiment_of((1 / 3,) * 3, stopping={"min_units": 5000})
    tally = rate_tally(experiment, (900, 1210), (900, 1190), (900, 1200))
    assert (
        "Too early: 1,190 of at least 5,000 units in variant b, and too few in 2 more."
    ) in told(experiment, tally)


@pytest.mark.parametrize(("days", "is_early"), [(2.5, True), (14, False)])
def test_the_least_duration_has_not_passed(days: float, is_early: bool) -> None:
    experiment = experiment_of(stopping={"min_duration_s": 14 * 86_400.0})
    tally = rate_tally(experiment, (800, 1000), (810, 1000))
    remark = f"Too early: {days:g} days of at least 14 days."
    assert (remark in told(experiment, tally, NOW + timedelta(days=days))) is is_early


def test_few_units_are_no_large_sample() -> None:
    experiment = experiment_of(stopping={"min_units": 20})
    assert (
        "Intervals are for large samples: with 60 units in variant b they may be too narrow."
    ) in told(experiment, rate_tally(experiment, (50, 64), (50, 60)))


def test_units_do_not_arrive_as_they_should() -> None:
    experiment = experiment_of()
    assert told(experiment, rate_tally(experiment, (60, 120), (190, 380)))[0] == (
        "120 units in a and 380 units in b, where by their weights 250 and 250 were to be "
        "expected: something loses units; believe nothing until it is found."
    )


def test_of_many_variants_those_that_are_furthest_off_are_named() -> None:
    experiment = experiment_of((0.1,) * 10)
    counts = [(500, 1000)] * 9 + [(100, 200)]
    first = told(experiment, rate_tally(experiment, *counts))[0]
    assert "200 units in j, where" in first
    assert first.count(" units in ") == 4


def test_no_unit_succeeds() -> None:
    experiment = experiment_of()
    assert ("No unit succeeded in solved in any variant: is the outcome recorded at all?") in told(
        experiment, rate_tally(experiment, (0, 300), (0, 300))
    )


def test_every_unit_succeeds() -> None:
    experiment = experiment_of()
    assert "Every unit succeeded in solved: are failures recorded at all?" in told(
        experiment, rate_tally(experiment, (300, 300), (300, 300))
    )


def test_a_few_failures_in_a_row_are_not_suspicious() -> None:
    experiment = experiment_of()
    remarks = told(experiment, rate_tally(experiment, (0, 9), (0, 9)))
    assert not any("recorded at all" in remark for remark in remarks)


def with_cost(*cells: Moments, **fields: Any) -> tuple[str, ...]:
    """What is told of a rate that is well and of another metric."""
    metric = replace(COST, **fields)
    experiment = experiment_of(metrics=(RATE, metric))
    rows = {RATE.name: [rates((800, 1000), (810, 1000))], "cost": [cells]}
    return told(experiment, tally_of(experiment, rows))


def test_values_do_not_vary() -> None:
    same = cell(np.full(1000, 2.0))
    assert with_cost(same, same) == (
        "All units in a and b have the same cost: without variance nothing can be said of it.",
    )


def test_a_ratio_has_nothing_to_divide_by() -> None:
    values = np.random.default_rng(1).normal(size=1000)
    empty, full = cell(values, np.zeros(1000)), cell(values, np.ones(1000))
    assert with_cost(empty, full, kind=MetricKind.RATIO) == (
        "The denominators of cost sum up to 0 in a: there is no ratio.",
    )


def test_a_quantile_has_too_few_units_for_an_interval() -> None:
    metric = Metric("seconds", MetricKind.QUANTILE, quantile=0.99)
    experiment = experiment_of(metrics=(RATE, metric))
    values = np.random.default_rng(1).gamma(2, 1, 300)
    rows: Rows = {RATE.name: [rates((250, 300), (255, 300))], "seconds": [(cell(values),) * 2]}
    tally = tally_of(experiment, rows, sketches={"seconds": [sketch(values)] * 2})
    assert told(experiment, tally) == ("Too few units in a and b for an interval of seconds.",)


def test_outcomes_are_missing_more_often_in_one_variant() -> None:
    experiment = experiment_of()
    tally = rate_tally(experiment, (500, 700), (400, 500), exposures=[(1000, 1000)])
    assert told(experiment, tally) == (
        "Outcomes of solved are missing unevenly: 70 % of the units in a have one, 50 % in b; a "
        "difference may come from that alone.",
    )


@pytest.mark.parametrize(("changes", "word"), [(1, "once"), (2, "twice"), (3, "3 times")])
def test_the_weights_have_changed(changes: int, word: str) -> None:
    experiment = experiment_of()
    weights = [(0.5, 0.5), (0.4, 0.6), (0.5, 0.5), (0.6, 0.4)][: changes + 1]
    row = [rates((400, 500), (400, 500))] * (changes + 1)
    expected = (
        f"The weights changed {word}: lifts are stratified by configuration, all other figures "
        "are not."
    )
    tally = tally_of(experiment, {RATE.name: row}, weights=weights)
    assert expected in told(experiment, tally)


def test_a_quantile_cannot_be_compared_across_weights() -> None:
    metric = Metric("seconds", MetricKind.QUANTILE, quantile=0.5)
    experiment = experiment_of(metrics=(RATE, metric))
    values = np.random.default_rng(1).gamma(2, 1, 1000)
    rows: Rows = {
        RATE.name: [rates((400, 500), (400, 500)), rates((80, 100), (720, 900))],
        "seconds": [NOTHING] * 2,
    }
    weights = [(0.5, 0.5), (0.1, 0.9)]
    tally = tally_of(experiment, rows, weights, sketches={"seconds": [sketch(values)] * 2})
    assert (
        "seconds is a quantile, which cannot be compared across weights: of b, whose share beside "
        "a has changed, there is no lift."
    ) in told(experiment, tally)


def test_traffic_that_changes_moves_no_weights() -> None:
    experiment = experiment_of()
    row = [rates((400, 500), (400, 500))] * 2
    assert told(experiment, tally_of(experiment, {RATE.name: row})) == ()


def test_an_algorithm_misleads_figures_that_take_no_account_of_it() -> None:
    experiment = experiment_of(allocation=THOMPSON)
    assert told(experiment, rate_tally(experiment, (800, 1000), (810, 1000))) == (
        "The weights follow the outcomes: intervals allow for that, the probability of being the "
        "best, the expected loss and fixed-horizon figures do not.",
    )


def test_guardrails_are_open() -> None:
    values = np.random.default_rng(1).normal(5, 1, 1000)
    cells = cell(values), cell(values + 0.5)
    assert with_cost(*cells, role=Role.GUARDRAIL, is_minimized=True, margin=0.5) == (
        "Guardrails are open: cost for b; who wins must have passed all.",
    )


def test_harm_goes_on() -> None:
    experiment = experiment_of(stopping={"continues_after_harm": True})
    assert told(experiment, rate_tally(experiment, (1720, 2000), (1600, 2000))) == (
        "b is worse than a in solved: -6.0 points over a (95 % sure: -9.6 to -2.4), 4,000 units. "
        "The experiment goes on all the same.",
    )
