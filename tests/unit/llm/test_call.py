"""A call of a provider: whose fault it is when time is over."""

import asyncio
import time

import pytest
from prometheus_client import CollectorRegistry

from server.engines.llm.alarm import Alarm
from server.engines.llm.call import Calls
from server.engines.llm.completion import Completion, Question
from server.engines.llm.errors import REASONS, ProviderError
from server.engines.llm.member import ENOUGH, OutOfTime
from server.engines.llm.metrics import LlmMetrics
from tests.unit.llm.answers import answer
from tests.unit.llm.fake_members import Script, Silence, member

QUESTION = Question((), "triage", {}, most_tokens=100)


def calls(left_s: float) -> Calls[Completion]:
    """Calls for a question with so much time left, whose answers are all good."""
    metrics = LlmMetrics(CollectorRegistry())
    alarm = Alarm(metrics, time.monotonic)
    return Calls(lambda c: c, time.monotonic() + left_s, None, metrics, alarm, time.monotonic)


def stumble(_completion: Completion) -> Completion:
    """Meets what it was not made for."""
    raise KeyError("category")


@pytest.mark.parametrize(("left_s", "held_against"), [(60.0, 1), (5.0, 0)])
async def test_a_timeout_is_the_providers_fault_when_it_had_its_own_time(
    left_s: float, held_against: int
) -> None:
    script = Script([ProviderError(REASONS["timeout"], "timeout")])
    one = member(script, time.monotonic, timeout_s=20.0)
    with pytest.raises(ProviderError):
        await calls(left_s).call(one, QUESTION, "first")
    assert one.breaker.tally.failed == held_against
    assert script.timeouts_s[0] <= min(left_s, 20.0)


async def test_a_transport_that_does_not_answer_is_left_at_the_deadline() -> None:
    silence = Silence()
    one = member(silence, time.monotonic)
    with pytest.raises(ProviderError, match="no_time"):
        await calls(0.05).call(one, QUESTION, "first")
    assert silence.waiting == 0


@pytest.mark.parametrize(
    ("left_s", "usual_s", "outcome"),
    [(60.0, 0.0, "timeout"), (5.0, 0.0, "no_time"), (5.0, 8.0, "no_time"), (5.0, 2.0, "timeout")],
)
async def test_who_is_given_less_time_than_usual_has_not_timed_out(
    left_s: float, usual_s: float, outcome: str
) -> None:
    one = member(Script([ProviderError(REASONS["timeout"], "timeout")]), time.monotonic)
    one.p95_s = usual_s
    made = calls(left_s)
    with pytest.raises(ProviderError):
        await made.call(one, QUESTION, "first")
    assert [attempt.outcome for attempt in made.attempts] == [outcome]


async def test_who_waits_for_a_turn_leaves_at_the_deadline() -> None:
    one = member(Script([answer()]), time.monotonic, most_in_flight=1)
    await one.slots.acquire()
    made = calls(0.05)
    with pytest.raises(ProviderError, match="no_time"):
        await made.call(one, QUESTION, "first")
    assert one.breaker.tally.failed == 0


async def test_a_turn_is_waited_for_while_there_is_time_for_a_call_after_it() -> None:
    one = member(Script([answer()]), time.monotonic, most_in_flight=1)
    for _ in range(ENOUGH):
        one.succeeded(20.0)
    await one.slots.acquire()
    async with asyncio.timeout(10.0):
        with pytest.raises(OutOfTime):
            await calls(20.05).call(one, QUESTION, "first")


async def test_a_turn_is_waited_for() -> None:
    one = member(Script([answer()]), time.monotonic, most_in_flight=1)
    await one.slots.acquire()
    asking = asyncio.create_task(calls(5.0).call(one, QUESTION, "first"))
    await asyncio.sleep(0)
    one.slots.release()
    assert (await asking).answer == answer()


async def test_a_defect_of_a_transport_is_on_record_and_gives_everything_back() -> None:
    one = member(Script([TypeError("a defect")]), time.monotonic, most_in_flight=1)
    made = calls(5.0)
    with pytest.raises(ProviderError, match="defect"):
        await made.call(one, QUESTION, "first")
    assert [attempt.outcome for attempt in made.attempts] == ["defect"]
    assert not one.slots.locked()


@pytest.mark.parametrize("is_read", [True, False])
async def test_an_answer_that_nobody_foresaw_counts_against_its_provider(is_read: bool) -> None:
    one = member(Script([answer() if is_read else TypeError("a defect")]), time.monotonic)
    made = calls(5.0)
    made.read = stumble
    with pytest.raises(ProviderError, match="defect"):
        await made.call(one, QUESTION, "first")
    assert one.breaker.tally.failed == 1


async def test_a_failure_is_on_record_with_its_status() -> None:
    overloaded = ProviderError(REASONS["overloaded"], "overloaded", status=503)
    made = calls(5.0)
    with pytest.raises(ProviderError):
        await made.call(member(Script([overloaded]), time.monotonic), QUESTION, "first")
    assert [attempt.status for attempt in made.attempts] == [503]


async def test_a_good_answer_is_given_with_the_call_that_brought_it() -> None:
    made = calls(5.0)
    given = await made.call(member(Script([answer()]), time.monotonic), QUESTION, "first")
    assert given.answer == given.completion == answer()
    assert [given.attempt] == made.attempts
