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
from server.triage.assessment import Assessment, Draft, Prediction
from server.triage.catalog import Active, TaxonomyCatalog
from server.triage.decision import DecisionPolicy, decide
from server.triage.engine import Parts
from server.triage.narration import News
from server.triage.outside import Outside
from server.triage.run import (
    Answer,
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

        Raises RequestIdReused, StorageUnavailable, or what the engine raises.
        """
        active = await self._catalog.active(order.tenant)
        record = encode_record(order.ticket)
        reading = active.engine.read(record, order.parts)
        reports: list[StepReport] = []

        def finished(step: Step, seconds: float, finding: str) -> StepReport:
            self._observe(STEP_NAMES[step], seconds)
            reports.append(StepReport(step, seconds, finding[:MOST_FINDING]))
            return reports[-1]

        yield StepStarted(Step.DETECT_LANGUAGE)
        language, seconds = await reading.language()
        finding = f"{language.label} ({language.confidence:.0%})"
        yield finished(Step.DETECT_LANGUAGE, seconds, finding)

        trip = None
        if self._outside is not None and active.engine.asks_outside:
            yield StepStarted(Step.REDACT)
            start = self._clock()
            trip = await self._outside.set_out(order.tenant, order.ticket, language.label, active)
            yield finished(Step.REDACT, self._clock() - start, trip.describe_hidden())

            yield StepStarted(Step.LOOK_UP)
            start = self._clock()
            await trip.look_up()
            yield finished(Step.LOOK_UP, self._clock() - start, trip.describe_look())

        yield StepStarted(Step.CLASSIFY)
        if trip is None:
            assessment, seconds = await reading.assess()
        else:
            async with aclosing(trip.assess(reading, order.deadline_s, order.is_watched)) as told:
                async for news in told:
                    yield news
            assessment, seconds = trip.assessed
        yield finished(Step.CLASSIFY, seconds, describe_assessment(assessment))

        yield StepStarted(Step.DRAFT)
        draft, seconds = await (reading.draft() if trip is None else trip.draft(reading))
        yield finished(Step.DRAFT, seconds, describe_draft(draft))

        yield StepStarted(Step.DECIDE)
        start = self._clock()
        decision, reason = decide(assessment, self._policy)
        finding = f"{decision.name.lower()}: {reason}"
        yield finished(Step.DECIDE, self._clock() - start, finding)

        answer = Answer(
            parts=order.parts,
            category=assessment.category,
            priority=assessment.priority,
            priority_reasons=assessment.priority_reasons,
            escalation_reasons=assessment.escalation_reasons,
            sentiment=assessment.sentiment,
            language=language,
            summary=draft.summary,
            reply=draft.reply,
            estimated_resolution_s=_resolution_s(active, assessment.category, order.parts),
            decision=decision,
            decision_reason=reason,
            engine=reading.version,
            steps=tuple(reports),
            attempts=reading.attempts,
            is_degraded=reading.is_degraded,
            reuse=None if trip is None else trip.reuse,
        )
        yield StepStarted(Step.RECORD)
        start = self._clock()
        run = await self._record(order, record, answer)
        finding = "committed" if run.answer is answer else "committed before: a repeated request"
        if trip is not None and run.answer is answer:
            await trip.end(run)
        recorded = finished(Step.RECORD, self._clock() - start, finding)
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


def describe_assessment(assessment: Assessment) -> str:
    """The assessment in a few words for a person to read."""
    category, priority = assessment.category, assessment.priority
    words = [
        f"{category.label} ({category.confidence:.0%})",
        f"{priority.label.name.lower()} priority",
    ]
    if assessment.sentiment is not None:
        words.append(assessment.sentiment.label.name.lower())
    words += sorted({r.code.lower() for r in assessment.escalation_reasons})
    return ", ".join(words)


def describe_draft(draft: Draft) -> str:
    """The draft in a few words for a person to read."""
    written = {"summary": draft.summary, "reply": draft.reply}
    words = [f"{name} of {len(text)} characters" for name, text in written.items() if text]
    return ", ".join(words) or "nothing was asked for"


def _resolution_s(active: Active, category: Prediction[str], parts: Parts) -> float | None:
    estimate = active.taxonomy.by_name[category.label].estimated_resolution
    return estimate.total_seconds() if parts.estimated_resolution and estimate else None
