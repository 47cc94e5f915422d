"""Worked examples from the literature and from other systems' documentation, for one look.

Each is compared to the precision in which its source prints it; the source stands in the test's
docstring or in the name of the case.
"""

from dataclasses import replace
from functools import partial

import pytest

from server.statistics.fixed_horizon import chi_square, two_proportion_z, welch_t
from server.statistics.intervals import clopper_pearson, newcombe, wilson
from server.statistics.moments import Moments, total
from server.statistics.multiplicity import benjamini_hochberg, bonferroni
from server.statistics.posteriors import expected_losses, rate_posteriors
from server.statistics.quantiles import bucket_of, quantile, rank_interval
from server.statistics.sample_size import (
    Comparison,
    between_means,
    between_rates,
    fixed_power,
    student_power,
    units_needed,
)

ALPHA = 0.05


def rate(successes: float, units: float) -> Moments:
    return Moments(units, successes, successes)


def values(*numbers: float) -> Moments:
    return total(Moments.of_unit(number) for number in numbers)


def units_of_an_arm(comparison: Comparison, power: float) -> float:
    units = units_needed(partial(fixed_power, comparison), power)
    assert units is not None
    return units / 2


@pytest.mark.parametrize(
    ("successes", "trials", "ends"),
    [
        (81, 263, (0.2553, 0.3662)),
        (15, 148, (0.0624, 0.1605)),
        (0, 20, (0.0000, 0.1611)),
        (1, 29, (0.0061, 0.1718)),
    ],
)
def test_the_score_interval_is_the_published_one(
    successes: int, trials: int, ends: tuple[float, float]
) -> None:
    """Newcombe (1998), "Two-sided confidence intervals for the single proportion", Statistics in
    Medicine 17:857-872, table I, method 3 (Wilson 1927).
    """
    assert wilson(successes, trials, ALPHA) == pytest.approx(ends, abs=5e-5)


@pytest.mark.parametrize(
    ("successes", "trials", "ends"),
    [
        (81, 263, (0.2527, 0.3676)),
        (15, 148, (0.0578, 0.1617)),
        (0, 20, (0.0000, 0.1684)),
        (1, 29, (0.0009, 0.1776)),
    ],
)
def test_the_exact_interval_is_the_published_one(
    successes: int, trials: int, ends: tuple[float, float]
) -> None:
    """Newcombe (1998), as above, table I, method 5 (Clopper and Pearson 1934)."""
    assert clopper_pearson(successes, trials, ALPHA) == pytest.approx(ends, abs=5e-5)


def test_the_exact_interval_of_mendels_peas_is_that_of_r() -> None:
    """R, documentation of binom.test: 682 of 925 plants (Conover 1971)."""
    assert clopper_pearson(682, 925, ALPHA) == pytest.approx((0.7076683, 0.7654066), abs=5e-8)


@pytest.mark.parametrize(
    ("counts", "ends"),
    [
        pytest.param((56, 70, 48, 80), (0.0524, 0.3339), id="a"),
        pytest.param((9, 10, 3, 10), (0.1705, 0.8090), id="b"),
        pytest.param((6, 7, 2, 7), (0.0582, 0.8062), id="c"),
        pytest.param((5, 56, 0, 29), (-0.0381, 0.1926), id="d"),
        pytest.param((0, 10, 0, 20), (-0.1611, 0.2775), id="e"),
        pytest.param((0, 10, 0, 10), (-0.2775, 0.2775), id="f"),
        pytest.param((10, 10, 0, 20), (0.6791, 1.0000), id="g"),
        pytest.param((10, 10, 0, 10), (0.6075, 1.0000), id="h"),
    ],
)
def test_the_interval_of_a_difference_is_the_published_one(
    counts: tuple[int, int, int, int], ends: tuple[float, float]
) -> None:
    """Newcombe (1998), "Interval estimation for the difference between independent proportions",
    Statistics in Medicine 17:873-890, table II, method 10.
    """
    assert newcombe(*counts, alpha=ALPHA) == pytest.approx(ends, abs=5e-5)


def test_four_groups_of_smokers_differ_as_in_r() -> None:
    """R, documentation of prop.test: smokers among lung cancer patients (Fleiss 1981, p. 139)."""
    found = chi_square([rate(83, 86), rate(90, 93), rate(129, 136), rate(70, 82)])
    assert found is not None
    assert found.statistic == pytest.approx(12.6, abs=0.05)
    assert found.degrees == 3
    assert found.p_value == pytest.approx(0.005585, abs=5e-7)


def test_parties_differ_by_gender_as_in_r() -> None:
    """R, documentation of chisq.test: party by gender (Agresti 2007, p. 39)."""
    women, men = (762, 327, 468), (484, 239, 477)
    found = chi_square([rate(w, w + m) for w, m in zip(women, men, strict=True)])
    assert found is not None
    assert found.statistic == pytest.approx(30.07, abs=0.005)
    assert found.degrees == 2
    assert found.p_value == pytest.approx(2.954e-07, abs=5e-11)


def test_two_rates_differ_as_in_statsmodels() -> None:
    """statsmodels, documentation of stats.proportion.proportions_ztest: 5 of 83, 12 of 99."""
    found = two_proportion_z(rate(12, 99), rate(5, 83))
    assert found is not None
    assert found.p_value == pytest.approx(0.159, abs=5e-4)


def test_the_sleep_of_two_groups_differs_as_in_r() -> None:
    """R, documentation of t.test: extra sleep after two drugs (Student 1908)."""
    first = values(0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0)
    second = values(1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4)
    found = welch_t(second, first)
    assert found is not None
    assert found.statistic == pytest.approx(-1.8608, abs=5e-5)
    assert found.degrees == pytest.approx(17.776, abs=5e-4)
    assert found.p_value == pytest.approx(0.07939, abs=5e-6)


def test_two_means_differ_as_in_growthbook() -> None:
    """GrowthBook, packages/stats/tests/frequentist/test_tests.py, two-sided t-test, absolute."""
    found = welch_t(Moments(3407, 1396.87, 52377.9767), Moments(3461, 2422.7, 134698.29))
    assert found is not None
    assert found.p_value == pytest.approx(0.02016, abs=5e-6)


BENJAMINI_HOCHBERG = [
    *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344),
    *(0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.000),
]


def test_four_of_fifteen_hypotheses_are_rejected_at_a_false_discovery_rate() -> None:
    """Benjamini and Hochberg (1995), Journal of the Royal Statistical Society B 57, section 3.2:
    thrombolysis after myocardial infarction.
    """
    assert benjamini_hochberg(BENJAMINI_HOCHBERG, ALPHA) == [True] * 4 + [False] * 11


def test_three_of_fifteen_hypotheses_are_rejected_one_by_one() -> None:
    """The same section, by Bonferroni's procedure."""
    each = bonferroni(ALPHA, len(BENJAMINI_HOCHBERG))
    assert sum(p_value <= each for p_value in BENJAMINI_HOCHBERG) == 3


def test_the_losses_of_two_rates_are_those_of_growthbook() -> None:
    """GrowthBook, packages/stats/tests/bayesian/test_tests.py: risk of 49 and 51 of 100."""
    losses = expected_losses(rate_posteriors([rate(49, 100), rate(51, 100)]))
    assert losses == pytest.approx([0.03872, 0.01912], abs=5e-6)


def test_the_median_of_nineteen_values_lies_where_statpsych_says() -> None:
    """R package statpsych, documentation of ci.median: 20.7, between 10.8 and 30.9.

    Compared to the relative accuracy of the sketch.
    """
    numbers = [
        *(30.2, 20.4, 15.1, 10.2, 10.5, 60.8, 20.8, 25.0, 20.7, 30.9),
        *(10.8, 5.1, 50.9, 40.0, 20.9, 10.8, 0, 20.5, 50.8),
    ]
    counts: dict[int, int] = {}
    for number in numbers:
        counts[bucket_of(number)] = counts.get(bucket_of(number), 0) + 1
    assert quantile(counts, 0.5) == pytest.approx(20.7, rel=0.01)
    assert rank_interval(counts, 0.5, ALPHA) == pytest.approx((10.8, 30.9), rel=0.021)


def test_the_power_of_two_proportions_is_that_of_r() -> None:
    """R, documentation of power.prop.test: n = 50, p1 = .50, p2 = .75."""
    assert fixed_power(between_rates(0.50, 0.75), 2 * 50) == pytest.approx(0.740, abs=5e-4)


def test_the_size_for_two_proportions_is_that_of_r() -> None:
    """R, documentation of power.prop.test: p1 = .50, p2 = .75, power = .90."""
    assert units_of_an_arm(between_rates(0.50, 0.75), 0.90) == pytest.approx(76.7, abs=0.05)


def test_the_power_of_two_means_is_that_of_r() -> None:
    """R, documentation of power.t.test: n = 20, delta = 1, sd = 1."""
    assert student_power(between_means(1, 1), 2 * 20) == pytest.approx(0.8689528, abs=5e-8)


@pytest.mark.parametrize(("is_one_sided", "each"), [(False, 22.02110), (True, 17.84713)])
def test_the_size_for_two_means_is_that_of_r(is_one_sided: bool, each: float) -> None:
    """R, documentation of power.t.test: delta = 1, sd = 1, power = .90, two- and one-sided.

    Compared to the four significant digits that its root finder promises.
    """
    comparison = replace(between_means(1, 1), is_one_sided=is_one_sided)
    units = units_needed(partial(student_power, comparison), 0.90)
    assert units == pytest.approx(2 * each, rel=1e-4)


def test_the_size_for_a_lift_of_five_points_is_evan_millers() -> None:
    """Evan Miller, evanmiller.org/ab-testing/sample-size.html: 20 %, 5 % absolute, 80 %: 1,030.

    It takes the variance without an effect from the control's rate alone.
    """
    comparison = replace(between_rates(0.20, 0.25), null_variance=0.20 * 0.80)
    assert round(units_of_an_arm(comparison, 0.80)) == 1030


@pytest.mark.parametrize(
    ("comparison", "each"),
    [
        pytest.param(
            Comparison(0.20, (0.65 * 0.35, 0.85 * 0.15)), 70, id="Compare 2 Proportions: Equality"
        ),
        pytest.param(
            Comparison(0.20 + 0.10, (0.65 * 0.35, 0.85 * 0.15), is_one_sided=True),
            25,
            id="Compare 2 Proportions: Non-Inferiority",
        ),
        pytest.param(between_means(5, 10), 63, id="Compare 2 Means: Equality"),
    ],
)
def test_a_size_is_that_of_chow_shao_and_wang(comparison: Comparison, each: int) -> None:
    """Chow, Shao and Wang (2008), "Sample size calculations in clinical research", as worked on
    powerandsamplesize.com under the calculator that the case is named for.
    """
    assert each - 1 < units_of_an_arm(comparison, 0.80) <= each
