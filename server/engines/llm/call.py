"""One call of a provider: in its turn, within its time, and put on record however it ends."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from server.engines.llm.alarm import Alarm
from server.engines.llm.completion import Completion, Question
from server.engines.llm.errors import Fault, ProviderError
from server.engines.llm.flaws import FlawedAnswer
from server.engines.llm.member import Member, OutOfTime, counts_against
from server.engines.llm.metrics import LlmMetrics
from server.engines.llm.till import Bill, Till
from server.triage.engine import Attempt

OK = "ok"
Answer = TypeVar("Answer")
# Makes an answer of a completion. Raises FlawedAnswer.
Read = Callable[[Completion], Answer]


class Listener(Protocol):
    """Hears how a question fares."""

    def attempted(self, attempt: Attempt) -> None:
        """A call has ended, or was not begun."""

    def wrote(self, piece: str) -> bool:
        """A piece of an answer has come; whether any of it was shown to the caller."""


@dataclass(frozen=True, slots=True)
class Given(Generic[Answer]):
    """A good answer, and the call that brought it."""

    answer: Answer
    completion: Completion
    attempt: Attempt


class Rejected(Exception):
    """An answer that arrived and cannot be used; `said` is all of it."""

    def __init__(self, flawed: FlawedAnswer, said: str) -> None:
        super().__init__(flawed.flaw.value)
        self.flawed = flawed
        self.said = said


@dataclass(slots=True)
class Calls(Generic[Answer]):
    """The calls that are made for one question."""

    read: Read[Answer]
    deadline_s: float  # by the clock
    listener: Listener | None
    metrics: LlmMetrics
    alarm: Alarm
    clock: Callable[[], float]
    till: Till | None = None  # None: nobody counts the money
    attempts: list[Attempt] = field(default_factory=list)
    has_shown: bool = False  # a part of an answer, which nobody can take back

    def left_s(self) -> float:
        """Seconds until the deadline."""
        return self.deadline_s - self.clock()

    async def call(self, member: Member, question: Question, cause: str) -> Given[Answer]:
        """A good answer of this provider.

        Raises CircuitOpen, ProviderError, Rejected, BudgetSpent.
        """
        async with self._paying(member, question) as bill:
            completion, seconds = await self._completed(member, question, cause)
            bill.completion = completion
        try:
            answer = self.read(completion)
        except FlawedAnswer as flawed:
            self.note(member, cause, flawed.flaw.value, seconds, completion)
            raise Rejected(flawed, completion.text) from None
        return Given(answer, completion, self.note(member, cause, OK, seconds, completion))

    def _paying(self, member: Member, question: Question) -> AbstractAsyncContextManager[Bill]:
        if self.till is None:
            return nullcontext(Bill())
        return self.till.paying(member.provider, question)

    async def _completed(
        self, member: Member, question: Question, cause: str
    ) -> tuple[Completion, float]:
        permit = member.breaker.admit()
        begin_s = self.clock()
        try:
            completion = await self._in_turn(member, question)
        except BaseException as error:
            member.breaker.failed(permit, error)
            self.note(member, cause, self._failed(member, error), self.clock() - begin_s)
            raise
        seconds = self.clock() - begin_s
        member.breaker.succeeded(permit)
        member.succeeded(seconds)
        self.alarm.succeeded(member.provider.name)
        return completion, seconds

    def note(
        self,
        member: Member,
        cause: str,
        outcome: str,
        seconds: float = 0.0,
        completion: Completion | None = None,
    ) -> Attempt:
        """Put a call on record, or why there was none."""
        provider = member.provider
        used = (0, 0) if completion is None else (completion.input_tokens, completion.output_tokens)
        cost = provider.cost_micro_usd(*used)
        attempt = Attempt(provider.name, provider.model, cause, outcome, seconds, *used, cost)
        self.attempts.append(attempt)
        self.metrics.attempted(attempt)
        if self.listener is not None:
            self.listener.attempted(attempt)
        return attempt

    async def _in_turn(self, member: Member, question: Question) -> Completion:
        longest_s = member.provider.timeout_s
        timeout_s = 0.0
        try:
            async with asyncio.timeout(self.left_s()), member.slots:
                timeout_s = min(longest_s, self.left_s())
                return await self._completion(member, question, timeout_s)
        except TimeoutError:
            raise OutOfTime from None
        except ProviderError as error:
            if error.reason == "timeout" and timeout_s < longest_s:
                raise OutOfTime from None
            raise

    async def _completion(self, member: Member, question: Question, timeout_s: float) -> Completion:
        if member.is_drilled:
            raise ProviderError(Fault.RECOVERABLE, "drill")
        if self.listener is None:
            return await member.transport.complete(question, timeout_s)
        async with aclosing(member.transport.stream(question, timeout_s)) as pieces:
            async for piece in pieces:
                if isinstance(piece, Completion):
                    return piece
                self.has_shown |= self.listener.wrote(piece)
        raise ProviderError(Fault.TRANSIENT, "network")

    def _failed(self, member: Member, error: BaseException) -> str:
        """The outcome to put on record."""
        if not isinstance(error, ProviderError):
            return "cancelled" if isinstance(error, asyncio.CancelledError) else "defect"
        if counts_against(error):
            member.failed()
        if error.fault is Fault.CRITICAL:
            self.alarm.failed(member.provider.name, error.reason)
        return error.reason
