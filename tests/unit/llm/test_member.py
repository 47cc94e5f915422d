"""A provider at work: what opens its circuit, how it is remembered, when it is asked."""

import random
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interceptors.breaker.breaker import CircuitBreaker
from interceptors.breaker.registry import BreakerRegistry
from interceptors.breaker.settings import BreakerSettings, Mode, State
from interceptors.errors import CircuitOpen
from server.engines.llm.errors import REASONS, ProviderError
from server.engines.llm.member import (
    BREAKER,
    ENOUGH,
    MISFIT_S,
    MISFITS,
    MOST_MISFITS,
    MOST_REST_S,
    Member,
    OutOfTime,
    counts_against,
    in_order,
    make_member,
)
from server.engines.llm.next_step import MOST_BACKOFF_S
from server.engines.llm.provider import Preference, Provider
from tests.unit.interceptors.clock import Clock
from tests.unit.llm.answers import answer
from tests.unit.llm.fake_members import Script, member

NETWORK = ProviderError(REASONS["network"], "network")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def chance() -> random.Random:
    return random.Random(1)  # noqa: S311  # repeatable, not secret


def answering(clock: Clock, name: str = "a", **terms: object) -> Member:
    return member(Script([answer()]), clock, name, **terms)


def breaker(clock: Clock) -> CircuitBreaker:
    return answering(clock).breaker


def fail(one: CircuitBreaker, times: int = 1) -> None:
    for _ in range(times):
        one.failed(one.admit(), NETWORK)


def test_a_dead_provider_is_left_alone_after_ten_calls(clock: Clock) -> None:
    one = breaker(clock)
    fail(one, 9)
    assert not one.refuses()
    fail(one)
    assert one.refuses()


def test_a_fifth_of_random_failures_leaves_the_circuit_closed(
    clock: Clock, chance: random.Random
) -> None:
    one = breaker(clock)
    for _ in range(50_000):
        if chance.random() < 0.2:
            fail(one)
        else:
            one.succeeded(one.admit())
    assert one.state is State.CLOSED


def test_a_provider_that_fails_two_times_in_three_is_left_alone(clock: Clock) -> None:
    one = breaker(clock)
    for _ in range(BREAKER.minimum_calls):
        if not one.refuses():
            one.succeeded(one.admit())
        for _ in range(2):
            if not one.refuses():
                fail(one)
    assert one.state is State.OPEN


def test_the_breakers_of_two_models_are_two(clock: Clock) -> None:
    registry = BreakerRegistry(BreakerSettings(), clock)
    members = [
        make_member(Provider("p", "http://x/v1", model), Script([answer()]), registry)
        for model in ("small", "large")
    ]
    fail(members[0].breaker, 10)
    assert [one.breaker.name for one in members] == ["llm/p/small", "llm/p/large"]
    assert [one.breaker.state for one in members] == [State.OPEN, State.CLOSED]


@pytest.mark.parametrize("reason", REASONS)
def test_failures_of_the_question_are_not_held_against_the_provider(reason: str) -> None:
    of_the_question = {"bad_request", "context_too_long", "content_refused"}
    error = ProviderError(REASONS[reason], reason)
    assert counts_against(error) is (reason not in of_the_question)


def test_the_callers_own_deadline_is_not_held_against_the_provider() -> None:
    assert not counts_against(OutOfTime())
    assert not counts_against(TypeError())


def test_times_say_something_once_there_are_enough(clock: Clock) -> None:
    one = answering(clock)
    for second in range(1, ENOUGH):
        one.succeeded(float(second))
    assert (one.shortest_s, one.p95_s) == (0.0, 0.0)
    one.succeeded(float(ENOUGH))
    assert (one.shortest_s, one.p95_s) == (2.0, 20.0)


def test_a_call_that_can_hardly_be_answered_in_time_is_not_worth_while(clock: Clock) -> None:
    one = answering(clock)
    for _ in range(ENOUGH):
        one.succeeded(2.0)
    assert one.can_answer_in(2.1)
    assert not one.can_answer_in(1.5)


def test_a_provider_that_may_have_become_faster_is_found_out(clock: Clock) -> None:
    one = answering(clock)
    for _ in range(ENOUGH):
        one.succeeded(2.0)
    assert any(one.can_answer_in(1.5) for _ in range(100))


def names(members: list[Member]) -> str:
    return "".join(one.provider.name for one in members)


def test_the_order_of_the_file_is_kept(clock: Clock, chance: random.Random) -> None:
    members = [answering(clock, name) for name in "cab"]
    assert names(in_order(members, Preference.ORDERED, chance)) == "cab"


def test_the_cheapest_is_asked_first(clock: Clock, chance: random.Random) -> None:
    prices = {"a": 3, "b": 1, "c": 2}
    members = [
        answering(clock, name, input_usd_per_million=Decimal(price))
        for name, price in prices.items()
    ]
    assert names(in_order(members, Preference.CHEAPEST, chance)) == "bca"


def test_weights_are_shares_of_the_first_calls(clock: Clock, chance: random.Random) -> None:
    members = [answering(clock, "a", weight=3.0), answering(clock, "b", weight=1.0)]
    drawn = [names(in_order(members, Preference.WEIGHTED, chance))[0] for _ in range(4000)]
    assert drawn.count("a") / 4000 == pytest.approx(0.75, abs=0.03)


def test_a_provider_that_fails_of_late_is_asked_less_often(
    clock: Clock, chance: random.Random
) -> None:
    members = [answering(clock, "a"), answering(clock, "b")]
    for _ in range(60):
        members[0].failed(NETWORK)
    drawn = [names(in_order(members, Preference.WEIGHTED, chance))[0] for _ in range(1000)]
    assert drawn.count("a") < 100


@pytest.mark.parametrize("preference", Preference)
def test_an_open_circuit_comes_last_until_it_may_be_tried(
    clock: Clock, chance: random.Random, preference: Preference
) -> None:
    members = [
        answering(clock, "a"),
        answering(clock, "b", weight=0.001, input_usd_per_million=Decimal(1)),
    ]
    fail(members[0].breaker, 10)
    assert names(in_order(members, preference, chance)) == "ba"
    clock.now_s += BREAKER.open_s
    assert names(in_order(members, preference, chance)) == "ab"


def limited(retry_after_s: float | None, reason: str = "rate_limited") -> ProviderError:
    return ProviderError(REASONS[reason], reason, retry_after_s=retry_after_s)


@pytest.mark.parametrize(("asked_s", "rest_s"), [(30.0, 30.0), (1e9, MOST_REST_S)])
def test_who_asks_for_a_long_pause_comes_last_until_it_is_over_or_a_minute_is(
    clock: Clock, chance: random.Random, asked_s: float, rest_s: float
) -> None:
    members = [answering(clock, "a"), answering(clock, "b")]
    members[0].failed(limited(asked_s))
    clock.now_s += rest_s - 0.1
    assert members[0].barred_by() == "told_to_wait"
    assert names(in_order(members, Preference.ORDERED, chance)) == "ba"
    clock.now_s += 0.2
    assert members[0].barred_by() == ""
    assert names(in_order(members, Preference.ORDERED, chance)) == "ab"


@pytest.mark.parametrize(
    "error", [limited(None), limited(MOST_BACKOFF_S), limited(60.0, "content_refused")], ids=str
)
def test_a_short_pause_is_each_questions_own_and_a_refused_text_asks_for_none(
    clock: Clock, error: ProviderError
) -> None:
    one = answering(clock)
    one.failed(error)
    assert one.barred_by() == ""


@pytest.mark.parametrize("reason", sorted(MISFITS))
def test_who_refuses_every_question_comes_last_for_a_minute_and_may_be_asked(
    clock: Clock, chance: random.Random, reason: str
) -> None:
    members = [answering(clock, "a"), answering(clock, "b")]
    for expected in ["ab"] * MOST_MISFITS + ["ba"]:
        assert names(in_order(members, Preference.ORDERED, chance)) == expected
        members[0].failed(ProviderError(REASONS[reason], reason))
    assert members[0].barred_by() == ""
    clock.now_s += MISFIT_S + 0.1
    assert names(in_order(members, Preference.ORDERED, chance)) == "ab"
    members[0].failed(ProviderError(REASONS[reason], reason))
    assert names(in_order(members, Preference.ORDERED, chance)) == "ba"


def test_who_answers_now_and_then_keeps_its_place(clock: Clock, chance: random.Random) -> None:
    members = [answering(clock, "a"), answering(clock, "b")]
    for _ in range(MOST_MISFITS):
        members[0].failed(ProviderError(REASONS["bad_request"], "bad_request"))
    members[0].succeeded(1.0)
    assert names(in_order(members, Preference.ORDERED, chance)) == "ab"


def test_texts_that_are_refused_push_no_provider_back(clock: Clock, chance: random.Random) -> None:
    members = [answering(clock, "a"), answering(clock, "b")]
    for _ in range(10 * MOST_MISFITS):
        members[0].failed(ProviderError(REASONS["content_refused"], "content_refused"))
    assert names(in_order(members, Preference.ORDERED, chance)) == "ab"


def test_a_breaker_that_tries_refuses_all_but_a_few(clock: Clock) -> None:
    one = breaker(clock)
    fail(one, 10)
    clock.now_s += BREAKER.open_s
    permits = [one.admit() for _ in range(BREAKER.half_open_calls)]
    assert one.refuses()
    one.succeeded(permits[0])
    assert not one.refuses()


def test_a_breaker_that_is_ordered_to_be_open_refuses_for_ever(clock: Clock) -> None:
    one = breaker(clock)
    one.set_mode(Mode.FORCED_OPEN)
    clock.now_s += 1e6
    assert one.refuses()


@given(st.lists(st.sampled_from([*"aafffffw"])))
def test_a_breaker_refuses_when_it_admits_nobody(steps: list[str]) -> None:
    clock = Clock()
    one = breaker(clock)
    fail(one, BREAKER.consecutive_failures - 2)
    for step in steps:
        foretold = one.refuses()
        try:
            permit = one.admit()
        except CircuitOpen:
            assert foretold
        else:
            assert not foretold
            if step != "w":
                one.succeeded(permit) if step == "a" else one.failed(permit, NETWORK)
        clock.now_s += BREAKER.open_s / 2 if step == "w" else 0


def test_usual_settings_come_back_when_an_order_ends(clock: Clock) -> None:
    registry = BreakerRegistry(BreakerSettings(), clock)
    one = make_member(Provider("p", "http://x/v1", "m"), Script([answer()]), registry)
    assert one.breaker.settings == BREAKER
    assert registry.usual_settings("llm/p/m") == BREAKER
    assert registry.settings_of("another") == BreakerSettings()


def test_the_price_of_a_call_is_rounded_up_to_a_millionth() -> None:
    provider = Provider(
        "p",
        "http://x/v1",
        "m",
        input_usd_per_million=Decimal("0.15"),
        output_usd_per_million=Decimal("0.6"),
    )
    assert provider.cost_micro_usd(1000, 100) == 210
    assert provider.cost_micro_usd(1, 0) == 1
    assert provider.cost_micro_usd(0, 0) == 0
