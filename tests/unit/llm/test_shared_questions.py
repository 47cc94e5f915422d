"""Callers who want the same answer at once: each waits no longer than its own time."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest_asyncio
from prometheus_client import CollectorRegistry

from interceptors.cache.answer_cache import AnswerCache
from interceptors.cache.memory import Memory
from server.engines.llm.completion import Completion, Question
from server.engines.llm.engine import LlmEngine, LlmReading
from server.engines.llm.errors import REASONS, ProviderError
from server.engines.llm.exact import NAME, ExactAnswers
from server.engines.llm.inquiry import Inquirer
from server.engines.llm.metrics import LlmMetrics
from server.engines.llm.provider import Providers
from server.engines.llm.retry_budget import RetryBudget
from server.triage.assessment import Assessment
from server.triage.engine import Outward, Parts
from server.triage.starter import starter_taxonomy
from tests.unit.interceptors.cache.questions import until
from tests.unit.llm.answers import answer
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

    def ask(self, script: Script, seconds: float) -> Asking:
        """Begin to ask a model, with so much time."""
        one = member(script, time.monotonic)
        metrics = LlmMetrics(CollectorRegistry())
        inquirer = Inquirer([one], Providers((one.provider,)), RetryBudget(), metrics, sleep=_pass)
        engine = LlmEngine(Reader(), starter_taxonomy(), inquirer, self.exact)
        reading = engine.read(b"{}", Parts())
        outward = Outward("tenant", {"body": "Where is it?"}, time.monotonic() + seconds)
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


async def test_who_has_more_time_than_the_first_asks_when_the_firsts_is_over(
    callers: Callers,
) -> None:
    held = Held([ProviderError(REASONS["timeout"], "timeout")])
    first_reading, first = callers.ask(held, 30.0)
    reading, other = await callers.join(Script([answer()]), 30.0)
    held.may_speak.set()
    await asyncio.gather(first, other)
    assert first_reading.is_degraded
    assert not reading.is_degraded
