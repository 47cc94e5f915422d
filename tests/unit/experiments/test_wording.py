"""Figures in plain words."""

import pytest

from server.experiments.experiment import Metric, MetricKind
from server.experiments.findings.wording import (
    amount,
    counted,
    lasting,
    lead,
    listed,
    proven_lead,
    times,
)
from server.experiments.results import Interval
from tests.unit.experiments.designs import RATE

COST = Metric("cost", MetricKind.MEAN)


@pytest.mark.parametrize(
    ("names", "told"), [(["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_names_are_listed(names: list[str], told: str) -> None:
    assert listed(names) == told


def test_numbers_have_separators_and_nouns_their_number() -> None:
    assert [counted(1), counted(3412), times(1), times(2), times(1200)] == [
        "1 unit",
        "3,412 units",
        "once",
        "twice",
        "1,200 times",
    ]


@pytest.mark.parametrize(
    ("duration_s", "told"),
    [
        (0.0, "0 seconds"),
        (1.0, "1 second"),
        (90.0, "1.5 minutes"),
        (3600.0, "1 hour"),
        (7 * 86_400.0, "7 days"),
    ],
)
def test_a_duration_is_told_in_its_largest_unit(duration_s: float, told: str) -> None:
    assert lasting(duration_s) == told


def test_a_rate_is_told_in_points() -> None:
    assert amount(RATE, 0.029) == "2.9 points"
    assert amount(COST, 0.029) == "0.029"
    assert amount(COST, 12_345.6) == "12,346"


@pytest.mark.parametrize(
    ("metric", "lift", "bounds", "told"),
    [
        (RATE, 0.029, (0.004, 0.053), "+2.9 points over a (95 % sure: +0.4 to +5.3)"),
        (RATE, 0.3, (-0.02, 0.62), "+30 points over a (95 % sure: -2 to +62)"),
        (COST, -0.00251, (-0.0032, -0.0018), "-0.00251 over a (95 % sure: -0.00320 to -0.00180)"),
        (COST, 2500.0, (1200.0, 3800.0), "+2,500 over a (95 % sure: +1,200 to +3,800)"),
        (COST, -0.001, (-3.0, 3.0), "+0.0 over a (95 % sure: -3.0 to +3.0)"),
    ],
)
def test_a_lead_is_as_precise_as_its_interval(
    metric: Metric, lift: float, bounds: tuple[float, float], told: str
) -> None:
    assert lead(metric, lift, Interval(*bounds), "a", 0.05) == told


def test_a_lead_without_an_interval_is_told_alone() -> None:
    assert lead(RATE, 0.029, None, "a", 0.05) == "+2.9 points over a"


def test_what_the_interval_does_not_show_is_shown_by_exact_evidence() -> None:
    wide, narrow = Interval(-0.1, 1.0), Interval(0.1, 0.3)
    assert proven_lead(RATE, 0.2, wide, "a", 0.1) == (
        "+20 points over a (90 % sure by exact evidence)"
    )
    assert proven_lead(RATE, 0.2, narrow, "a", 0.1) == lead(RATE, 0.2, narrow, "a", 0.1)
