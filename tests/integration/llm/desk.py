"""Providers at a rehearsal endpoint, and questions put to them."""

import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any

from prometheus_client import CollectorRegistry

from interceptors.breaker.registry import BreakerRegistry
from interceptors.breaker.settings import BreakerSettings
from server.engines.llm.alarm import Alarm
from server.engines.llm.call import Listener
from server.engines.llm.checks import check
from server.engines.llm.completion import Completion, Question, Transport
from server.engines.llm.form import Form, ModelAnswer
from server.engines.llm.inquiry import Asked, Inquirer
from server.engines.llm.intent import find_claims
from server.engines.llm.lean_transport import LeanTransport
from server.engines.llm.member import Member, make_member
from server.engines.llm.metrics import LlmMetrics
from server.engines.llm.prompt import make_prompt, messages_for, shortened
from server.engines.llm.provider import Provider, Providers
from server.engines.llm.retry_budget import RetryBudget
from server.triage.engine import Parts
from server.triage.starter import starter_taxonomy
from tests.integration.llm.ways import KEY
from tests.unit.interceptors.clock import Clock

TAXONOMY = starter_taxonomy()
FORM = Form(tuple(TAXONOMY.by_name), Parts())
PROMPT = make_prompt(TAXONOMY.categories)
BODY = "I was charged twice on my invoice, and the invoice is wrong as well."
LONG_S = 30.0


@dataclass
class Recorder:
    """A transport that remembers what it was asked."""

    inner: Transport
    asked: list[Question] = field(default_factory=list)

    async def complete(self, question: Question, timeout_s: float) -> Completion:
        """As the inner one."""
        self.asked.append(question)
        return await self.inner.complete(question, timeout_s)

    async def stream(
        self, question: Question, timeout_s: float
    ) -> AsyncGenerator[str | Completion, None]:
        """As the inner one."""
        self.asked.append(question)
        async for piece in self.inner.stream(question, timeout_s):
            yield piece

    async def close(self) -> None:
        """As the inner one."""
        await self.inner.close()


class Desk:
    """Members "a" and "b", and an inquirer whose pauses pass at once and are remembered."""

    def __init__(self, lines: Sequence[Transport], terms: Providers, budget: RetryBudget) -> None:
        self.registry = CollectorRegistry()
        self.breaker_clock = Clock()
        self.pauses_s: list[float] = []
        self.alerts: list[tuple[str, str]] = []
        breakers = BreakerRegistry(BreakerSettings(), self.breaker_clock)
        self.transports = [Recorder(line) for line in lines]
        self.members = [
            make_member(provider, transport, breakers, self.breaker_clock)
            for provider, transport in zip(terms.providers, self.transports, strict=True)
        ]
        metrics = LlmMetrics(self.registry)
        alarm = Alarm(metrics, time.monotonic, lambda *alert: self.alerts.append(alert))
        chance = Random(1)  # noqa: S311  # repeatable, not secret
        self.inquirer = Inquirer(
            self.members, terms, budget, metrics, alarm=alarm, sleep=self._pause, chance=chance
        )

    async def ask(
        self,
        body: str = BODY,
        left_s: float = LONG_S,
        listener: Listener | None = None,
        provider: str = "",
    ) -> Asked[ModelAnswer]:
        """Put one ticket to the members."""
        messages = messages_for(PROMPT, {"body": body})
        question = Question(messages, "triage", FORM.schema, most_tokens=300)
        reader = partial(read, messages[-1].text)
        deadline_s = time.monotonic() + left_s
        return await self.inquirer.ask(
            question, reader, deadline_s, shortened, listener, provider=provider
        )

    def sample(self, name: str, **labels: str) -> float | None:
        """What a metric shows."""
        return self.registry.get_sample_value(name, labels)

    async def _pause(self, seconds: float) -> None:
        self.pauses_s.append(seconds)


def make_desk(
    *lines: Transport,
    budget: RetryBudget | None = None,
    terms: Mapping[str, Any] | None = None,
    **of_each: Any,
) -> Desk:
    """A desk with a provider at each line: "a", "b" and so on."""
    providers = tuple(
        Provider(name, "http://127.0.0.1/v1", f"model-{name}", **of_each)
        for name, _ in zip("abc", lines, strict=False)
    )
    return Desk(lines, Providers(providers, **(terms or {})), budget or RetryBudget())


@asynccontextmanager
async def open_lines(*urls: str) -> AsyncIterator[list[LeanTransport]]:
    """A transport to a model at each URL: "model-a", "model-b" and so on."""
    lines = [
        LeanTransport(
            url,
            KEY,
            f"model-{name}",
            has_strict_schema=True,
            has_logprobs=True,
            most_connections=8,
        )
        for name, url in zip("abc", urls, strict=False)
    ]
    try:
        yield lines
    finally:
        for line in lines:
            await line.close()


def told(asked: Asked[ModelAnswer]) -> list[str]:
    """The attempts in short: who, why, how it ended."""
    return [f"{each.provider} {each.cause} {each.outcome}" for each in asked.attempts]


def is_idle(member: Member) -> bool:
    """Whether nobody holds a slot of this member."""
    return member.slots._value == member.provider.most_in_flight


def read(ticket: str, completion: Completion) -> ModelAnswer:
    """The answer, with all that is checked."""
    answer = FORM.read(completion)
    check(answer, find_claims(answer.reply or ""), PROMPT, ticket)
    return answer
