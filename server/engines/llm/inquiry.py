"""One question on its way through the providers, until one of them has answered it well.

Everything beyond the first call is paid from the retry budget, but for the first call of a provider
in the place of one that cannot answer: it burdens nobody who is ill. Nothing is begun that the
caller's deadline leaves no time for.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic

from interceptors.errors import CircuitOpen
from server.budget.errors import BudgetSpent
from server.budget.ledger import Ledger
from server.engines.llm.alarm import Alarm
from server.engines.llm.call import Answer, Calls, Given, Listener, Read, Rejected
from server.engines.llm.completion import Completion, Question
from server.engines.llm.errors import Fault, ProviderError
from server.engines.llm.flaws import Flaw, corrected
from server.engines.llm.member import Member, OutOfTime, in_order
from server.engines.llm.metrics import LlmMetrics
from server.engines.llm.next_step import Way, correction_backoff_s, next_step
from server.engines.llm.provider import Providers
from server.engines.llm.race import race
from server.engines.llm.retry_budget import RetryBudget
from server.engines.llm.till import Till
from server.triage.engine import Attempt


@dataclass(frozen=True, slots=True)
class Asked(Generic[Answer]):
    """How it went. Without an answer: nobody gave a good one in time."""

    attempts: tuple[Attempt, ...]
    answer: Answer | None = None
    completion: Completion | None = None
    provider: str = ""  # who answered
    model: str = ""
    lacked_time: bool = False  # with more of it, more would have been tried


class Inquirer:
    """Asks the providers in turn."""

    def __init__(
        self,
        members: Sequence[Member],
        terms: Providers,
        budget: RetryBudget,
        metrics: LlmMetrics,
        *,
        alarm: Alarm | None = None,
        ledger: Ledger | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: random.Random | None = None,
    ) -> None:
        self.members = tuple(members)
        self.terms = terms
        self.budget = budget
        self.metrics = metrics
        self.alarm = alarm or Alarm(metrics, clock)
        self.ledger = ledger
        self.clock = clock
        self.sleep = sleep
        self.chance = chance or random.Random()  # noqa: S311  # spreads load, guards nothing

    async def ask(
        self,
        question: Question,
        read: Read[Answer],
        deadline_s: float,
        shorten: Callable[[Question], Question],
        listener: Listener | None = None,
        tenant: str = "",
        provider: str = "",
    ) -> Asked[Answer]:
        """The first good answer, with every attempt. `deadline_s` is a time of the clock. With a
        `provider`, nobody else is asked.

        Raises BudgetSpent where the tenant wants its tickets refused then, and StorageUnavailable.
        """
        till = None if self.ledger is None else Till(self.ledger, tenant)
        calls = Calls(read, deadline_s, listener, self.metrics, self.alarm, self.clock, till)
        members = [m for m in self.members if provider in {"", m.provider.name}]
        inquiry = _Inquiry(self, members, question, shorten, calls)
        for member in self.ordered(members):
            given = await inquiry.put_to(member)
            if given is not None:
                by = given.attempt
                attempts = tuple(calls.attempts)
                return Asked(attempts, given.answer, given.completion, by.provider, by.model)
            if inquiry.is_over:
                break
        return Asked(tuple(calls.attempts), lacked_time=inquiry.lacked_time)

    def ordered(self, members: Sequence[Member]) -> list[Member]:
        """These members, in the order in which they are to be asked."""
        return in_order(members, self.terms.preference, self.chance)


@dataclass(frozen=True, slots=True)
class _Plan:
    """A call that is to be made."""

    question: Question
    cause: str
    wait_s: float = 0.0
    corrects: Flaw | None = None


@dataclass(slots=True)
class _Inquiry(Generic[Answer]):
    """One question, and how far it has come."""

    by: Inquirer
    members: Sequence[Member]  # who may be asked
    question: Question
    shorten: Callable[[Question], Question]
    calls: Calls[Answer]
    asked: set[str] = field(default_factory=set)  # providers, by name
    is_stuck: bool = False  # who was asked last cannot answer, however often it is asked
    is_over: bool = False  # nobody else is to be asked
    lacked_time: bool = False  # for something that would have been tried

    async def put_to(self, member: Member) -> Given[Answer] | None:
        """A good answer of this provider; None: it gave none."""
        tries = corrections = 0
        plan: _Plan | None = _Plan(self.question, "failover" if self.calls.attempts else "first")
        while plan is not None and self._may_call(member, plan.cause):
            if plan.wait_s:
                await self.by.sleep(plan.wait_s)
                if not self._is_able(member, plan.cause):
                    break
            if plan.corrects is not None:
                self.by.metrics.corrected(plan.corrects, corrections, plan.wait_s)
            try:
                return await self._call(member, plan)
            except CircuitOpen:
                self._pass_over(member, plan.cause, "circuit_open")
                plan = None
            except BudgetSpent as spent:
                self.calls.note(member, plan.cause, "over_budget")
                self.is_over = True
                if spent.must_refuse:
                    raise
                plan = None
            except Rejected as rejected:
                self.is_stuck = False
                plan = self._correction(member, plan.question, rejected, corrections)
                corrections += 1
            except ProviderError as error:
                tries += 1
                self.lacked_time |= isinstance(error, OutOfTime)
                self.is_stuck = error.fault in {Fault.PERMANENT, Fault.CRITICAL}
                plan = self._retry(member, plan.question, error, tries)
        return None

    def _may_call(self, member: Member, cause: str) -> bool:
        """Whether the provider, the time and the budget allow for a call; it is then paid for."""
        if self.calls.has_shown:  # what the caller has seen can only be told to the end
            self.is_over = True
        elif self._is_able(member, cause):
            if self._is_paid(member, cause):
                self.asked.add(member.provider.name)
                return True
            self.calls.note(member, cause, "no_budget")
            self.is_over = True
        return False

    def _is_able(self, member: Member, cause: str) -> bool:
        """Whether the provider may be asked now, and can answer in time."""
        if why := member.barred_by():
            self._pass_over(member, cause, why)
        elif not member.can_answer_in(self.calls.left_s()):
            self.calls.note(member, cause, "no_time")
            self.lacked_time = True
        else:
            return True
        return False

    def _is_paid(self, member: Member, cause: str) -> bool:
        if not self.asked:
            self.by.budget.first()
            return True
        is_free = cause == "failover" and self.is_stuck and member.provider.name not in self.asked
        return is_free or self.by.budget.take()

    def _pass_over(self, member: Member, cause: str, why: str) -> None:
        self.calls.note(member, cause, why)
        self.is_stuck |= member.provider.name in self.asked

    def _call(self, member: Member, plan: _Plan) -> Coroutine[Any, Any, Given[Answer]]:
        call = self.calls.call(member, plan.question, plan.cause)
        # A stream is not hedged: two replies cannot be shown.
        if not self.by.terms.is_hedging or self.calls.listener is not None or not member.p95_s:
            return call
        return race(call, member.p95_s, partial(self._hedge, member, plan.question))

    def _hedge(
        self, member: Member, question: Question
    ) -> Coroutine[Any, Any, Given[Answer]] | None:
        left_s = self.calls.left_s()
        others = self.by.ordered([other for other in self.members if other is not member])
        able = [o for o in others if not o.barred_by() and left_s > o.shortest_s]
        spare = able[0] if able else member
        if left_s <= spare.shortest_s or not self.by.budget.take():
            return None
        self.asked.add(spare.provider.name)
        return self.calls.call(spare, question, "hedge")

    def _correction(
        self, member: Member, question: Question, rejected: Rejected, corrections: int
    ) -> _Plan | None:
        flawed, wait_s = rejected.flawed, correction_backoff_s(corrections)
        if flawed.flaw is Flaw.REFUSED:
            return None
        may_correct = corrections < self.by.terms.most_corrections
        is_late = wait_s >= self.calls.left_s() - member.shortest_s
        if is_late or not may_correct:
            self.lacked_time |= may_correct
            self.by.metrics.corrections_ended(flawed.flaw)
            return None
        told = corrected(question, flawed, rejected.said)
        return _Plan(told, "correction", wait_s, flawed.flaw)

    def _retry(
        self, member: Member, question: Question, error: ProviderError, tries: int
    ) -> _Plan | None:
        left_s = self.calls.left_s() - member.shortest_s
        step = next_step(error, tries, left_s, self.by.chance)
        if step.way in {Way.ELSEWHERE, Way.TOO_LATE}:
            self.lacked_time |= step.way is Way.TOO_LATE
            return None
        if step.way is Way.SHORTENED:
            shorter = self.shorten(question)
            return None if shorter == question else _Plan(shorter, "retry")
        return _Plan(question, "retry", step.wait_s)
