"""Providers that answer as they are told to, without a network."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field

from interceptors.breaker.registry import BreakerRegistry
from interceptors.breaker.settings import BreakerSettings
from server.engines.llm.classification import failure
from server.engines.llm.completion import Completion, Question
from server.engines.llm.member import Member, make_member
from server.engines.llm.provider import Provider


@dataclass
class Script:
    """A transport that says its lines one after the other, the last one for ever."""

    lines: list[Completion | Exception]
    asked: list[Question] = field(default_factory=list)
    timeouts_s: list[float] = field(default_factory=list)

    async def complete(self, question: Question, timeout_s: float) -> Completion:
        """The next line."""
        self.asked.append(question)
        self.timeouts_s.append(timeout_s)
        line = self.lines.pop(0) if len(self.lines) > 1 else self.lines[0]
        if isinstance(line, Exception):
            raise line
        return line

    async def stream(
        self, question: Question, timeout_s: float
    ) -> AsyncGenerator[str | Completion, None]:
        """The next line, letter by letter."""
        line = await self.complete(question, timeout_s)
        for letter in line.text:
            yield letter
        yield line

    async def close(self) -> None:
        """Nothing is open."""


class Silence:
    """A transport that never answers in time, and knows whether anybody still waits."""

    def __init__(self) -> None:
        self.waiting = 0

    async def complete(self, _question: Question, timeout_s: float) -> Completion:
        """No answer."""
        self.waiting += 1
        try:
            async with asyncio.timeout(timeout_s):
                await asyncio.Event().wait()
        except TimeoutError:
            raise failure("timeout") from None
        finally:
            self.waiting -= 1
        raise AssertionError

    async def stream(
        self, question: Question, timeout_s: float
    ) -> AsyncGenerator[str | Completion, None]:
        """No answer."""
        yield await self.complete(question, timeout_s)

    async def close(self) -> None:
        """Nothing is open."""


def member(
    transport: Script | Silence, clock: Callable[[], float], name: str = "a", **terms: object
) -> Member:
    """A provider with a breaker of its own."""
    provider = Provider(name, "http://127.0.0.1:1/v1", f"{name}-1", **terms)  # type: ignore[arg-type]  # of many types
    return make_member(provider, transport, BreakerRegistry(BreakerSettings(), clock), clock)
