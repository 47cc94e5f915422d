"""What is done about each failure."""

import random

import pytest

from server.engines.llm.errors import REASONS, Fault, ProviderError
from server.engines.llm.next_step import (
    ELSEWHERE,
    FIRST_BACKOFF_S,
    MOST_BACKOFF_S,
    MOST_TRIES,
    TOO_LATE,
    NextStep,
    Way,
    correction_backoff_s,
    next_step,
)

LONG_S = 60.0


def step(
    reason: str, tries: int = 1, left_s: float = LONG_S, after_s: float | None = None
) -> NextStep:
    error = ProviderError(REASONS[reason], reason, retry_after_s=after_s)
    return next_step(error, tries, left_s, random.Random(0))  # noqa: S311  # repeatable


@pytest.mark.parametrize("reason", [r for r, fault in REASONS.items() if fault is Fault.TRANSIENT])
def test_the_network_is_tried_again_at_once(reason: str) -> None:
    assert step(reason) == NextStep(Way.AGAIN, 0.0)


@pytest.mark.parametrize(
    "reason", [r for r, fault in REASONS.items() if fault is Fault.RECOVERABLE]
)
@pytest.mark.parametrize("tries", range(1, MOST_TRIES))
def test_an_ill_provider_is_tried_again_within_a_time_that_doubles(reason: str, tries: int) -> None:
    chance = random.Random(0)  # noqa: S311  # repeatable, not secret
    error = ProviderError(REASONS[reason], reason)
    found = [next_step(error, tries, LONG_S, chance) for _ in range(50)]
    longest_s = FIRST_BACKOFF_S * 2 ** (tries - 1)
    assert {each.way for each in found} == {Way.AGAIN}
    assert all(0 <= each.wait_s <= longest_s for each in found)
    assert max(each.wait_s for each in found) > longest_s * 0.8
    assert min(each.wait_s for each in found) < longest_s * 0.2


def test_what_the_provider_asks_for_is_waited() -> None:
    assert step("rate_limited", after_s=2.5) == NextStep(Way.AGAIN, 2.5)


@pytest.mark.parametrize(("after_s", "left_s"), [(3.0, 3.0), (3.0, 1.0), (0.0, 0.0)])
def test_who_asks_for_longer_than_there_is_time_is_left_at_once(
    after_s: float, left_s: float
) -> None:
    assert step("rate_limited", left_s=left_s, after_s=after_s) == TOO_LATE


@pytest.mark.parametrize("left_s", [1.0, LONG_S])
def test_who_asks_for_longer_than_anybody_waits_is_left_at_once(left_s: float) -> None:
    assert step("rate_limited", left_s=left_s, after_s=MOST_BACKOFF_S + 0.1) == ELSEWHERE


@pytest.mark.parametrize(
    "reason", [r for r, f in REASONS.items() if f in {Fault.PERMANENT, Fault.CRITICAL}]
)
def test_what_fails_for_good_is_not_tried_again(reason: str) -> None:
    assert step(reason, tries=2) == ELSEWHERE


def test_a_question_that_is_too_long_is_shortened_once() -> None:
    assert step("context_too_long") == NextStep(Way.SHORTENED)
    assert step("context_too_long", tries=2) == ELSEWHERE


@pytest.mark.parametrize("reason", REASONS)
def test_nobody_is_tried_more_than_three_times(reason: str) -> None:
    assert step(reason, tries=MOST_TRIES) == ELSEWHERE


def test_corrections_wait_longer_each_time() -> None:
    assert [correction_backoff_s(n) for n in range(6)] == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0]
