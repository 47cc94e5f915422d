"""The one way through triage: detect language > classify > draft > decide > record.

`run` is one async generator of steps. Every method of the service drives it:
the answer of Triage is its last event.
"""

import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field

from server.triage.assessment import Assessment, Prediction
from server.triage.catalog import Active, TaxonomyCatalog
from server.triage.decision import DecisionPolicy, decide
from server.triage.engine import LanguageDetector, Parts
from server.triage.run import (
    Answer,
    Run,
    Step,
    StepReport,
    random_run_id,
    time_of,
)
from server.triage.store import RunStore
from server.triage.ticket import Ticket, digest_record, encode_record, text_for_engines


@dataclass(frozen=True, slots=True)
class Order:
    """One ticket to triage, and how."""

    tenant: str
    ticket: Ticket
    request_id: str = ""
    parts: Parts = field(default_factory=Parts)


@dataclass(frozen=True, slots=True)
class StepStarted:
    """A step has started."""

    step: Step


@dataclass(frozen=True, slots=True)
class Recorded:
    """The last event: the run is committed. `steps` includes the recording itself."""

    run: Run
    steps: tuple[StepReport, ...]


Event = StepStarted | StepReport | Recorded


class TriagePipeline:
    """Triages tickets, one step after the other."""

    def __init__(
        self,
        catalog: TaxonomyCatalog,
        languages: LanguageDetector,
        runs: RunStore,
        policy: DecisionPolicy,
        digest_key: bytes,
        server_version: str,
        recorded: Callable[[Run], None],
        make_run_id: Callable[[], str] = random_run_id,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._catalog = catalog
        self._languages = languages
        self._runs = runs
        self._policy = policy
        self._digest_key = digest_key
        self._server_version = server_version
        self._recorded = recorded
        self._make_run_id = make_run_id
        self._clock = clock

    async def run(self, order: Order) -> AsyncGenerator[Event, None]:
        """Triage one ticket: each step as it starts and ends, and the committed run last.

        Raises RequestIdReused, StorageUnavailable, or what the engine raises.
        """
        active = await self._catalog.active(order.tenant)
        engine, ticket, parts = active.engine, order.ticket, order.parts
        text = text_for_engines(ticket)
        watch = _Stopwatch(self._clock)

        yield watch.start(Step.DETECT_LANGUAGE)
        language = await self._languages.detect(text, ticket.language_hint)
        yield watch.stop(f"{language.label} ({language.confidence:.0%})")

        yield watch.start(Step.CLASSIFY)
        assessment = await engine.assess(ticket, text, language, parts)
        yield watch.stop(describe_assessment(assessment))

        yield watch.start(Step.DRAFT)
        draft = await engine.draft(ticket, text, assessment, parts)
        yield watch.stop(f"{len(draft.summary or '')} + {len(draft.reply or '')} characters")

        yield watch.start(Step.DECIDE)
        decision, reason = decide(assessment, self._policy)
        yield watch.stop(f"{decision.name.lower()}: {reason}"[:400])

        answer = Answer(
            category=assessment.category,
            priority=assessment.priority,
            priority_reasons=assessment.priority_reasons,
            escalation_reasons=assessment.escalation_reasons,
            sentiment=assessment.sentiment,
            language=language,
            summary=draft.summary,
            reply=draft.reply,
            estimated_resolution_s=_resolution_s(active, assessment.category, parts),
            decision=decision,
            decision_reason=reason,
            engine=engine.version,
            steps=watch.reports,
        )
        yield watch.start(Step.RECORD)
        run = await self._record(order, answer)
        yield watch.stop("committed")
        yield Recorded(run, (*run.answer.steps, watch.reports[-1]))

    async def _record(self, order: Order, answer: Answer) -> Run:
        record = encode_record(order.ticket)
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
                server_version=self._server_version,
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
    return ", ".join(words)[:400]


def _resolution_s(active: Active, category: Prediction[str], parts: Parts) -> float | None:
    estimate = active.taxonomy.by_name[category.label].estimated_resolution
    return estimate.total_seconds() if parts.estimated_resolution and estimate else None


class _Stopwatch:
    """Times one step after the other."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._step = Step.DETECT_LANGUAGE
        self._started_s = 0.0
        self.reports: tuple[StepReport, ...] = ()

    def start(self, step: Step) -> StepStarted:
        self._step, self._started_s = step, self._clock()
        return StepStarted(step)

    def stop(self, finding: str) -> StepReport:
        report = StepReport(self._step, self._clock() - self._started_s, finding)
        self.reports = (*self.reports, report)
        return report
