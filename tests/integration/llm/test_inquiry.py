"""A question on its way through the providers: what is done about each fault, over real sockets."""

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from decimal import Decimal

import pytest
import pytest_asyncio

from server.engines.llm.classification import failure
from server.engines.llm.completion import Completion, Question
from server.engines.llm.errors import REASONS, ProviderError
from server.engines.llm.form import ModelAnswer
from server.engines.llm.inquiry import Asked
from server.engines.llm.lean_transport import LeanTransport
from server.engines.llm.member import BREAKER, ENOUGH, MOST_MISFITS
from server.engines.llm.provider import Preference
from server.engines.llm.retry_budget import RetryBudget
from server.triage.engine import Attempt
from tests.integration.callers import until
from tests.integration.llm.desk import LONG_S, Desk, is_idle, make_desk, open_lines, told
from tests.unit.llm.fake_members import Script
from tools.fake_llm_process import FakeLlm

Lines = list[LeanTransport]
SHORT_S = 1.5  # enough for an answer on a busy machine, and less than a slow one takes
BROKE = RetryBudget(share=0.0, most=0.0)
RETRIED = {
    "http_429": "rate_limited",
    "http_429_silent": "rate_limited",
    "http_500": "server_error",
    "http_503": "overloaded",
    "context_too_long": "context_too_long",
    "reset": "network",
    "reset_mid_body": "network",
    "unreadable": "unreadable",
}
LEFT = {
    "http_429_quota": "unpaid",
    "http_400": "bad_request",
    "http_401": "unauthorized",
    "http_402": "unpaid",
    "http_404": "not_found",
    "content_refused": "content_refused",
    "declined": "refused",
    "filtered": "refused",
}
CORRECTED = {
    "empty": "empty",
    "cut_off": "cut_off",
    "not_json": "not_json",
    "wrong_schema": "off_schema",
    "unknown_category": "unknown_category",
    "intent_without_action": "intent_without_action",
}


@dataclass
class Screen:
    """What a caller sees; `shows` says from which piece on."""

    shows: bool = False
    pieces: list[str] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)

    def attempted(self, attempt: Attempt) -> None:
        self.attempts.append(attempt)

    def wrote(self, piece: str) -> bool:
        self.pieces.append(piece)
        return self.shows


@pytest_asyncio.fixture(scope="module")
async def module_lines(shared_fake: FakeLlm) -> AsyncIterator[Lines]:
    """Two transports to one endpoint."""
    async with open_lines(shared_fake.url, shared_fake.url) as lines:
        yield lines


@pytest.fixture
def lines(module_lines: Lines, fake: FakeLlm) -> Lines:  # noqa: ARG001  # `fake` restores it
    """Two transports to an endpoint that behaves well."""
    return module_lines


@pytest.fixture
def desk(lines: Lines) -> Desk:
    """Two providers at one endpoint, which behaves well."""
    return make_desk(*lines)


def unused_url() -> str:
    """A URL at which nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{bound.getsockname()[1]}/v1"


async def test_a_good_answer_takes_one_call(desk: Desk, fake: FakeLlm) -> None:
    asked = await desk.ask()
    assert told(asked) == ["a first ok"]
    assert asked.answer is not None
    assert asked.answer.category == "billing"
    assert (asked.provider, asked.model) == ("a", "model-a")
    assert fake.stats()["requests"] == 1
    assert desk.pauses_s == []


async def test_an_attempt_says_what_it_used_and_cost(lines: Lines) -> None:
    desk = make_desk(lines[0], input_usd_per_million=Decimal(1), output_usd_per_million=Decimal(2))
    (attempt,) = (await desk.ask()).attempts
    assert attempt.input_tokens > 0
    assert attempt.cost_micro_usd == attempt.input_tokens + 2 * attempt.output_tokens
    assert attempt.duration_s > 0


@pytest.mark.parametrize("fault", RETRIED)
async def test_what_may_pass_is_tried_again(desk: Desk, fake: FakeLlm, fault: str) -> None:
    fake.control(next=[fault])
    assert told(await desk.ask("x" * 2000)) == [f"a first {RETRIED[fault]}", "a retry ok"]


@pytest.mark.parametrize("fault", ["never_answers", "slow_drip"])
async def test_an_answer_that_does_not_come_in_time_is_asked_for_again(
    lines: Lines, fake: FakeLlm, fault: str
) -> None:
    fake.control(next=[fault])
    desk = make_desk(lines[0], timeout_s=SHORT_S)
    assert told(await desk.ask()) == ["a first timeout", "a retry ok"]
    assert desk.members[0].breaker.tally.failed == 1


@pytest.mark.parametrize("fault", LEFT)
async def test_what_fails_for_good_goes_to_the_next_provider(
    desk: Desk, fake: FakeLlm, fault: str
) -> None:
    fake.control(next=[fault])
    asked = await desk.ask()
    assert told(asked) == [f"a first {LEFT[fault]}", "b failover ok"]
    assert asked.provider == "b"
    assert desk.pauses_s == []


@pytest.mark.parametrize("fault", CORRECTED)
async def test_a_flawed_answer_is_corrected(desk: Desk, fake: FakeLlm, fault: str) -> None:
    fake.control(next=[fault])
    assert told(await desk.ask()) == [f"a first {CORRECTED[fault]}", "a correction ok"]
    assert desk.pauses_s == [0.5]
    assert desk.sample("retry_attempts_total", reason=CORRECTED[fault]) == 1
    assert desk.sample("retry_prompt_injected_total", reason=CORRECTED[fault]) == 1
    assert desk.sample("retry_backoff_seconds_sum", attempt="1") == 0.5


async def test_a_correction_tells_the_model_what_was_wrong(desk: Desk, fake: FakeLlm) -> None:
    fake.control(next=["unknown_category"])
    await desk.ask()
    first, second = desk.transports[0].asked
    assert second.messages[: len(first.messages)] == first.messages
    said, wrong = second.messages[len(first.messages) :]
    assert '"something_else_entirely"' in said.text
    assert "the category is none of the given names" in wrong.text


async def test_an_answer_that_stays_flawed_goes_to_the_next_provider(
    desk: Desk, fake: FakeLlm
) -> None:
    fake.control(next=["not_json", "empty", "not_json"])
    assert told(await desk.ask()) == [
        "a first not_json",
        "a correction empty",
        "a correction not_json",
        "b failover ok",
    ]
    assert desk.pauses_s == [0.5, 1.0]
    assert desk.sample("retry_max_attempts_reached_total", reason="not_json") == 1
    (question,) = desk.transports[1].asked
    assert question == desk.transports[0].asked[0]  # it starts anew


async def test_corrections_can_be_switched_off(lines: Lines, fake: FakeLlm) -> None:
    fake.control(next=["not_json"])
    desk = make_desk(*lines, terms={"most_corrections": 0})
    assert told(await desk.ask()) == ["a first not_json", "b failover ok"]
    assert desk.pauses_s == []


async def test_a_correction_that_there_is_no_time_for_is_not_made(
    lines: Lines, fake: FakeLlm
) -> None:
    fake.control(next=["not_json"] * 5)
    desk = make_desk(*lines, terms={"most_corrections": 5})
    corrected = ["a correction not_json"] * 4
    assert told(await desk.ask(left_s=7.5)) == ["a first not_json", *corrected, "b failover ok"]
    assert desk.pauses_s == [0.5, 1.0, 2.0, 4.0]  # which pass at once; the next is of 8 s


async def test_a_correction_that_could_not_be_answered_in_time_is_not_made(
    desk: Desk, fake: FakeLlm
) -> None:
    fake.control(next=["not_json"])
    for _ in range(ENOUGH):
        desk.members[0].succeeded(9.6)
    assert told(await desk.ask(left_s=10.0)) == ["a first not_json", "b failover ok"]
    assert desk.pauses_s == []


async def test_after_a_pause_that_took_too_long_nothing_is_begun(desk: Desk, fake: FakeLlm) -> None:
    fake.control(next=["not_json"])

    async def oversleep(_seconds: float) -> None:
        for _ in range(ENOUGH):
            desk.members[0].succeeded(LONG_S)

    desk.inquirer.sleep = oversleep
    expected = ["a first not_json", "a correction no_time", "b failover ok"]
    assert told(await desk.ask()) == expected
    assert desk.sample("retry_attempts_total", reason="not_json") is None


async def test_the_time_that_a_provider_asks_for_is_waited(desk: Desk, fake: FakeLlm) -> None:
    fake.control(next=["http_429"], retry_after_s=2.0)
    await desk.ask()
    assert desk.pauses_s == [2.0]


async def test_who_asks_for_too_long_is_left_at_once(desk: Desk, fake: FakeLlm) -> None:
    fake.control(next=["http_429"], retry_after_s=60.0)
    assert told(await desk.ask()) == ["a first rate_limited", "b failover ok"]
    assert desk.pauses_s == []


async def test_who_asked_for_too_long_is_not_asked_by_the_next_ticket_either(
    desk: Desk, fake: FakeLlm
) -> None:
    fake.control(next=["http_429"], retry_after_s=30.0)
    await desk.ask()
    assert told(await desk.ask()) == ["b first ok"]
    desk.breaker_clock.now_s += 31.0
    assert told(await desk.ask()) == ["a first ok"]


async def test_where_everybody_asked_for_too_long_nobody_is_asked_and_nothing_is_paid(
    lines: Lines, fake: FakeLlm
) -> None:
    fake.control(next=["http_429"], retry_after_s=30.0)
    desk = make_desk(lines[0])
    await desk.ask()
    before = desk.inquirer.budget.tokens
    asked = await desk.ask()
    assert told(asked) == ["a first told_to_wait"]
    assert asked.answer is None
    assert desk.inquirer.budget.tokens == before
    assert fake.stats()["requests"] == 1


async def test_three_failures_are_enough(desk: Desk, fake: FakeLlm) -> None:
    fake.control(next=["http_500"] * 3)
    assert told(await desk.ask()) == [
        "a first server_error",
        "a retry server_error",
        "a retry server_error",
        "b failover ok",
    ]


async def test_a_shortened_question_really_is_shorter(desk: Desk, fake: FakeLlm) -> None:
    fake.control(next=["context_too_long"])
    await desk.ask("x" * 8000)
    first, second = desk.transports[0].asked
    assert len(second.messages[1].text) < len(first.messages[1].text) / 4


async def test_a_question_that_cannot_be_shortened_goes_to_the_next_provider(
    desk: Desk, fake: FakeLlm
) -> None:
    fake.control(next=["context_too_long"])
    assert told(await desk.ask("short")) == ["a first context_too_long", "b failover ok"]


async def test_the_next_provider_gets_the_whole_question(desk: Desk, fake: FakeLlm) -> None:
    fake.control(next=["context_too_long"] * 2)
    await desk.ask("x" * 8000)
    assert desk.transports[1].asked[0] == desk.transports[0].asked[0]


async def test_where_all_fail_there_is_no_answer(desk: Desk, fake: FakeLlm) -> None:
    fake.control(faults={"http_400": 1.0})
    asked = await desk.ask()
    assert asked.answer is None
    assert told(asked) == ["a first bad_request", "b failover bad_request"]


async def test_without_providers_there_is_no_answer() -> None:
    desk = make_desk()
    assert (await desk.ask()).attempts == ()


@pytest.mark.parametrize(
    ("fault", "cause"),
    [("http_500", "retry"), ("not_json", "correction"), ("declined", "failover")],
)
async def test_what_the_budget_does_not_pay_for_is_not_asked(
    lines: Lines, fake: FakeLlm, fault: str, cause: str
) -> None:
    fake.control(next=[fault])
    desk = make_desk(*lines, budget=BROKE)
    asked = await desk.ask()
    assert told(asked)[1:] == [f"{'b' if cause == 'failover' else 'a'} {cause} no_budget"]
    assert desk.pauses_s == []
    assert asked.answer is None
    assert fake.stats()["requests"] == 1


async def test_all_further_calls_together_stay_within_their_share(
    lines: Lines, fake: FakeLlm
) -> None:
    shares = {"http_500": 0.3, "not_json": 0.3, "declined": 0.3}
    fake.control(faults=shares)
    desk = make_desk(*lines)
    for _ in range(100):
        await desk.ask()
    assert 110 < fake.stats()["requests"] <= 100 * 1.2 + 10


async def test_nothing_is_begun_after_the_deadline(desk: Desk, fake: FakeLlm) -> None:
    asked = await desk.ask(left_s=0.0)
    assert told(asked) == ["a first no_time", "b failover no_time"]
    assert fake.stats()["requests"] == 0


async def test_a_call_that_can_hardly_be_answered_in_time_is_not_begun(
    desk: Desk, fake: FakeLlm
) -> None:
    for _ in range(ENOUGH):
        desk.members[0].succeeded(20.0)
    assert told(await desk.ask(left_s=10.0)) == ["a first no_time", "b failover ok"]
    assert fake.stats()["by_model"] == {"model-b": 1}


@pytest.mark.parametrize("is_streamed", [False, True])
async def test_the_callers_deadline_ends_the_call_and_is_no_fault_of_the_provider(
    desk: Desk, fake: FakeLlm, is_streamed: bool
) -> None:
    fake.control(faults={"never_answers": 1.0})
    asked = await desk.ask(left_s=1.0, listener=Screen() if is_streamed else None)
    assert told(asked) == ["a first no_time", "b failover no_time"]
    assert desk.members[0].success_share == 1.0
    assert desk.members[0].breaker.tally.failed == 0
    assert desk.members[0].breaker.tally.ignored == 1
    assert is_idle(desk.members[0])


async def test_waiting_for_a_slot_is_no_fault_of_the_provider(lines: Lines, fake: FakeLlm) -> None:
    desk = make_desk(lines[0], most_in_flight=1)
    await desk.members[0].slots.acquire()
    assert told(await desk.ask(left_s=0.2)) == ["a first no_time"]
    assert desk.members[0].breaker.tally.failed == 0
    assert fake.stats()["requests"] == 0


async def test_a_cancelled_question_leaves_nothing_behind(desk: Desk, fake: FakeLlm) -> None:
    fake.control(faults={"never_answers": 1.0})
    asking = asyncio.create_task(desk.ask())

    async def is_asked() -> bool:
        return bool(fake.stats()["in_flight"])

    await until(is_asked)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert desk.members[0].breaker.tally.ignored == 1
    assert is_idle(desk.members[0])
    labels = {"provider": "a", "model": "model-a", "cause": "first"}
    assert desk.sample("llm_attempts_total", outcome="cancelled", **labels) == 1


async def test_a_dead_provider_is_passed_over_until_it_may_be_tried_again(lines: Lines) -> None:
    async with open_lines(unused_url()) as dead:
        desk = make_desk(*dead, lines[1], budget=RetryBudget(most=100.0))
        for _ in range(BREAKER.consecutive_failures // 3 + 1):
            assert (await desk.ask()).provider == "b"
        assert told(await desk.ask()) == ["b first ok"]
        desk.breaker_clock.now_s += BREAKER.open_s
        after_a_rest = told(await desk.ask())
    assert after_a_rest == ["a first network", "a retry circuit_open", "b failover ok"]


async def test_a_provider_that_comes_back_is_asked_again(desk: Desk) -> None:
    error = ProviderError(REASONS["network"], "network")
    breaker = desk.members[0].breaker
    for _ in range(BREAKER.consecutive_failures):
        breaker.failed(breaker.admit(), error)
    assert told(await desk.ask()) == ["b first ok"]
    desk.breaker_clock.now_s += BREAKER.open_s
    for _ in range(BREAKER.successes_to_close):
        assert told(await desk.ask()) == ["a first ok"]
    assert breaker.state.value == "closed"


async def test_where_every_circuit_is_open_nobody_is_asked_and_nothing_is_paid(
    desk: Desk, fake: FakeLlm
) -> None:
    error = ProviderError(REASONS["network"], "network")
    for member in desk.members:
        for _ in range(BREAKER.consecutive_failures):
            member.breaker.failed(member.breaker.admit(), error)
    before = desk.inquirer.budget.tokens
    assert told(await desk.ask()) == ["a first circuit_open", "b failover circuit_open"]
    assert desk.inquirer.budget.tokens == before
    assert fake.stats()["requests"] == 0


async def test_a_drill_makes_a_provider_fail_without_asking_it(desk: Desk, fake: FakeLlm) -> None:
    desk.members[0].is_drilled = True
    assert told(await desk.ask()) == ["a first drill", "b failover ok"]
    assert fake.stats()["by_model"] == {"model-b": 1}


@pytest.mark.parametrize("fault", ["http_401", "http_400"])
async def test_who_stands_in_for_one_that_cannot_answer_is_asked_without_a_budget(
    lines: Lines, fake: FakeLlm, fault: str
) -> None:
    fake.control(next=[fault])
    asked = await make_desk(*lines, budget=BROKE).ask()
    assert told(asked) == [f"a first {LEFT[fault]}", "b failover ok"]


async def test_who_stands_in_for_one_that_is_ill_is_paid_for_past_a_drilled_one(
    lines: Lines, fake: FakeLlm
) -> None:
    fake.control(next=["http_429"], retry_after_s=60.0)
    desk = make_desk(*lines, lines[0], budget=BROKE)
    desk.members[1].is_drilled = True
    expected = ["a first rate_limited", "b failover drill", "c failover no_budget"]
    assert told(await desk.ask()) == expected


async def test_a_drill_takes_nothing_from_the_retry_budget(lines: Lines) -> None:
    desk = make_desk(*lines, budget=BROKE)
    desk.members[0].is_drilled = True
    assert told(await desk.ask()) == ["a first drill", "b failover ok"]


async def test_a_drilled_provider_gets_no_hedge(lines: Lines, fake: FakeLlm) -> None:
    fake.control(next=["never_answers"])
    desk = make_desk(*lines, terms={"is_hedging": True})
    desk.members[1].is_drilled = True
    assert told(await hedged(desk)) == ["a hedge ok", "a first cancelled"]


@dataclass
class SlowFirst(Script):
    """A transport that knows no caller, and whose first call ends once the second has begun."""

    has_second: asyncio.Event = field(default_factory=asyncio.Event)

    async def complete(self, question: Question, timeout_s: float) -> Completion:
        """The next line."""
        if self.asked:
            self.has_second.set()
        self.asked.append(question)
        await self.has_second.wait()
        return await super().complete(question, timeout_s)


async def test_who_was_hedged_with_before_is_asked_again_for_a_price() -> None:
    line = SlowFirst([ProviderError(REASONS["unauthorized"], "unauthorized")])
    budget = RetryBudget(share=0.0, most=1.0)
    desk = make_desk(line, line, budget=budget, terms={"is_hedging": True})
    assert told(await hedged(desk))[-1] == "b failover no_budget"


async def test_who_refuses_every_question_is_soon_asked_after_the_others(lines: Lines) -> None:
    desk = make_desk(*[Script([failure("bad_request", 400)])] * 2, lines[0])
    for _ in range(MOST_MISFITS):
        await desk.ask()
    assert told(await desk.ask()) == ["c first ok"]
    assert [len(line.asked) for line in desk.transports] == [
        MOST_MISFITS,
        MOST_MISFITS,
        MOST_MISFITS + 1,
    ]


async def test_an_answer_that_nobody_foresaw_goes_to_the_next_provider(lines: Lines) -> None:
    desk = make_desk(Script([KeyError("choices")]), lines[1])
    assert told(await desk.ask()) == ["a first defect", "b failover ok"]


async def test_the_cheapest_is_asked_first(lines: Lines) -> None:
    terms = {"preference": Preference.CHEAPEST}
    desk = make_desk(*lines, terms=terms)
    dear = replace(desk.members[0].provider, output_usd_per_million=Decimal(5))
    desk.members[0].provider = dear
    assert told(await desk.ask()) == ["b first ok"]


async def test_weights_share_the_questions_out(lines: Lines, fake: FakeLlm) -> None:
    terms = {"preference": Preference.WEIGHTED}
    desk = make_desk(*lines, terms=terms)
    for _ in range(40):
        await desk.ask()
    assert min(fake.stats()["by_model"].values()) > 8


async def test_a_provider_that_is_named_is_asked_alone(lines: Lines, fake: FakeLlm) -> None:
    fake.control(next=["http_400"])
    desk = make_desk(*lines)
    assert told(await desk.ask(provider="b")) == ["b first bad_request"]


async def test_a_provider_that_is_named_is_hedged_with_itself(lines: Lines, fake: FakeLlm) -> None:
    fake.control(next=["never_answers"])
    desk = make_desk(*lines, terms={"is_hedging": True})
    assert told(await hedged(desk, provider="a")) == ["a hedge ok", "a first cancelled"]


async def hedged(desk: Desk, provider: str = "") -> Asked[ModelAnswer]:
    """How a question fares when "a" is known to take 0.3 s: by then it has surely been asked."""
    for _ in range(ENOUGH):
        desk.members[0].succeeded(0.3)
    return await desk.ask(provider=provider)


async def test_a_hedge_answers_for_a_call_that_takes_long(lines: Lines, fake: FakeLlm) -> None:
    fake.control(next=["never_answers"])
    desk = make_desk(*lines, terms={"is_hedging": True})
    assert told(await hedged(desk)) == ["b hedge ok", "a first cancelled"]
    loser = desk.members[0]
    assert loser.breaker.tally.ignored == 1
    assert loser.breaker.tally.failed == 0
    assert is_idle(loser)
    labels = {"provider": "a", "model": "model-a", "cause": "first", "outcome": "cancelled"}
    assert desk.sample("llm_attempts_total", **labels) == 1
    assert desk.inquirer.budget.tokens == 9.0


async def test_a_hedge_goes_to_the_same_provider_where_no_other_can_answer(
    lines: Lines, fake: FakeLlm
) -> None:
    fake.control(next=["never_answers"])
    desk = make_desk(lines[0], terms={"is_hedging": True})
    assert told(await hedged(desk)) == ["a hedge ok", "a first cancelled"]


async def test_a_hedge_that_the_budget_does_not_pay_for_is_not_made(
    lines: Lines, fake: FakeLlm
) -> None:
    fake.control(faults={"never_answers": 1.0})
    terms = {"is_hedging": True}
    desk = make_desk(*lines, budget=BROKE, terms=terms, timeout_s=SHORT_S)
    assert told(await hedged(desk)) == ["a first timeout", "a retry no_budget"]


async def test_a_flawed_answer_of_a_hedge_does_not_win(lines: Lines, fake: FakeLlm) -> None:
    fake.control(next=["never_answers", "not_json"])
    terms = {"is_hedging": True}
    desk = make_desk(*lines, terms=terms, timeout_s=2 * SHORT_S)
    asked = await hedged(desk)
    assert told(asked)[:2] == ["b hedge not_json", "a first timeout"]
    assert asked.answer is not None


@pytest.mark.parametrize(
    ("fault", "reason"), [("http_401", "unauthorized"), ("http_402", "unpaid")]
)
async def test_a_critical_failure_alerts_until_it_is_mended(
    desk: Desk, fake: FakeLlm, fault: str, reason: str
) -> None:
    fake.control(next=[fault])
    await desk.ask()
    assert desk.alerts == [("a", reason)]
    assert desk.sample("llm_provider_critical", provider="a", reason=reason) == 1
    await desk.ask()
    assert desk.sample("llm_provider_critical", provider="a", reason=reason) == 0


async def test_a_stream_is_heard_as_it_comes(desk: Desk) -> None:
    screen = Screen(shows=True)
    asked = await desk.ask(listener=screen)
    assert asked.completion is not None
    assert "".join(screen.pieces) == asked.completion.text
    assert len(screen.pieces) > 10
    assert [attempt.outcome for attempt in screen.attempts] == ["ok"]


async def test_a_stream_that_breaks_off_unseen_is_tried_again(desk: Desk, fake: FakeLlm) -> None:
    fake.control(next=["half_stream"])
    screen = Screen()
    assert told(await desk.ask(listener=screen)) == ["a first network", "a retry ok"]
    assert [attempt.outcome for attempt in screen.attempts] == ["network", "ok"]


@pytest.mark.parametrize("fault", ["half_stream", "not_json", "cut_off"])
async def test_after_a_part_of_the_answer_was_seen_nobody_else_is_asked(
    desk: Desk, fake: FakeLlm, fault: str
) -> None:
    fake.control(next=[fault])
    asked = await desk.ask(listener=Screen(shows=True))
    assert asked.answer is None
    assert len(asked.attempts) == 1
    assert fake.stats()["requests"] == 1
