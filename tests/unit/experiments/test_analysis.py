"""What an experiment has shown, compared with the same figures worked out from the units."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from math import exp, isfinite, sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.experiments.experiment import (
    Conclusion,
    Ending,
    Experiment,
    Metric,
    MetricKind,
    Role,
)
from server.experiments.findings.analysis import analyse
from server.experiments.findings.evidence import EXACT_SHARE, doubt
from server.experiments.findings.reading import read
from server.experiments.findings.verdict import decide
from server.experiments.results import (
    GuardrailVerdict,
    Method,
    MetricSums,
    Results,
    Tally,
    VariantResult,
)
from server.statistics.confidence_sequence import two_sided_radius
from server.statistics.moments import Moments
from tests.unit.experiments.designs import RATE, THOMPSON, draft
from tests.unit.experiments.tallies import (
    LATE,
    Rows,
    Values,
    cell,
    experiment_of,
    rate_tally,
    rates,
    sketch,
    tally_of,
)

COST = Metric("cost", MetricKind.MEAN, Role.PRIMARY, is_minimized=True)
PER_TICKET = Metric("cost-per-ticket", MetricKind.RATIO, Role.PRIMARY)
P90 = Metric("seconds", MetricKind.QUANTILE, Role.PRIMARY, is_minimized=True, quantile=0.9)
TUNED_FOR = 2000


def challenger(results: Results, metric: int = 0, at: int = 1) -> VariantResult:
    return results.metrics[metric].variants[at]


def radius(units: int, deviation: float, alpha: float) -> float:
    return two_sided_radius(units, deviation, alpha, TUNED_FOR)


def standard_error(values: Values) -> float:
    """Of their mean."""
    return float(values.std(ddof=1)) / sqrt(len(values))


def plain_difference(one: Values, other: Values) -> tuple[float, float]:
    """Difference of two means, and its standard deviation per unit of both.

    The smaller arm varies more: else it would be taken to vary as the other does.
    """
    units = len(one) + len(other)
    variance = one.var(ddof=1) / len(one) + other.var(ddof=1) / len(other)
    return one.mean() - other.mean(), sqrt(units * variance)


def test_a_lift_is_the_difference_of_means_with_its_sequence() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(10, 2, 600), rng.normal(11, 3, 500)
    experiment = experiment_of(metrics=(COST,))
    found = challenger(
        analyse(experiment, tally_of(experiment, {"cost": [(cell(a), cell(b))]}), LATE)
    )
    lift, deviation = plain_difference(b, a)
    assert found.lift == pytest.approx(lift)
    assert found.lift_interval is not None
    half = radius(1100, deviation, 0.05)
    assert found.lift_interval.lower == pytest.approx(lift - half)
    assert found.lift_interval.upper == pytest.approx(lift + half)
    assert found.relative_lift == pytest.approx(lift / a.mean())


def test_a_mean_has_its_standard_error() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(10, 3, 600), rng.normal(11, 2, 500)
    experiment = experiment_of(metrics=(COST,))
    results = analyse(experiment, tally_of(experiment, {"cost": [(cell(a), cell(b))]}), LATE)
    assert challenger(results, at=0).standard_error == pytest.approx(standard_error(a))
    assert challenger(results).standard_error == pytest.approx(standard_error(b))


def test_several_variants_divide_alpha() -> None:
    rng = np.random.default_rng(2)
    values = [rng.normal(10, 3, 400) for _ in range(3)]
    experiment = experiment_of((0.4, 0.3, 0.3), metrics=(COST,))
    tally = tally_of(experiment, {"cost": [tuple(map(cell, values))]})
    found = challenger(analyse(experiment, tally, LATE), at=2)
    lift, deviation = plain_difference(values[2], values[0])
    assert found.lift_interval is not None
    assert found.lift_interval.lower == pytest.approx(lift - radius(800, deviation, 0.025))


def test_a_drifting_mean_does_not_pass_for_a_lift_when_weights_change() -> None:
    experiment = experiment_of()
    rows = [rates((90, 100), (810, 900)), rates((450, 900), (50, 100))]
    tally = tally_of(experiment, {RATE.name: rows}, weights=[(0.1, 0.9), (0.9, 0.1)])
    found = challenger(analyse(experiment, tally, LATE))
    assert found.lift == pytest.approx(0)
    assert found.value == pytest.approx(860 / 1000)


@pytest.mark.parametrize("fields", [{}, {"allocation": THOMPSON}], ids=["fixed", "adaptive"])
def test_a_ratio_that_drifts_does_not_pass_for_a_lift_when_weights_change(
    fields: dict[str, Any],
) -> None:
    experiment = experiment_of(metrics=(PER_TICKET,), **fields)
    weights = [(0.5, 0.5), (0.1, 0.9), (0.9, 0.1)]
    tickets = np.array([1.0, 3.0])
    rows = [
        tuple(
            cell(np.tile([cost, 4 * cost], units), np.tile(tickets + cost, units)) for units in row
        )
        for cost, row in zip((1.0, 5.0, 2.0), [(500, 500), (100, 900), (900, 100)], strict=True)
    ]
    tally = tally_of(experiment, {PER_TICKET.name: rows}, weights=weights)
    found = challenger(analyse(experiment, tally, LATE))
    assert found.lift == pytest.approx(0, abs=1e-9)


def test_adaptive_weights_are_undone_unit_by_unit() -> None:
    rng = np.random.default_rng(3)
    weights = [(0.5, 0.5), (0.2, 0.8), (0.7, 0.3)]
    units = [
        [
            (rng.random(round(300 * weight)) < 0.4 + 0.1 * at).astype(float)
            for at, weight in enumerate(row)
        ]
        for row in weights
    ]
    experiment = experiment_of(allocation=THOMPSON)
    tally = tally_of(
        experiment, {RATE.name: [tuple(map(cell, row)) for row in units]}, weights=weights
    )
    scores: list[Values] = []
    for version, row in enumerate(units):
        guesses = [_guess(units, weights, version, at) for at in range(2)]
        for at, values in enumerate(row):
            base = np.tile(guesses, (len(values), 1))
            base[:, at] += (values - guesses[at]) / weights[version][at]
            scores.append(base)
    each = np.vstack(scores)
    result = analyse(experiment, tally, LATE)
    difference = each[:, 1] - each[:, 0]
    found = challenger(result)
    assert result.metrics[0].method is Method.SEQUENCE_AIPW
    assert found.value == pytest.approx(each[:, 1].mean())
    assert found.standard_error == pytest.approx(standard_error(each[:, 1]))
    assert found.lift == pytest.approx(difference.mean())
    assert found.lift_interval is not None
    half = radius(len(each), difference.std(ddof=1), 0.05)
    assert found.lift_interval.upper == pytest.approx(difference.mean() + half)


def _guess(
    units: Sequence[Sequence[Values]], weights: Sequence[Sequence[float]], version: int, at: int
) -> float:
    """The variant's mean before, or now in the first configuration."""
    if version == 0:
        return float(units[0][at].mean())
    shares = [weights[before][at] for before in range(version)]
    sums = [units[before][at].sum() for before in range(version)]
    sizes = [len(units[before][at]) for before in range(version)]
    weighted = zip(shares, sums, sizes, strict=True)
    parts = np.array([(total / share, size / share) for share, total, size in weighted])
    return float(parts[:, 0].sum() / parts[:, 1].sum())


def test_what_units_were_before_takes_variance_out_of_a_mean() -> None:
    rng = np.random.default_rng(4)
    before = [rng.normal(20, 5, 500), rng.normal(20, 5, 500)]
    a, b = (x + shift + rng.normal(0, 1, 500) for x, shift in zip(before, (0, 1), strict=True))
    metric = replace(COST, uses_pre_period=True)
    experiment = experiment_of(metrics=(metric,))
    row = (cell(a, before[0]), cell(b, before[1]))
    found = challenger(analyse(experiment, tally_of(experiment, {"cost": [row]}), LATE))
    off = [x - x.mean() for x in before]
    theta = (off[0] @ a + off[1] @ b) / (off[0] @ off[0] + off[1] @ off[1])
    lift, deviation = plain_difference(b - theta * before[1], a - theta * before[0])
    assert found.lift == pytest.approx(lift)
    assert found.lift_interval is not None
    assert found.lift_interval.lower == pytest.approx(lift - radius(1000, deviation, 0.05))
    assert found.standard_error == pytest.approx(standard_error(b - theta * before[1]))


def test_a_ratio_has_the_interval_of_the_delta_method() -> None:
    rng = np.random.default_rng(5)
    tickets: list[Values] = [rng.poisson(3, units) + np.ones(units) for units in (600, 400)]
    costs = [
        x * price + rng.normal(0, 1, len(x)) for x, price in zip(tickets, (2.0, 2.2), strict=True)
    ]
    experiment = experiment_of(metrics=(PER_TICKET,))
    row = tuple(cell(y, x) for y, x in zip(costs, tickets, strict=True))
    found = challenger(analyse(experiment, tally_of(experiment, {PER_TICKET.name: [row]}), LATE))
    ratios = [y.sum() / x.sum() for y, x in zip(costs, tickets, strict=True)]
    linear = [
        (y - ratio * x) / x.mean() for y, x, ratio in zip(costs, tickets, ratios, strict=True)
    ]
    _, deviation = plain_difference(linear[1], linear[0])
    assert found.value == pytest.approx(ratios[1])
    assert found.standard_error == pytest.approx(standard_error(linear[1]))
    assert found.lift == pytest.approx(ratios[1] - ratios[0])
    assert found.lift_interval is not None
    half = radius(1000, deviation, 0.05)
    assert found.lift_interval.lower == pytest.approx(ratios[1] - ratios[0] - half)


def test_a_quantile_is_that_of_the_units_to_a_hundredth() -> None:
    rng = np.random.default_rng(6)
    values = [rng.gamma(2, 3, 4000), rng.gamma(2, 4, 4000)]
    experiment = experiment_of(metrics=(P90,))
    tally = quantile_tally(experiment, *values)
    result = analyse(experiment, tally, LATE)
    found = challenger(result)
    assert result.metrics[0].method is Method.SEQUENCE_QUANTILE
    assert found.units == 4000
    assert found.value == pytest.approx(np.quantile(values[1], 0.9), rel=0.011)
    assert found.standard_error is None
    assert found.lift_interval is not None
    assert 0 < found.lift_interval.lower < 3.89 < found.lift_interval.upper  # of the distributions
    assert found.p_value is not None
    assert found.p_value < 0.05


def quantile_tally(experiment: Experiment, *values: Values) -> Tally:
    row = tuple(cell(each) for each in values)
    sketches = {P90.name: [sketch(each) for each in values]}
    return tally_of(experiment, {P90.name: [row]}, sketches=sketches)


@pytest.mark.parametrize(
    ("weights", "is_compared"),
    [((0.5, 0.5, 0.0), True), ((0.2, 0.2, 0.6), True), ((0.1, 0.9, 0.0), False)],
    ids=["another is taken out", "another grows", "its own share grows"],
)
def test_a_quantile_is_compared_between_variants_whose_shares_never_changed(
    weights: tuple[float, ...], is_compared: bool
) -> None:
    guarded = replace(P90, role=Role.GUARDRAIL, margin=1.0)
    experiment = experiment_of((1 / 3,) * 3, metrics=(RATE, guarded))
    values, nothing = np.random.default_rng(6).gamma(2, 3, 1000), (Moments(),) * 3
    rows: Rows = {RATE.name: [nothing] * 2, P90.name: [nothing] * 2}
    tally = tally_of(
        experiment,
        rows,
        weights=[experiment.design.weights, weights],
        sketches={P90.name: [sketch(values), sketch(values * 2), sketch(values)]},
    )
    found = challenger(analyse(experiment, tally, LATE), metric=1)
    assert (found.lift_interval is not None, found.p_value is not None) == (is_compared,) * 2
    verdict = GuardrailVerdict.BROKEN if is_compared else GuardrailVerdict.OPEN
    assert found.guardrail is verdict
    assert found.value is not None


def test_the_p_value_of_a_quantile_is_where_its_interval_meets_zero() -> None:
    rng = np.random.default_rng(6)
    experiment = experiment_of(metrics=(P90,))
    reading = read(
        experiment.design,
        quantile_tally(experiment, rng.gamma(2, 3, 4000), rng.gamma(2, 4, 4000)),
        P90,
    )
    difference = reading.difference(1, 0)
    assert difference is not None
    just_above, just_below = difference.p_value * 1.01, difference.p_value * 0.99
    narrow, wide = difference.interval(just_above), difference.interval(just_below)
    assert narrow is not None
    assert narrow.lower > 0
    assert wide is None or wide.lower <= 0


def test_counts_weights_and_conversions_are_those_on_record() -> None:
    experiment = experiment_of()
    results = analyse(experiment, rate_tally(experiment, (120, 300), (150, 310)), LATE)
    assert results.exposures == (300, 310)
    assert results.weights == (0.5, 0.5)
    assert results.time == LATE
    assert [(found.units, found.conversions) for found in results.metrics[0].variants] == [
        (300, 120),
        (310, 150),
    ]


def test_a_lift_keeps_its_sign_where_less_is_better() -> None:
    experiment = experiment_of(metrics=(replace(RATE, is_minimized=True),))
    results = analyse(experiment, rate_tally(experiment, (900, 2000), (700, 2000)), LATE)
    assert challenger(results).lift == pytest.approx(-0.1)
    assert results.is_significant


def test_the_lead_of_the_control_is_no_confidence_in_a_challenger() -> None:
    experiment = experiment_of()
    results = analyse(experiment, rate_tally(experiment, (900, 1000), (700, 1000)), LATE)
    assert results.confidence == 0
    assert not results.is_significant


def test_confidence_allows_for_the_number_of_variants() -> None:
    two, three = experiment_of(), experiment_of((1 / 3,) * 3)
    of_two = analyse(two, rate_tally(two, (800, 1000), (860, 1000)), LATE)
    of_three = analyse(three, rate_tally(three, (800, 1000), (860, 1000), (800, 1000)), LATE)
    assert 1 - of_three.confidence == pytest.approx(2 * (1 - of_two.confidence))


def test_confidence_never_reaches_certainty() -> None:
    experiment = experiment_of()
    results = analyse(experiment, rate_tally(experiment, (0, 10**7), (10**7, 10**7)), LATE)
    assert 0.999 < results.confidence < 1


def test_few_units_are_judged_by_exact_evidence() -> None:
    experiment = experiment_of(stopping={"min_units": 20})
    results = analyse(experiment, rate_tally(experiment, (8, 40), (32, 40)), LATE)
    found = challenger(results)
    assert found.log_e_value is not None
    assert 1 - results.confidence == pytest.approx(exp(-found.log_e_value) / EXACT_SHARE, rel=0.01)


def test_few_units_do_not_get_the_benefit_of_large_samples() -> None:
    experiment = experiment_of(stopping={"min_units": 20})
    few, enough = ((96, 249), (127, 249)), ((96, 250), (127, 250))
    of_few = analyse(experiment, rate_tally(experiment, *few), LATE)
    of_enough = analyse(experiment, rate_tally(experiment, *enough), LATE)
    assert of_few.confidence < of_enough.confidence


def test_equal_rates_are_rarely_told_apart_at_fifty_looks() -> None:
    experiment, rng, runs = experiment_of(), np.random.default_rng(7), 100
    looks = rng.binomial(80, 0.8, (runs, 50, 2)).cumsum(axis=1)
    mistaken = sum(
        any(_tells_apart(experiment, run[at], 80 * (at + 1)) for at in range(50)) for run in looks
    )
    assert mistaken <= 0.05 * runs + 3 * sqrt(runs * 0.05 * 0.95)


def _tells_apart(experiment: Experiment, successes: Any, units: int) -> bool:
    counts = [(int(each), units) for each in successes]
    reading = read(experiment.design, rate_tally(experiment, *counts), RATE)
    return min(doubt(reading, 0, 1), doubt(reading, 1, 0)) <= 0.05


def test_a_rates_interval_stays_within_what_rates_can_be() -> None:
    experiment = experiment_of()
    results = analyse(experiment, rate_tally(experiment, (0, 40), (40, 40)), LATE)
    for found in results.metrics[0].variants:
        assert found.interval is not None
        assert 0 <= found.interval.lower < found.interval.upper <= 1
    lift_interval = challenger(results).lift_interval
    assert lift_interval is not None
    assert lift_interval.upper == 1


LATENCY = Metric("latency", MetricKind.MEAN, Role.GUARDRAIL, is_minimized=True, margin=0.5)


@pytest.mark.parametrize(
    ("metric", "shift", "verdict"),
    [
        (LATENCY, 0.0, GuardrailVerdict.PASSED),
        (LATENCY, 0.5, GuardrailVerdict.OPEN),
        (LATENCY, 1.0, GuardrailVerdict.BROKEN),
        (LATENCY, -1.0, GuardrailVerdict.PASSED),
        (replace(LATENCY, is_minimized=False), -1.0, GuardrailVerdict.BROKEN),
        (replace(LATENCY, is_minimized=False), 1.0, GuardrailVerdict.PASSED),
    ],
)
def test_a_guardrail_is_judged_by_its_margin(
    metric: Metric, shift: float, verdict: GuardrailVerdict
) -> None:
    values = np.random.default_rng(8).normal(5, 1, 2000)
    experiment = experiment_of(metrics=(RATE, metric))
    rows: Rows = {
        RATE.name: [rates((1, 2000), (1, 2000))],
        "latency": [(cell(values), cell(values + shift))],
    }
    results = analyse(experiment, tally_of(experiment, rows), LATE)
    assert challenger(results, 1).guardrail is verdict
    assert challenger(results, 1, at=0).guardrail is None


def test_a_guardrail_stays_open_with_too_few_units() -> None:
    values = np.random.default_rng(8).normal(5, 0.01, 200)
    experiment = experiment_of(metrics=(RATE, LATENCY))
    rows: Rows = {
        RATE.name: [rates((1, 200), (1, 200))],
        "latency": [(cell(values), cell(values + 9))],
    }
    found = challenger(analyse(experiment, tally_of(experiment, rows), LATE), 1)
    assert found.guardrail is GuardrailVerdict.OPEN


def test_false_discoveries_are_controlled_among_secondary_metrics_alone() -> None:
    others = [Metric(f"m{at}", MetricKind.BINARY) for at in range(3)]
    experiment = experiment_of(metrics=(RATE, *others))
    successes = {"solved": 700, "m0": 700, "m1": 570, "m2": 500}
    rows = {name: [rates((500, 1000), (value, 1000))] for name, value in successes.items()}
    results = analyse(experiment, tally_of(experiment, rows), LATE)
    found = [challenger(results, at) for at in range(4)]
    p_values = sorted(each.p_value or 0.0 for each in found[1:])
    assert found[0].adjusted_p_value is None
    assert found[1].adjusted_p_value == pytest.approx(3 * p_values[0])
    assert found[2].adjusted_p_value == pytest.approx(min(1.5 * p_values[1], p_values[2]))
    assert found[3].adjusted_p_value == pytest.approx(p_values[2])


def test_units_that_arrive_in_other_shares_are_a_mismatch() -> None:
    experiment = experiment_of()
    results = analyse(experiment, rate_tally(experiment, (60, 120), (190, 380)), LATE)
    assert results.is_mismatched
    assert results.mismatch_p_value < 0.001


def test_nothing_is_significant_while_units_do_not_arrive_as_they_should() -> None:
    experiment = experiment_of()
    results = analyse(experiment, rate_tally(experiment, (900, 1500), (900, 1000)), LATE)
    assert results.is_mismatched
    assert (results.is_significant, results.confidence) == (False, 0.0)


def test_units_that_arrive_as_their_configurations_say_are_no_mismatch() -> None:
    experiment = experiment_of()
    rows = [rates((50, 100), (450, 900)), rates((450, 900), (50, 100))]
    tally = tally_of(experiment, {RATE.name: rows}, weights=[(0.1, 0.9), (0.9, 0.1)])
    assert not analyse(experiment, tally, LATE).is_mismatched


def test_a_unit_in_a_variant_without_weight_is_a_mismatch_without_doubt() -> None:
    experiment = experiment_of((0.5, 0.5, 0.0))
    results = analyse(experiment, rate_tally(experiment, (9, 10), (9, 10), (1, 1)), LATE)
    assert results.mismatch_p_value == 0


def test_the_chances_to_be_best_are_those_of_the_better_direction() -> None:
    more, less = experiment_of(), experiment_of(metrics=(replace(RATE, is_minimized=True),))
    tally = rate_tally(more, (500, 1000), (530, 1000))
    chances = [
        challenger(analyse(each, tally, LATE)).probability_best or 0 for each in (more, less)
    ]
    assert chances[0] > 0.9
    assert sum(chances) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("out", [(0, 0), (90, 100)], ids=["without units", "with units"])
def test_a_variant_that_is_taken_out_spoils_no_figure_of_the_others(out: tuple[int, int]) -> None:
    of_two, of_three = experiment_of(), experiment_of((0.5, 0.0, 0.5))
    shares = [(0.4, 0.2, 0.4) if sum(out) else (0.5, 0.0, 0.5)]
    alone = analyse(of_two, rate_tally(of_two, (500, 1000), (530, 1000)), LATE).metrics[0]
    tally = rate_tally(of_three, (500, 1000), out, (530, 1000), weights=shares)
    found = analyse(of_three, tally, LATE).metrics[0]
    assert found.fixed_horizon == alone.fixed_horizon
    chances = [variant.probability_best for variant in found.variants]
    losses = [variant.expected_loss for variant in found.variants]
    control, other = alone.variants
    assert chances == [control.probability_best, None, other.probability_best]
    assert losses == [control.expected_loss, None, other.expected_loss]


def test_means_are_believed_in_beside_a_variant_that_nobody_gets() -> None:
    rng = np.random.default_rng(2)
    experiment = experiment_of((0.5, 0.5, 0.0), metrics=(COST,))
    row = (cell(rng.normal(5, 1, 100)), cell(rng.normal(5, 1, 100)), Moments())
    found = analyse(experiment, tally_of(experiment, {"cost": [row]}), LATE).metrics[0].variants
    assert found[0].probability_best is not None
    assert found[2].probability_best is None


def test_classical_figures_are_told_beside_the_others() -> None:
    experiment = experiment_of()
    figures = analyse(experiment, rate_tally(experiment, (15, 50), (25, 50)), LATE).metrics[0]
    assert figures.fixed_horizon.chi_square == pytest.approx(4.1666667)
    assert figures.fixed_horizon.z_p_value == pytest.approx(0.0412268, abs=1e-6)
    assert figures.fixed_horizon.chi_square_p_value == pytest.approx(0.0412268, abs=1e-6)


def test_the_winner_is_the_one_that_was_latched() -> None:
    experiment = experiment_of()
    won = experiment.changed(conclusion=Conclusion(Ending.WINNER, "b", "b beats a.", LATE))
    tally = rate_tally(experiment, (500, 1000), (500, 1000))
    assert analyse(experiment, tally, LATE).winner == ""
    assert analyse(won, tally, LATE).winner == "b"


def test_nothing_is_told_of_a_draft() -> None:
    results = analyse(draft(), Tally((), (), {}), LATE)
    assert results.exposures == (0, 0)
    assert results.mismatch_p_value == 1
    assert challenger(results) == VariantResult("b", units=0, conversions=0)


def test_one_unit_has_a_value_and_nothing_of_how_sure_it_is() -> None:
    experiment = experiment_of(metrics=(COST,))
    row = (cell(np.array([3.0])), cell(np.array([4.0])))
    found = challenger(analyse(experiment, tally_of(experiment, {"cost": [row]}), LATE))
    assert (found.value, found.standard_error, found.interval) == (4.0, None, None)
    assert found.lift is None


def test_values_that_do_not_vary_show_nothing() -> None:
    experiment = experiment_of(metrics=(COST,))
    row = (cell(np.full(500, 2.0)), cell(np.full(500, 2.0)))
    results = analyse(experiment, tally_of(experiment, {"cost": [row]}), LATE)
    found = challenger(results)
    assert (found.value, found.interval, found.lift, found.p_value) == (2.0, None, None, None)
    assert results.confidence == 0


def test_a_rate_of_no_success_at_all_is_not_certain() -> None:
    experiment = experiment_of()
    found = challenger(analyse(experiment, rate_tally(experiment, (0, 500), (0, 500)), LATE))
    assert found.interval is not None
    assert found.interval.lower == 0 < found.interval.upper
    assert found.lift == 0
    assert found.relative_lift is None
    assert found.p_value == 1


def test_a_ratio_of_nothing_to_divide_by_is_not_told() -> None:
    experiment = experiment_of(metrics=(PER_TICKET,))
    nothing = cell(np.ones(300), np.zeros(300))
    tally = tally_of(experiment, {PER_TICKET.name: [(nothing, cell(np.ones(300), np.ones(300)))]})
    results = analyse(experiment, tally, LATE)
    assert challenger(results, at=0).value is None
    assert challenger(results).lift is None
    assert challenger(results, at=0).units == 300


KINDS = (
    RATE,
    replace(COST, uses_pre_period=True, role=Role.GUARDRAIL, margin=1.0),
    replace(PER_TICKET, role=Role.SECONDARY),
    replace(P90, role=Role.SECONDARY),
)
FEW_VALUES = st.lists(st.sampled_from([-1e12, -3.0, 0.0, 1e-9, 1.0, 1e12]), max_size=4)


@st.composite
def few_units(draw: st.DrawFn) -> tuple[Experiment, Tally]:
    """An experiment with next to nothing on record, by kinds of metrics."""
    is_adaptive = draw(st.booleans())
    metrics = KINDS[:3] if is_adaptive else KINDS
    fields: dict[str, Any] = {"allocation": THOMPSON} if is_adaptive else {}
    experiment = experiment_of(metrics=metrics, stopping={"min_units": 2}, **fields)
    versions = range(draw(st.integers(1, 3)))
    values = [[np.array(draw(FEW_VALUES), dtype=float) for _ in range(2)] for _ in versions]
    rows = {
        RATE.name: [tuple(cell((each > 0).astype(float)) for each in row) for row in values],
        "cost": [tuple(cell(each, each[::-1]) for each in row) for row in values],
        PER_TICKET.name: [tuple(cell(each, np.abs(each[::-1])) for each in row) for row in values],
        P90.name: [tuple(cell(each) for each in row) for row in values],
    }
    merged = [np.concatenate([row[at] for row in values]) for at in range(2)]
    sketches = {P90.name: [sketch(each) for each in merged]}
    return experiment, tally_of(experiment, rows, sketches=sketches)


@settings(max_examples=150, deadline=None)
@given(few_units())
def test_nothing_that_is_told_is_infinite_or_no_number(found: tuple[Experiment, Tally]) -> None:
    experiment, tally = found
    results = analyse(experiment, tally, LATE)
    conclusion = decide(experiment, results, tally, LATE)
    assert all(isfinite(number) for number in _numbers(asdict(results)))
    assert conclusion is None or all(isfinite(number) for number in _numbers(asdict(conclusion)))


def _numbers(value: object) -> list[float]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return [number for each in value for number in _numbers(each)]
    return [value] if isinstance(value, float) else []


def test_the_same_sums_give_the_same_results() -> None:
    experiment = experiment_of()
    tally = rate_tally(experiment, (500, 1000), (560, 1000))
    assert analyse(experiment, tally, LATE) == analyse(experiment, tally, LATE)


def test_a_metric_without_any_outcome_is_told_as_such() -> None:
    experiment = experiment_of(metrics=(RATE, LATENCY))
    tally = rate_tally(experiment, (500, 1000), (560, 1000))
    empty = replace(tally, metrics={**tally.metrics, "latency": MetricSums(())})
    for each in (tally, empty):
        assert challenger(analyse(experiment, each, LATE), 1) == VariantResult(
            "b", units=0, guardrail=GuardrailVerdict.OPEN
        )


def test_exposed_units_count_in_no_metric_before_their_outcome() -> None:
    experiment = experiment_of()
    row = (Moments(), Moments())
    tally = tally_of(experiment, {RATE.name: [row]}, exposures=[(10, 12)])
    results = analyse(experiment, tally, LATE)
    assert results.exposures == (10, 12)
    assert challenger(results).value is None
