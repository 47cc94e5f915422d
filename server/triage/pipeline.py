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

        yield StepStarted(Step.DETECT_LANGUAGE)
        yield await self._detect_language(passage)
        if self._outside is not None and active.engine.asks_outside:
            yield StepStarted(Step.REDACT)
            passage.trip, report = await self._set_out(self._outside, passage)
            yield report
            yield StepStarted(Step.LOOK_UP)
            yield await self._look_up(passage.trip, passage)
        yield StepStarted(Step.CLASSIFY)
        if passage.trip is not None:
            told = passage.trip.assess(reading, order.deadline_s, order.is_watched)
            async with aclosing(told):
                async for news in told:
                    yield news
        yield await self._assess(passage)
        yield StepStarted(Step.DRAFT)
        yield await self._draft(passage)
        yield StepStarted(Step.DECIDE)
        yield self._decide(passage)
        yield StepStarted(Step.RECORD)
        run, recorded = await self._commit(passage)
        yield recorded
        yield Recorded(run, (*run.answer.steps, recorded))

    async def _detect_language(self, passage: _Passage) -> StepReport:
        language, seconds = await passage.reading.language()
        passage.language = language
        finding = f"{language.label} ({language.confidence:.0%})"
        return passage.finished(Step.DETECT_LANGUAGE, seconds, finding)

    async def _set_out(self, outside: Outside, passage: _Passage) -> tuple[Trip, StepReport]:
        start, order = self._clock(), passage.order
        trip = await outside.set_out(
            order.tenant, order.ticket, passage.language.label, passage.active
        )
        report = passage.finished(Step.REDACT, self._clock() - start, trip.describe_hidden())
        return trip, report

    async def _look_up(self, trip: Trip, passage: _Passage) -> StepReport:
        start = self._clock()
        finding = await trip.look_up()
        return passage.finished(Step.LOOK_UP, self._clock() - start, finding)

    async def _assess(self, passage: _Passage) -> StepReport:
        reading, trip = passage.reading, passage.trip
        passage.assessment, seconds = await reading.assess() if trip is None else trip.assessed
        if reading.is_degraded and not passage.order.may_degrade:
            raise NotAnswered
        finding = describe_assessment(passage.assessment)
        return passage.finished(Step.CLASSIFY, seconds, finding)

    async def _draft(self, passage: _Passage) -> StepReport:
        reading, trip = passage.reading, passage.trip
        passage.draft, seconds = await (reading.draft() if trip is None else trip.draft(reading))
        return passage.finished(Step.DRAFT, seconds, describe_draft(passage.draft))

    def _decide(self, passage: _Passage) -> StepReport:
        start = self._clock()
        passage.decided = decide(passage.assessment, self._policy)
        decision, reason = passage.decided
        finding = f"{decision.name.lower()}: {reason}"
        return passage.finished(Step.DECIDE, self._clock() - start, finding)

    async def _commit(self, passage: _Passage) -> tuple[Run, StepReport]:
        answer, start = passage.answer(), self._clock()
        run = await self._record(passage.order, passage.record, answer)
        finding = "committed" if run.answer is answer else "committed before: a repeated request"
        if passage.trip is not None and run.answer is answer:
            await passage.trip.end(run)
        return run, passage.finished(Step.RECORD, self._clock() - start, finding)

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
