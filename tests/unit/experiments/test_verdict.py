"""How an experiment ends by itself, and what must be so before it does."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

from server.experiments.experiment import (
    Conclusion,
    Ending,
    Experiment,
    Metric,
    MetricKind,
    Role,
    State,
)
from server.experiments.findings.analysis import analyse
from server.experiments.findings.verdict import decide
from server.experiments.results import Tally
from server.statistics.moments import Moments
from tests.unit.experiments.designs import NOW, RATE, THOMPSON
from tests.unit.experiments.tallies import (
    LATE,
    Row,
    cell,
    experiment_of,
    rate_tally,
    rates,
    sketch,
    tally_of,
)

EVEN_THIRDS = (1 / 3, 1 / 3, 1 / 3)
LATENCY = Metric("latency", MetricKind.MEAN, Role.GUARDRAIL, is_minimized=True, margin=0.5)


def concluded(experiment: Experiment, tally: Tally, now: datetime = LATE) -> Conclusion | None:
    return decide(experiment, analyse(experiment, tally, now), tally, now)


def ending(experiment: Experiment, tally: Tally, now: datetime = LATE) -> Ending | None:
    found = concluded(experiment, tally, now)
    return None if found is None else found.ending


def test_a_variant_that_is_shown_to_be_better_wins() -> None:
    experiment = experiment_of()
    found = concluded(experiment, rate_tally(experiment, (1600, 2000), (1720, 2000)))
    assert found is not None
    assert (found.ending, found.variant, found.units) == (Ending.WINNER, "b", 4000)
    assert found.time == LATE
    assert 0 < found.lift_lower < found.lift < found.lift_upper
    assert found.lift == pytest.approx(0.06)


def test_a_winner_is_told_of_with_figures() -> None:
    experiment = experiment_of(EVEN_THIRDS)
    tally = rate_tally(experiment, (1600, 2000), (1760, 2000), (1640, 2000))
    found = concluded(experiment, tally)
    assert found is not None
    assert found.explanation == (
        "b beats a and c: +8.0 points over a (95 % sure: +4.2 to +11.8), 6,000 units."
    )


def test_less_wins_where_less_is_better() -> None:
    experiment = experiment_of(metrics=(replace(RATE, is_minimized=True),))
    found = concluded(experiment, rate_tally(experiment, (1720, 2000), (1600, 2000)))
    assert found is not None
    assert (found.ending, found.variant) == (Ending.WINNER, "b")
    assert found.lift < 0


def test_who_beats_the_control_alone_does_not_win() -> None:
    experiment = experiment_of(EVEN_THIRDS)
    tally = rate_tally(experiment, (1500, 2000), (1720, 2000), (1715, 2000))
    assert concluded(experiment, tally) is None


def test_a_variant_without_weight_is_no_rival() -> None:
    experiment = experiment_of((0.5, 0.5, 0.0))
    tally = rate_tally(experiment, (1500, 2000), (1720, 2000), (0, 0))
    assert ending(experiment, tally) is Ending.WINNER


def test_equal_variants_go_on() -> None:
    experiment = experiment_of()
    assert concluded(experiment, rate_tally(experiment, (1600, 2000), (1610, 2000))) is None


@pytest.mark.parametrize(("min_units", "expected"), [(2000, Ending.WINNER), (2001, None)])
def test_every_variant_has_its_least_units_before_one_wins(
    min_units: int, expected: Ending | None
) -> None:
    experiment = experiment_of(stopping={"min_units": min_units})
    assert ending(experiment, rate_tally(experiment, (1600, 2000), (1720, 2000))) is expected


@pytest.mark.parametrize(("days", "expected"), [(13, None), (14, Ending.WINNER)])
def test_no_variant_wins_before_its_least_duration(days: int, expected: Ending | None) -> None:
    experiment = experiment_of(stopping={"min_duration_s": 14 * 86_400.0})
    tally = rate_tally(experiment, (1600, 2000), (1720, 2000))
    assert ending(experiment, tally, NOW + timedelta(days=days)) is expected


def test_no_variant_wins_where_units_do_not_arrive_as_they_should() -> None:
    experiment = experiment_of()
    rows = {RATE.name: [rates((1600, 2000), (1720, 2000))]}
    assert concluded(experiment, tally_of(experiment, rows, exposures=[(2000, 2500)])) is None


def mismatched(experiment: Experiment, *counts: tuple[int, int]) -> Tally:
    return tally_of(experiment, {RATE.name: [rates(*counts)]}, exposures=[(2400, 1600)])


def test_nothing_does_harm_where_units_do_not_arrive_as_they_should() -> None:
    experiment = experiment_of()
    tally = mismatched(experiment, (2000, 2400), (1100, 1600))
    assert concluded(experiment, tally) is None
    assert any("b is worse than a" in one for one in analyse(experiment, tally, LATE).warnings)


def test_a_broken_guardrail_is_a_warning_where_units_do_not_arrive_as_they_should() -> None:
    experiment = experiment_of(metrics=(RATE, LATENCY))
    broken = latency_tally(experiment, (1600, 1600), 1.0)
    tally = replace(broken, exposures=((3000, 2000),))
    assert concluded(experiment, tally) is None
    assert any(
        one.startswith("b breaks the guardrail latency")
        and one.endswith("The experiment goes on all the same.")
        for one in analyse(experiment, tally, LATE).warnings
    )


def test_it_ends_at_its_maximum_though_units_do_not_arrive_as_they_should() -> None:
    experiment = experiment_of(stopping={"max_units": 4000})
    found = concluded(experiment, mismatched(experiment, (1800, 2400), (1500, 1600)))
    assert found is not None
    assert (found.ending, found.explanation) == (
        Ending.INCONCLUSIVE,
        "No variant has won within 4,000 units: units did not arrive as their weights say.",
    )


def latency_tally(experiment: Experiment, successes: tuple[int, int], slower_by: float) -> Tally:
    values = np.random.default_rng(1).normal(5, 1, 2000)
    row: Row = (cell(values), cell(values + slower_by))
    counts = [(number, 2000) for number in successes]
    return tally_of(experiment, {RATE.name: [rates(*counts)], "latency": [row]})


@pytest.mark.parametrize(
    ("slower_by", "expected"),
    [(0.0, Ending.WINNER), (0.5, None), (1.0, Ending.HARM)],
    ids=["passed", "open", "broken"],
)
def test_a_winner_has_passed_its_guardrails(slower_by: float, expected: Ending | None) -> None:
    experiment = experiment_of(metrics=(RATE, LATENCY))
    assert ending(experiment, latency_tally(experiment, (1600, 1720), slower_by)) is expected


def test_a_broken_guardrail_is_told_of_with_figures() -> None:
    experiment = experiment_of(metrics=(RATE, LATENCY))
    found = concluded(experiment, latency_tally(experiment, (1600, 1610), 1.0))
    assert found is not None
    assert (found.ending, found.variant) == (Ending.HARM, "b")
    assert found.explanation == (
        "b breaks the guardrail latency: +1.000 over a (95 % sure: +0.903 to +1.097), 4,000 units; "
        "no more than 0.5 of harm is allowed."
    )
    assert found.lift == pytest.approx(0.005)


def test_a_broken_guardrail_does_not_wait_for_the_primary_metric() -> None:
    experiment = experiment_of(metrics=(RATE, LATENCY))
    assert ending(experiment, latency_tally(experiment, (0, 0), 1.0)) is Ending.HARM
    tally = latency_tally(experiment, (0, 0), 1.0)
    nothing: Row = (Moments(), Moments())
    early = tally_of(
        experiment,
        {RATE.name: [nothing], "latency": tally.metrics["latency"].cells},
        exposures=[(2000, 2000)],
    )
    assert ending(experiment, early) is Ending.HARM


def test_a_worse_variant_does_harm() -> None:
    experiment = experiment_of()
    found = concluded(experiment, rate_tally(experiment, (1720, 2000), (1600, 2000)))
    assert found is not None
    assert (found.ending, found.variant) == (Ending.HARM, "b")
    assert found.explanation == (
        "b is worse than a in solved: -6.0 points over a (95 % sure: -9.6 to -2.4), 4,000 units."
    )


def test_one_worse_variant_of_several_does_harm_under_fixed_weights() -> None:
    experiment = experiment_of(EVEN_THIRDS)
    tally = rate_tally(experiment, (1720, 2000), (1725, 2000), (1500, 2000))
    found = concluded(experiment, tally)
    assert found is not None
    assert (found.ending, found.variant) == (Ending.HARM, "c")


def test_an_algorithm_is_left_to_take_units_from_a_worse_variant() -> None:
    experiment = experiment_of(EVEN_THIRDS, allocation=THOMPSON)
    tally = rate_tally(experiment, (1720, 2000), (1725, 2000), (1500, 2000))
    assert concluded(experiment, tally) is None


def test_under_an_algorithm_the_control_may_win() -> None:
    experiment = experiment_of(EVEN_THIRDS, allocation=THOMPSON)
    tally = rate_tally(experiment, (1800, 2000), (1500, 2000), (1600, 2000))
    found = concluded(experiment, tally)
    assert found is not None
    assert (found.ending, found.variant, found.lift) == (Ending.WINNER, "a", 0)
    assert found.explanation.startswith("a beats b and c: +10.0 points over c (95 % sure: +")


def test_harm_waits_for_the_least_units() -> None:
    experiment = experiment_of(stopping={"min_units": 2001})
    assert concluded(experiment, rate_tally(experiment, (1720, 2000), (1600, 2000))) is None


def test_harm_is_a_warning_where_the_experiment_goes_on_after_it() -> None:
    experiment = experiment_of(stopping={"continues_after_harm": True})
    assert concluded(experiment, rate_tally(experiment, (1720, 2000), (1600, 2000))) is None


def test_a_winner_is_told_of_also_where_the_experiment_goes_on() -> None:
    experiment = experiment_of(stopping={"continues_after_winner": True})
    tally = rate_tally(experiment, (1600, 2000), (1720, 2000))
    assert ending(experiment, tally) is Ending.WINNER


@pytest.mark.parametrize(
    ("is_minimized", "counts"),
    [(False, [(8, 40), (36, 40)]), (True, [(36, 40), (8, 40)])],
)
def test_exact_evidence_decides_where_units_are_few(
    is_minimized: bool, counts: list[tuple[int, int]]
) -> None:
    metric = replace(RATE, is_minimized=is_minimized)
    experiment = experiment_of(metrics=(metric,), stopping={"min_units": 30})
    found = concluded(experiment, rate_tally(experiment, *counts))
    assert found is not None
    assert (found.ending, found.variant) == (Ending.WINNER, "b")


def test_what_exact_evidence_alone_shows_is_told_as_such() -> None:
    experiment = experiment_of(stopping={"min_units": 20})
    found = concluded(experiment, rate_tally(experiment, (4, 24), (20, 24)))
    assert found is not None
    assert found.lift_lower < 0
    assert found.explanation == (
        "b beats a: +66.7 points over a (95 % sure by exact evidence), 48 units."
    )


def test_few_units_of_a_large_sample_bound_do_not_decide() -> None:
    experiment = experiment_of(stopping={"min_units": 30})
    assert concluded(experiment, rate_tally(experiment, (96, 249), (127, 249))) is None


@pytest.mark.parametrize(
    ("kind", "metric_fields"),
    [(MetricKind.MEAN, {}), (MetricKind.QUANTILE, {"quantile": 0.5}), (MetricKind.RATIO, {})],
)
def test_every_kind_of_metric_can_decide(kind: MetricKind, metric_fields: Any) -> None:
    metric = Metric("value", kind, Role.PRIMARY, **metric_fields)
    experiment, rng = experiment_of(metrics=(metric,)), np.random.default_rng(2)
    values = [rng.normal(mean, 1, 3000) for mean in (5, 6)]
    row: Row = tuple(cell(each, np.ones(3000)) for each in values)
    sketches = {"value": [sketch(each) for each in values]}
    found = concluded(experiment, tally_of(experiment, {"value": [row]}, sketches=sketches))
    assert found is not None
    assert (found.ending, found.variant) == (Ending.WINNER, "b")


@pytest.mark.parametrize(("max_units", "expected"), [(4001, None), (4000, Ending.INCONCLUSIVE)])
def test_it_ends_at_its_most_units(max_units: int, expected: Ending | None) -> None:
    experiment = experiment_of(stopping={"max_units": max_units})
    assert ending(experiment, rate_tally(experiment, (1600, 2000), (1610, 2000))) is expected


def test_it_ends_at_its_longest_duration() -> None:
    experiment = experiment_of(stopping={"max_duration_s": 20 * 86_400.0})
    found = concluded(experiment, rate_tally(experiment, (1600, 2000), (1610, 2000)))
    assert found is not None
    assert (found.ending, found.variant, found.lift) == (Ending.INCONCLUSIVE, "", 0)
    assert found.explanation == (
        "No variant has won within 20 days: b has +0.5 points over a (95 % sure: -3.4 to +4.4)."
    )


def test_it_ends_without_any_outcome_at_its_longest_duration() -> None:
    experiment = experiment_of(stopping={"max_duration_s": 3600.0})
    found = concluded(experiment, Tally((), (), {}))
    assert found is not None
    assert found.explanation == "No variant has won within 1 hour."


def test_a_winner_comes_before_the_maximum() -> None:
    experiment = experiment_of(stopping={"max_units": 4000})
    tally = rate_tally(experiment, (1600, 2000), (1720, 2000))
    assert ending(experiment, tally) is Ending.WINNER


def test_a_latched_conclusion_stands_until_the_maximum() -> None:
    won = Conclusion(Ending.WINNER, "b", "b beats a.", NOW)
    fields = {"continues_after_winner": True, "max_units": 4000}
    experiment = experiment_of(stopping=fields).changed(conclusion=won)
    assert concluded(experiment, rate_tally(experiment, (900, 1000), (700, 1000))) is None
    tally = rate_tally(experiment, (1800, 2000), (1400, 2000))
    assert ending(experiment, tally) is Ending.INCONCLUSIVE


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (State.PAUSED, Ending.WINNER),
        (State.DRAFT, None),
        (State.STOPPED, None),
        (State.ARCHIVED, None),
    ],
)
def test_only_what_lives_is_concluded(state: State, expected: Ending | None) -> None:
    experiment = experiment_of().changed(state=state)
    assert ending(experiment, rate_tally(experiment, (1600, 2000), (1720, 2000))) is expected
