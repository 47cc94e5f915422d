"""The one way through triage: detect language > classify > draft > decide > record.

Where language models are asked, two steps come before they are: hide personal data > look for an
answer given before. `run` is one async generator of steps. Every method of the service drives it:
the answer of Triage is its last event.
"""

import math
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field

from server import __version__
from server.triage.assessment import (
    Assessment,
    Draft,
    Prediction,
    describe_assessment,
    describe_draft,
)
from server.triage.catalog import Active, TaxonomyCatalog
from server.triage.decision import DecisionPolicy, decide
from server.triage.engine import Parts, Reading
from server.triage.errors import NotAnswered
from server.triage.narration import News
from server.triage.outside import Outside, Trip
from server.triage.run import (
    Answer,
    Decision,
    Run,
    Step,
    StepReport,
    random_run_id,
    time_of,
)
from server.triage.store import RunStore
from server.triage.ticket import Ticket, digest_record, encode_record

MOST_FINDING = 400  # characters
STEP_NAMES = {step: step.name.lower() for step in Step}


@dataclass(frozen=True, slots=True)
class Order:
    """One ticket to triage, and how."""

    tenant: str
    ticket: Ticket
    request_id: str = ""
    parts: Parts = field(default_factory=Parts)
    deadline_s: float = math.inf  # in time.monotonic() seconds
    is_watched: bool = False  # whether somebody follows what models are asked and write
    may_degrade: bool = True  # whether a lesser engine's answer will do


@dataclass(frozen=True, slots=True)
class StepStarted:
    """A step has started."""

    step: Step


@dataclass(frozen=True, slots=True)
class Recorded:
    """The last event: the run is committed. `steps` includes the recording itself."""

    run: Run
    steps: tuple[StepReport, ...]


Event = StepStarted | StepReport | News | Recorded


def _nobody_observes(_step: str, _seconds: float) -> None:
    """Where nothing is measured."""


@dataclass(slots=True)
class _Passage:
    """One ticket on its way through, and what each step has found."""

    order: Order
    active: Active
    record: bytes
    reading: Reading
    observe: Callable[[str, float], None]
    trip: Trip | None = None  # None: nobody outside is asked
    language: Prediction[str] = field(init=False)
    assessment: Assessment = field(init=False)
    draft: Draft = field(init=False)
    decided: tuple[Decision, str] = field(init=False)  # with the reason
    reports: list[StepReport] = field(default_factory=list)

    def finished(self, step: Step, seconds: float, finding: str) -> StepReport:
        """Put the end of a step on record."""
        self.observe(STEP_NAMES[step], seconds)
        self.reports.append(StepReport(step, seconds, finding[:MOST_FINDING]))
        return self.reports[-1]

    def answer(self) -> Answer:
        """All of it together."""
        assessment, draft, reading, trip = self.assessment, self.draft, self.reading, self.trip
        parts, (decision, reason) = self.order.parts, self.decided
        return Answer(
            parts=parts,
            category=assessment.category,
            priority=assessment.priority,
            priority_reasons=assessment.priority_reasons,
            escalation_reasons=assessment.escalation_reasons,
            sentiment=assessment.sentiment,
            language=self.language,
            summary=draft.summary,
            reply=draft.reply,
            estimated_resolution_s=_resolution_s(self.active, assessment.category, parts),
            decision=decision,
            decision_reason=reason,
            engine=reading.version if trip is None else trip.version(reading),
            steps=tuple(self.reports),
            attempts=reading.attempts,
            is_degraded=reading.is_degraded,
            reuse=None if trip is None else trip.reuse,
        )


class TriagePipeline:
    """Triages tickets, one step after the other."""

    def __init__(
        self,
        catalog: TaxonomyCatalog,
        runs: RunStore,
        policy: DecisionPolicy,
        digest_key: bytes,
        recorded: Callable[[Run], None],
        outside: Outside | None = None,
        observe: Callable[[str, float], None] = _nobody_observes,
        make_run_id: Callable[[], str] = random_run_id,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._catalog = catalog
        self._runs = runs
        self._policy = policy
        self._digest_key = digest_key
        self._recorded = recorded
        self._outside = outside
        self._observe = observe
        self._make_run_id = make_run_id
        self._clock = clock

    async def run(self, order: Order) -> AsyncGenerator[Event, None]:
        """Triage one ticket: each step as it starts and ends, and the committed run last.

        Raises NotAnswered, RequestIdReused, StorageUnavailable, or what the engine raises.
        """
        active = await self._catalog.active(order.tenant)
        record = encode_record(order.ticket)
        reading = active.engine.read(record, order.parts)
        passage = _Passage(order, active, record, reading, self._observe)
        for part in (self._prepare, self._assess, self._draft, self._decide, self._commit):
            async with aclosing(part(passage)) as events:
                async for event in events:
                    yield event

    async def _prepare(self, passage: _Passage) -> AsyncGenerator[Event, None]:
        yield StepStarted(Step.DETECT_LANGUAGE)
        passage.language, seconds = await passage.reading.language()
        language = passage.language
        finding = f"{language.label} ({language.confidence:.0%})"
        yield passage.finished(Step.DETECT_LANGUAGE, seconds, finding)
        order, active = passage.order, passage.active
        if self._outside is None or not active.engine.asks_outside:
            return

        yield StepStarted(Step.REDACT)
        start = self._clock()
        trip = await self._outside.set_out(order.tenant, order.ticket, language.label, active)
        passage.trip = trip
        yield passage.finished(Step.REDACT, self._clock() - start, trip.describe_hidden())

        yield StepStarted(Step.LOOK_UP)
        start = self._clock()
        finding = await trip.look_up()
        yield passage.finished(Step.LOOK_UP, self._clock() - start, finding)

    async def _assess(self, passage: _Passage) -> AsyncGenerator[Event, None]:
        yield StepStarted(Step.CLASSIFY)
        order, reading, trip = passage.order, passage.reading, passage.trip
        if trip is None:
            assessed = await reading.assess()
        else:
            async with aclosing(trip.assess(reading, order.deadline_s, order.is_watched)) as told:
                async for news in told:
                    yield news
            assessed = trip.assessed
        if reading.is_degraded and not order.may_degrade:
            raise NotAnswered
        passage.assessment, seconds = assessed
        finding = describe_assessment(passage.assessment)
        yield passage.finished(Step.CLASSIFY, seconds, finding)

    async def _draft(self, passage: _Passage) -> AsyncGenerator[Event, None]:
        yield StepStarted(Step.DRAFT)
        reading, trip = passage.reading, passage.trip
        passage.draft, seconds = await (reading.draft() if trip is None else trip.draft(reading))
        yield passage.finished(Step.DRAFT, seconds, describe_draft(passage.draft))

    async def _decide(self, passage: _Passage) -> AsyncGenerator[Event, None]:
        yield StepStarted(Step.DECIDE)
        start = self._clock()
        passage.decided = decide(passage.assessment, self._policy)
        decision, reason = passage.decided
        finding = f"{decision.name.lower()}: {reason}"
        yield passage.finished(Step.DECIDE, self._clock() - start, finding)

    async def _commit(self, passage: _Passage) -> AsyncGenerator[Event, None]:
        answer = passage.answer()
        yield StepStarted(Step.RECORD)
        start = self._clock()
        run = await self._record(passage.order, passage.record, answer)
        finding = "committed" if run.answer is answer else "committed before: a repeated request"
        if passage.trip is not None and run.answer is answer:
            await passage.trip.end(run)
        recorded = passage.finished(Step.RECORD, self._clock() - start, finding)
        yield recorded
        yield Recorded(run, (*run.answer.steps, recorded))

    async def _record(self, order: Order, record: bytes, answer: Answer) -> Run:
        run_id = self._make_run_id()
        run = await self._runs.add(
            Run(
                tenant=order.tenant,
                run_id=run_id,
                create_time=time_of(run_id),
                ticket=order.ticket,
                ticket_record=record,
                ticket_digest=digest_record(record, self._digest_key),
                request_id=order.request_id,
                answer=answer,
                server_version=__version__,
            )
        )
        if run.run_id == run_id:  # else it is the first answer to the same request, given again
            self._recorded(run)
        return run


def _resolution_s(active: Active, category: Prediction[str], parts: Parts) -> float | None:
    estimate = active.taxonomy.by_name[category.label].estimated_resolution
    return estimate.total_seconds() if parts.estimated_resolution and estimate else None
