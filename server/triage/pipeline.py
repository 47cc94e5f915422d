"""The one way through triage: detect language > classify > draft > decide > record.

Where experiments are, the language is followed by: assign a variant. Where language models are
asked, two steps come before they are: hide personal data > look for an answer given before. Every
method of the service goes through `triage`: `run` is the same with what happens on the way.
"""

import asyncio
import math
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from functools import partial

from interceptors.timings import CANCELLED, FAILED, OK, Observe
from server import __version__
from server.triage.assessment import (
    Assessment,
    Draft,
    Prediction,
    describe_assessment,
    describe_draft,
)
from server.triage.automation.budget import Field
from server.triage.automation.budget import Passage as GatePassage
from server.triage.automation.standing import Answerers, Standing
from server.triage.catalog import TaxonomyCatalog
from server.triage.decision import DecisionPolicy, audit, decide
from server.triage.engine import EngineVersion, Parts, Reading
from server.triage.errors import NotAnswered
from server.triage.narration import News, narrated
from server.triage.outside import Outside, Trip
from server.triage.parameters import EMBEDDED
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
from server.triage.supply import Active
from server.triage.ticket import Ticket, digest_record, encode_record
from server.triage.trial import NO_TRIAL, Trial, Trials

MOST_FINDING = 400  # characters
STEP_NAMES = {step: step.name.lower() for step in Step}
FIELDS = tuple(Field)  # to go through an enum itself costs six times as much


@dataclass(frozen=True, slots=True)
class Order:
    """One ticket to triage, and how."""

    tenant: str
    ticket: Ticket
    request_id: str = ""
    parts: Parts = field(default_factory=Parts)
    deadline_s: float = math.inf  # in time.monotonic() seconds
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
Tell = Callable[[Event], None]


def _nobody_observes(_step: str, _seconds: float, _outcome: str) -> None:
    """Where nothing is measured."""


@dataclass(slots=True)
class _Passage:
    """One ticket on its way through, and what each step has found."""

    order: Order
    active: Active
    record: bytes
    reading: Reading
    observe: Observe
    clock: Callable[[], float]
    begin_s: float  # by `clock`
    tell: Tell | None  # None: nobody follows it
    trial: Trial = NO_TRIAL
    trip: Trip | None = None  # None: nobody outside is asked
    language: Prediction[str] = field(init=False)
    assessment: Assessment = field(init=False)
    standing: Standing = field(init=False)  # of automation, when the ticket was assessed
    gates: tuple[GatePassage, ...] = field(init=False)
    draft: Draft = field(init=False)
    decided: tuple[Decision, str] = field(init=False)  # with the reason
    decided_in_s: float = field(init=False)  # since the ticket came
    reports: list[StepReport] = field(default_factory=list)
    under_way: Step | None = None
    step_begin_s: float = 0.0

    @property
    def version(self) -> EngineVersion:
        """Who named the category."""
        return self.reading.version if self.trip is None else self.trip.version(self.reading)

    @property
    def answerers(self) -> Answerers:
        """Who answered each field."""
        lineage, others = self.active.lineage, self.reading.version
        answerers = dict.fromkeys(FIELDS, _answerer(others, lineage))
        if self.version is not others:
            answerers[Field.CATEGORY] = _answerer(self.version, lineage)
        return answerers

    def begin(self, step: Step) -> None:
        """Tell of a step that it starts."""
        self.under_way, self.step_begin_s = step, self.clock()
        if self.tell is not None:
            self.tell(StepStarted(step))

    def end(self, step: Step, seconds: float, finding: str) -> None:
        """Put the end of a step on record, and tell of it."""
        self.under_way = None
        self.observe(STEP_NAMES[step], seconds, OK)
        report = StepReport(step, seconds, finding[:MOST_FINDING])
        self.reports.append(report)
        if self.tell is not None:
            self.tell(report)

    def break_off(self, error: BaseException) -> None:
        """Count the step that was under way, if there was one, as what did not end well."""
        if self.under_way is not None:
            outcome = CANCELLED if isinstance(error, asyncio.CancelledError) else FAILED
            seconds = self.clock() - self.step_begin_s
            self.observe(STEP_NAMES[self.under_way], seconds, outcome)

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
            estimated_resolution_s=_resolution_s(self.active, assessment, parts),
            decision=decision,
            decision_reason=reason,
            engine=self.version,
            steps=tuple(self.reports),
            attempts=reading.attempts,
            is_degraded=reading.is_degraded,
            reuse=None if trip is None else trip.reuse,
            experiment=self.trial.enrolled,
            gates=self.gates,
            similar=reading.similar,
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
        trials: Trials | None = None,
        observe: Observe = _nobody_observes,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._catalog = catalog
        self._runs = runs
        self._policy = policy
        self._digest_key = digest_key
        self._recorded = recorded
        self._outside = outside
        self._trials = trials
        self._observe = observe
        self._clock = clock

    def run(self, order: Order) -> AsyncGenerator[Event, None]:
        """Triage one ticket: each step as it starts and ends, and what `triage` answers last.

        Raises what that raises.
        """
        return narrated(partial(self.triage, order))

    async def triage(self, order: Order, tell: Tell | None = None) -> Recorded:
        """Triage one ticket; its committed run. `tell` hears of everything else that happens.

        Raises NotAnswered, RequestIdReused, StorageUnavailable, or what the engine raises.
        """
        begin_s = self._clock()
        active = await self._catalog.active(order.tenant)
        record = encode_record(order.ticket)
        reading = active.engine.read(record, order.parts)
        passage = _Passage(
            order, active, record, reading, self._observe, self._clock, begin_s, tell
        )
        try:
            return await self._go_through(passage)
        except BaseException as error:
            passage.break_off(error)
            raise

    async def _go_through(self, passage: _Passage) -> Recorded:
        await self._detect_language(passage)
        if self._trials is not None and await self._trials.concern(passage.order.tenant):
            await self._assign(self._trials, passage)
        asks = passage.active.engine.asks_outside and passage.trial.parameters.may_ask
        if self._outside is not None and asks:
            passage.trip = await self._set_out(self._outside, passage)
            await self._look_up(passage.trip, passage)
        await self._assess(passage)
        await self._draft(passage)
        self._decide(passage)
        return await self._commit(passage)

    async def _detect_language(self, passage: _Passage) -> None:
        passage.begin(Step.DETECT_LANGUAGE)
        language, seconds = await passage.reading.language()
        passage.language = language
        finding = f"{language.label} ({language.confidence:.0%})"
        passage.end(Step.DETECT_LANGUAGE, seconds, finding)

    async def _assign(self, trials: Trials, passage: _Passage) -> None:
        passage.begin(Step.ASSIGN)
        start, order = self._clock(), passage.order
        trial = await trials.assign(order.tenant, order.ticket, passage.language.label)
        passage.trial = trial
        passage.end(Step.ASSIGN, self._clock() - start, trial.finding)

    async def _set_out(self, outside: Outside, passage: _Passage) -> Trip:
        passage.begin(Step.REDACT)
        start, order, trial = self._clock(), passage.order, passage.trial
        trip = await outside.set_out(
            order.tenant,
            order.ticket,
            passage.language.label,
            passage.active,
            trial.parameters.terms,
            passage.reading.similar,
            may_share=trial.enrolled is None,  # else one variant's answers would be another's
        )
        passage.end(Step.REDACT, self._clock() - start, trip.describe_hidden())
        return trip

    async def _look_up(self, trip: Trip, passage: _Passage) -> None:
        passage.begin(Step.LOOK_UP)
        start = self._clock()
        finding = await trip.look_up(passage.order.deadline_s)
        passage.end(Step.LOOK_UP, self._clock() - start, finding)

    async def _assess(self, passage: _Passage) -> None:
        passage.begin(Step.CLASSIFY)
        order, reading, trip = passage.order, passage.reading, passage.trip
        if trip is None:
            assessment, seconds = await reading.assess()
        else:
            assessment, seconds = await trip.assess(reading, order.deadline_s, passage.tell)
        if reading.is_degraded and not order.may_degrade:
            raise NotAnswered
        standing = passage.standing = await self._policy.standing_of(order.tenant)
        answerers = passage.answerers
        passage.gates = standing.passages(assessment, answerers)
        passage.assessment = standing.calibrate(assessment, answerers)
        passage.end(Step.CLASSIFY, seconds, describe_assessment(passage.assessment))

    async def _draft(self, passage: _Passage) -> None:
        passage.begin(Step.DRAFT)
        reading, trip = passage.reading, passage.trip
        passage.draft, seconds = await (reading.draft() if trip is None else trip.draft(reading))
        passage.end(Step.DRAFT, seconds, describe_draft(passage.draft))

    def _decide(self, passage: _Passage) -> None:
        passage.begin(Step.DECIDE)
        start = self._clock()
        needed = passage.trial.parameters.automatic_min_confidence
        if needed is None:
            needed = self._policy.automatic_min_confidence
        standing, gates = passage.standing, passage.gates
        decided = decide(passage.assessment, needed, standing, gates)
        passage.decided, passage.gates = audit(decided, standing, gates, self._policy.draw)
        decision, reason = passage.decided
        end = self._clock()
        passage.decided_in_s = end - passage.begin_s
        passage.end(Step.DECIDE, end - start, f"{decision.name.lower()}: {reason}")

    async def _commit(self, passage: _Passage) -> Recorded:
        passage.begin(Step.RECORD)
        answer, start = passage.answer(), self._clock()
        run = await self._record(passage, answer)
        finding = "committed" if run.answer is answer else "committed before: a repeated request"
        if passage.trip is not None and run.answer is answer:
            await passage.trip.end(run)
        passage.end(Step.RECORD, self._clock() - start, finding)
        return Recorded(run, (*run.answer.steps, passage.reports[-1]))

    async def _record(self, passage: _Passage, answer: Answer) -> Run:
        """The run that is on record when it returns."""
        order, run_id = passage.order, random_run_id()
        made = Run(
            tenant=order.tenant,
            run_id=run_id,
            create_time=time_of(run_id),
            ticket=order.ticket,
            ticket_record=passage.record,
            ticket_digest=digest_record(passage.record, self._digest_key),
            request_id=order.request_id,
            answer=answer,
            server_version=__version__,
        )
        exposure = passage.trial.exposure(made, passage.decided_in_s)
        letter = None if passage.trip is None else passage.trip.letter(made)
        run = await self._runs.add(made, exposure, letter)
        if run is made:  # else it is the first answer to the same request, given again
            self._recorded(run)
        return run


def _resolution_s(active: Active, assessment: Assessment, parts: Parts) -> float | None:
    """What labels tell of the category, else what the taxonomy says."""
    if not parts.estimated_resolution or assessment.resolution_s is not None:
        return assessment.resolution_s if parts.estimated_resolution else None
    estimate = active.taxonomy.by_name[assessment.category.label].estimated_resolution
    return estimate.total_seconds() if estimate else None


def _answerer(version: EngineVersion, lineage: str) -> str:
    """Who answers, as gates tell engines apart: what one shows is no evidence for another.

    Embedded models of one lineage share what they show; what language models show is of their
    prompt and of the categories.
    """
    if version.engine == EMBEDDED:
        return f"{version.engine} {version.model} {lineage}"
    return f"{version.engine} {version.model} {version.version} {version.taxonomy_revision}"
