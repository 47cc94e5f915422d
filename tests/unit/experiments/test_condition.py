"""Whom an experiment is for."""

from math import inf

import pytest
from hypothesis import given

from server.experiments.condition import (
    AllOf,
    AnyOf,
    AttributeTest,
    Between,
    Condition,
    Not,
    OneOf,
    Prefix,
    Present,
    holds,
    walk,
)
from tests.unit.experiments.conditions import attributes, conditions

PRO, FREE = OneOf("plan", ("pro", "team")), OneOf("plan", ("free",))


def test_no_condition_holds_for_everybody() -> None:
    assert holds(None, {})


@pytest.mark.parametrize(
    ("test", "value", "expected"),
    [
        (PRO, "team", True),
        (PRO, "Team", False),
        (Prefix("plan", "te"), "team", True),
        (Prefix("plan", "ea"), "team", False),
        (Between("plan", 5, inf), "5", True),
        (Between("plan", 5, inf), "4.999", False),
        (Between("plan", -inf, 5), "-1e9", True),
        (Between("plan", -inf, 5), "5.001", False),
        (Present("plan", is_present=True), "", True),
        (Present("plan", is_present=False), "", False),
    ],
)
def test_an_attribute_passes_what_is_true_of_it(
    test: AttributeTest, value: str, expected: bool
) -> None:
    assert holds(test, {"plan": value}) is expected


@pytest.mark.parametrize("text", ["", "many", "nan", "inf", "-Infinity", "5 seats", "0x5"])
def test_what_is_no_finite_number_is_in_no_interval(text: str) -> None:
    assert not holds(Between("seats", -inf, inf), {"seats": text})


@pytest.mark.parametrize(
    "test", [PRO, Prefix("plan", ""), Between("plan", -inf, inf), Present("plan", is_present=True)]
)
def test_an_attribute_that_is_lacking_passes_no_test(test: AttributeTest) -> None:
    assert not holds(test, {"seats": "5"})


def test_an_attribute_that_is_lacking_is_absent() -> None:
    assert holds(Present("plan", is_present=False), {"seats": "5"})


def test_all_of_needs_each() -> None:
    both = AllOf((PRO, Between("seats", 5, inf)))
    assert holds(both, {"plan": "pro", "seats": "5"})
    assert not holds(both, {"plan": "pro", "seats": "4"})


def test_any_of_needs_one() -> None:
    assert holds(AnyOf((PRO, FREE)), {"plan": "free"})
    assert not holds(AnyOf((PRO, FREE)), {"plan": "trial"})


def test_not_turns_round() -> None:
    assert holds(Not(PRO), {"plan": "free"})
    assert not holds(Not(PRO), {"plan": "pro"})


@given(conditions, attributes)
def test_every_condition_holds_or_its_opposite_does(
    condition: Condition, known: dict[str, str]
) -> None:
    assert holds(condition, known) is not holds(Not(condition), known)


def test_walking_meets_every_condition_at_its_depth() -> None:
    inner = Not(FREE)
    whole = AllOf((PRO, inner))
    assert list(walk(whole)) == [(whole, 1), (PRO, 2), (inner, 2), (FREE, 3)]


def test_walking_is_not_stopped_by_depth() -> None:
    condition: Condition = PRO
    for _ in range(10_000):
        condition = Not(condition)
    assert max(depth for _, depth in walk(condition)) == 10_001
