"""Callers who want the same answer at once: each waits no longer than its own time."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
import pytest_asyncio
from prometheus_client import CollectorRegistry

from interceptors.cache.answer_cache import AnswerCache
from interceptors.cache.memory import Memory
from server.engines.llm.classification import failure
from server.engines.llm.completion import Completion, Question
from server.engines.llm.engine import LlmEngine, LlmReading
from server.engines.llm.errors import ProviderError
from server.engines.llm.exact import NAME, ExactAnswers
from server.engines.llm.inquiry import Inquirer
from server.engines.llm.member import OutOfTime
from server.engines.llm.metrics import LlmMetrics
from server.engines.llm.provider import Providers
from server.engines.llm.retry_budget import RetryBudget
from server.triage.assessment import Assessment
from server.triage.engine import Outward, Parts, Terms
from server.triage.starter import starter_taxonomy
from tests.unit.interceptors.cache.questions import until
from tests.unit.llm.answers import answer, completion
from tests.unit.llm.fake_members import Script, member
from tests.unit.llm.test_engine import Reader

Asking = tuple[LlmReading, asyncio.Task[tuple[Assessment, float]]]


@dataclass
class Held(Script):
    """A transport that says its lines when it may."""

    may_speak: asyncio.Event = field(default_factory=asyncio.Event)

    async def complete(self, question: Question, timeout_s: float) -> Completion:
        """The next line."""
        await self.may_speak.wait()
        return await super().complete(question, timeout_s)


class Callers:
    """Callers with the same ticket, each with a model of its own and one cache for all."""

    def __init__(self) -> None:
        self.cache = AnswerCache(Memory())
        self.exact = ExactAnswers(self.cache)
        self.tasks: list[asyncio.Task[tuple[Assessment, float]]] = []

    def ask(
        self,
        script: Script,
        seconds: float,
        terms: Terms | None = None,
        *,
        may_share: bool = True,
    ) -> Asking:
        """Begin to ask a model, with so much time."""
        one = member(script, time.monotonic)
        metrics = LlmMetrics(CollectorRegistry())
        inquirer = Inquirer([one], Providers((one.provider,)), RetryBudget(), metrics, sleep=_pass)
        engine = LlmEngine(Reader(), starter_taxonomy(), inquirer, self.exact)
        reading = engine.read(b"{}", Parts())
        outward = Outward(
            "tenant",
            {"body": "Where is it?"},
            time.monotonic() + seconds,
            terms=terms or Terms(),
            may_share=may_share,
        )
        self.tasks.append(asyncio.create_task(reading.assess(outward)))
        return reading, self.tasks[-1]

    async def join(self, script: Script, seconds: float) -> Asking:
        """The same, of one who waits for another's answer."""
        asking, figures = self.ask(script, seconds), self.cache.terms[NAME].figures
        await until(lambda: figures.coalesced == 1)
        return asking


@pytest_asyncio.fixture
async def callers() -> AsyncIterator[Callers]:
    """Nobody yet; who asks still at the end is sent away."""
    callers = Callers()
    yield callers
    for task in callers.tasks:
        task.cancel()
    await asyncio.gather(*callers.tasks, return_exceptions=True)


async def _pass(_seconds: float) -> None:
    """No pause."""


async def test_who_has_less_time_than_the_first_does_not_wait_for_its_answer(
    callers: Callers,
) -> None:
    _, first = callers.ask(Held([answer()]), 30.0)
    reading, other = await callers.join(Script([answer()]), 0.5)
    await other
    assert reading.is_degraded
    assert not first.done()


HARDLY_S = 0.7  # of which 0.25 s are kept for what comes after the asking


@pytest.mark.parametrize(
    ("line", "seconds"),
    [
        (OutOfTime(), 5.0),
        (completion("no JSON"), HARDLY_S),
        (failure("rate_limited", 429, retry_after_s=5.0), 5.0),
    ],
    ids=["its time was over", "no time for a correction", "no time for what it is told to wait"],
)
async def test_who_has_more_time_than_the_first_asks_when_the_firsts_is_over(
    callers: Callers, line: Completion | ProviderError, seconds: float
) -> None:
    held = Held([line])
    first_reading, first = callers.ask(held, seconds)
    reading, other = await callers.join(Script([answer()]), 30.0)
    held.may_speak.set()
    await asyncio.gather(first, other)
    assert first_reading.is_degraded
    assert not reading.is_degraded


@pytest.mark.parametrize("line", [completion("no JSON"), failure("network")])
async def test_what_failed_though_there_was_time_is_not_asked_again(
    callers: Callers, line: Completion | ProviderError
) -> None:
    held, unasked = Held([line]), Script([answer()])
    _, first = callers.ask(held, 30.0)
    reading, other = await callers.join(unasked, 30.0)
    held.may_speak.set()
    await asyncio.gather(first, other)
    assert reading.is_degraded
    assert unasked.asked == []


async def test_what_was_asked_before_is_not_asked_again(callers: Callers) -> None:
    await callers.ask(Script([answer()]), 30.0)[1]
    again = Script([answer()])
    await callers.ask(again, 30.0)[1]
    assert again.asked == []


@pytest.mark.parametrize(
    "terms", [Terms(model="a"), Terms(prompt="triage-2"), Terms(temperature=0.0)], ids=str
)
async def test_under_other_terms_it_is_another_question(callers: Callers, terms: Terms) -> None:
    await callers.ask(Script([answer()]), 30.0)[1]
    again = Script([answer()])
    await callers.ask(again, 30.0, terms)[1]
    assert len(again.asked) == 1


async def test_who_may_not_share_is_answered_afresh_and_leaves_no_answer(callers: Callers) -> None:
    alone, next_one = Script([answer(), answer()]), Script([answer()])
    await callers.ask(alone, 30.0, may_share=False)[1]
    await callers.ask(next_one, 30.0)[1]
    await callers.ask(alone, 30.0, may_share=False)[1]
    assert len(alone.asked) == 2
    assert len(next_one.asked) == 1
