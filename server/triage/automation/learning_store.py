"""What the truth about a run teaches: its gates, and what confidences are worth."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from server.statistics.risk_control import Observation
from server.storage.database import Connection
from server.triage.automation import reliability_store
from server.triage.automation.budget import Field, Passage, Terms, prediction_of
from server.triage.automation.evidence import GateState, observed
from server.triage.automation.gate_store import (
    GateKey,
    Judgement,
    count,
    evidence_of,
    judgement_of,
    lock_gate,
    move_gate,
    put_gate,
    put_judgement,
    tell,
    terms_of,
    void_evidence,
)
from server.triage.run import Decision, Run

ACTOR = "automation"  # of what happens to gates without a person

TOO_EARLY = "it was decided before the budget was set"
ESCALATED = "it was escalated, which no gate decides"
NOT_DRAWN = "it was decided automatically and not drawn for an audit"
VOID = "the evidence it belongs to is void"
TOO_LOW = "its confidence is too low to be decided automatically"


@dataclass(frozen=True, slots=True)
class Learned:
    """What an error budget learned."""

    field: Field
    was_right: bool
    is_counted: bool  # whether it is evidence
    reason: str  # why it is none; empty: it is
    has_moved_gate: bool
    threshold: float | None  # confidence that is needed now; None: nothing is automatic
    cause: str = ""  # why the gate moved: "evidence" or "drift"; empty: it did not


@dataclass(frozen=True, slots=True)
class _Lesson:
    """The truth about one answered field of a run."""

    run: Run
    key: GateKey
    passage: Passage
    was_right: bool
    before: Judgement | None  # what another truth about it counted as

    @property
    def is_sampled(self) -> bool:
        """Whether the answer stands for all that a person might have looked at in its place."""
        return self.passage.is_audited or self.run.answer.decision is not Decision.AUTOMATIC

    @property
    def is_news(self) -> bool:
        """Whether nobody has said so before."""
        return self.before is None or self.before.was_right != self.was_right


async def learn(
    connection: Connection,
    tenant: str,
    run: Run,
    truths: Mapping[Field, str | int],
    now: datetime,
) -> list[Learned]:
    """Take in what was true of a run, in place of what was said about it before; what each error
    budget learned, of those that are set.

    The caller holds the lock of the run's row.
    """
    lessons = [
        await _lesson(connection, tenant, run, passage, truths[passage.field])
        for passage in sorted(run.answer.gates, key=lambda passage: passage.field)
        if passage.field in truths
    ]
    learned = [await _teach(connection, lesson, now) for lesson in lessons]
    for lesson, one in zip(lessons, learned, strict=True):
        await _calibrate(connection, lesson, one)
    return [one for one in learned if one is not None]


async def _lesson(
    connection: Connection, tenant: str, run: Run, passage: Passage, truth: str | int
) -> _Lesson:
    key = GateKey(tenant, passage.field, passage.answerer)
    answered = prediction_of(run.answer, passage.field)
    was_right = answered is not None and answered.label == truth
    before = await judgement_of(connection, key, run.run_id)
    return _Lesson(run, key, passage, was_right, before)


async def _teach(connection: Connection, lesson: _Lesson, now: datetime) -> Learned | None:
    """Let the gate learn; None where nothing is promised."""
    key, passage = lesson.key, lesson.passage
    if not passage.is_gated and await terms_of(connection, key.tenant, key.field) is None:
        await put_judgement(connection, key, lesson.run.run_id, Judgement(None, lesson.was_right))
        return None
    gate = await lock_gate(connection, key, now)
    terms = await terms_of(connection, key.tenant, key.field)
    seen = observed(passage, is_wrong=not lesson.was_right)
    reason = _why_not(lesson, gate) or ("" if seen else TOO_LOW)
    after, cause = gate, ""
    if lesson.is_news:
        judgement = Judgement(passage.era, lesson.was_right, None if reason else seen)
        await put_judgement(connection, key, lesson.run.run_id, judgement)
        after, cause = await _take_in(connection, lesson, judgement, gate, terms, now)
    if terms is None:
        return None
    return Learned(
        key.field, lesson.was_right, not reason, reason, bool(cause), after.threshold, cause
    )


def _why_not(lesson: _Lesson, gate: GateState) -> str:
    """Why the truth about a run is no evidence; empty: it is."""
    if not lesson.passage.is_gated:
        return TOO_EARLY
    if lesson.run.answer.decision is Decision.ESCALATE:
        return ESCALATED
    if not lesson.is_sampled:
        return NOT_DRAWN
    return "" if lesson.passage.era == gate.era else VOID


async def _take_in(
    connection: Connection,
    lesson: _Lesson,
    judgement: Judgement,
    gate: GateState,
    terms: Terms | None,
    now: datetime,
) -> tuple[GateState, str]:
    """The gate after a judgement that takes the place of another, and why it moved."""
    key, changes = lesson.key, _changes(lesson.before, judgement, gate)
    if not changes:
        return gate, ""
    await count(connection, key, changes)
    is_automatic = lesson.run.answer.decision is Decision.AUTOMATIC
    after, cause = gate.counted(changes, is_automatic=is_automatic), ""
    evidence = await evidence_of(connection, key)
    if lesson.passage.is_audited and terms is not None:
        known = evidence.copy()
        known.subtract(changes)
        after = after.warned(terms, known, changes)
    if after.has_drifted:
        after, cause = after.anew(now), "drift"
        await void_evidence(connection, key)
    else:
        after = after.ruled(terms, evidence)
        cause = "evidence" if after.threshold != gate.threshold else ""
    await put_gate(connection, key, after)
    if cause:
        await move_gate(connection, key, gate, after, cause, ACTOR, now)
    elif after.is_doubted != gate.is_doubted:
        await tell(connection, key.tenant)
    return after, cause


def _changes(
    before: Judgement | None, judgement: Judgement, gate: GateState
) -> Counter[Observation]:
    """What is added to the evidence, and taken from it."""
    changes = Counter[Observation]()
    if judgement.seen is not None:
        changes[judgement.seen] += 1
    if before is not None and before.seen is not None and before.era == gate.era:
        changes[before.seen] -= 1
    return changes


async def _calibrate(connection: Connection, lesson: _Lesson, learned: Learned | None) -> None:
    """Let calibration learn, where the truth stands for all answers of its kind."""
    passage, tenant = lesson.passage, lesson.key.tenant
    key = (passage.field, passage.answerer)
    if learned is not None and learned.cause == "drift":
        await reliability_store.forget(connection, tenant, key)
    if not lesson.is_sampled or not lesson.is_news:
        return
    put = reliability_store.add if lesson.before is None else reliability_store.amend
    weight = 1 / passage.propensity
    era = passage.era if lesson.before is None else lesson.before.era
    shown = reliability_store.Shown(key, passage.score, weight, era, lesson.was_right)
    await put(connection, tenant, shown)
