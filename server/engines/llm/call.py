"""One call of a provider: in its turn, within its time, and put on record however it ends."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from server.engines.llm.alarm import Alarm
from server.engines.llm.classification import failure
from server.engines.llm.completion import Completion, Question
from server.engines.llm.errors import Fault, ProviderError
from server.engines.llm.flaws import FlawedAnswer
from server.engines.llm.member import Member, OutOfTime
from server.engines.llm.metrics import LlmMetrics
from server.engines.llm.till import Bill, Till
from server.logs import origin_of
from server.triage.engine import Attempt

OK = "ok"
LOGGER = logging.getLogger("switchyard.llm")
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
        till = self.till
        bill = Bill(question) if till is None else await till.open_bill(member.provider, question)
        try:
            completion, answer, seconds = await self._heard(member, question, cause, bill)
        finally:
            if till is not None:
                till.settle(member.provider, bill)
        if isinstance(answer, FlawedAnswer):
            self.note(member, cause, answer.flaw.value, seconds, bill)
            raise Rejected(answer, completion.text)
        return Given(answer, completion, self.note(member, cause, OK, seconds, bill))

    async def _heard(
        self, member: Member, question: Question, cause: str, bill: Bill
    ) -> tuple[Completion, Answer | FlawedAnswer, float]:
        """What came, what was made of it, and the seconds that it took."""
        permit = member.breaker.admit()
        begin_s = self.clock()
        try:
            completion, answer = await self._understood(member, question, bill)
        except BaseException as error:
            member.breaker.failed(permit, error)
            seconds = self.clock() - begin_s
            self.note(member, cause, self._failed(member, error), seconds, bill, error)
            raise
        seconds = self.clock() - begin_s
        member.breaker.succeeded(permit)
        member.succeeded(seconds)
        self.alarm.succeeded(member.provider.name)
        return completion, answer, seconds

    async def _understood(
        self, member: Member, question: Question, bill: Bill
    ) -> tuple[Completion, Answer | FlawedAnswer]:
        try:
            completion = bill.completion = await self._in_turn(member, question, bill)
            return completion, self.read(completion)
        except FlawedAnswer as flawed:
            return completion, flawed
        except ProviderError as error:
            bill.is_running |= error.has_begun
            raise
        except Exception as error:
            # One odd answer must cost its provider a call, not the ticket its answer.
            LOGGER.error("an answer nobody foresaw: %s", origin_of(error))  # noqa: TRY400  # its message may quote a ticket
            raise failure("defect") from None

    def note(
        self,
        member: Member,
        cause: str,
        outcome: str,
        seconds: float = 0.0,
        bill: Bill | None = None,
        error: BaseException | None = None,
    ) -> Attempt:
        """Put a call on record, or why there was none."""
        provider = member.provider
        used = (0, 0) if bill is None else bill.used()
        cost = provider.cost_micro_usd(*used)
        status = error.status if isinstance(error, ProviderError) else None
        attempt = Attempt(
            provider.name, provider.model, cause, outcome, seconds, *used, cost, status
        )
        self.attempts.append(attempt)
        self.metrics.attempted(attempt)
        if self.listener is not None:
            self.listener.attempted(attempt)
        return attempt

    async def _in_turn(self, member: Member, question: Question, bill: Bill) -> Completion:
        await self._take_slot(member)
        longest_s = member.provider.timeout_s
        timeout_s = min(longest_s, self.left_s())
        bill.is_running = True
        try:
            if self.listener is None:
                return await member.transport.complete(question, timeout_s)
            pieces = member.transport.stream(question, timeout_s)
            return await self._shown(self.listener, pieces, bill)
        except ProviderError as error:
            if error.reason != "timeout":
                bill.is_running = False
            elif timeout_s < longest_s:
                raise OutOfTime(had_usual_time=0 < member.p95_s <= timeout_s) from None
            raise
        finally:
            member.slots.release()

    async def _take_slot(self, member: Member) -> None:
        """Wait for a turn, as long as there is time for a call after it. Raises OutOfTime."""
        slots = member.slots
        if not slots.locked():  # as nearly always: no timer is set for nothing
            await slots.acquire()
            return
        try:
            async with asyncio.timeout(self.left_s() - member.shortest_s):
                await slots.acquire()
        except TimeoutError:
            raise OutOfTime from None

    async def _shown(
        self, listener: Listener, pieces: AsyncGenerator[str | Completion, None], bill: Bill
    ) -> Completion:
        """The answer that is streamed, shown while it comes."""
        async with aclosing(pieces):
            async for piece in pieces:
                if isinstance(piece, Completion):
                    return piece
                bill.received.append(piece)
                self.has_shown |= listener.wrote(piece)
        raise ProviderError(Fault.TRANSIENT, "network")

    def _failed(self, member: Member, error: BaseException) -> str:
        """The outcome to put on record."""
        if not isinstance(error, ProviderError):
            return "cancelled"
        member.failed(error)
        if error.fault is Fault.CRITICAL:
            self.alarm.failed(member.provider.name, error.reason)
        return error.reason
