"""Messages of switchyard.triage.v1 to domain values, and back.

What every call answers is written as `Fields`: a message that is made before the one that it
stands in would be copied.
"""

from datetime import UTC, datetime
from typing import Any

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from switchyard.triage.v1 import result_pb2, run_pb2, taxonomy_pb2, ticket_pb2, triage_service_pb2

from server.triage.assessment import Prediction, Reason
from server.triage.automation.budget import Passage
from server.triage.engine import Attempt, Parts
from server.triage.errors import InvalidFieldValue
from server.triage.run import Decision, Enrolled, Reuse, Run, StepReport
from server.triage.store import RunFilter
from server.triage.taxonomy import Category, EscalationPolicy, Taxonomy
from server.triage.ticket import CHANNELS, Ticket
from server.wire_values import duration_fields, enum_number, write_moment, write_seconds

Fields = dict[str, Any]  # of a message, by their names

LAST_SECOND = 253402300799  # of the year 9999


def read_ticket(message: ticket_pb2.Ticket) -> Ticket:
    """The ticket of a message that keeps the contract's rules."""
    return Ticket(
        id=message.id,
        body=message.body,
        subject=message.subject,
        customer_id=message.customer_id,
        channel=CHANNELS[message.channel],
        language_hint=message.language_hint,
        created_time=read_time(message, "created_time", "ticket"),
        attributes=dict(message.attributes),
    )


def read_parts(options: triage_service_pb2.TriageOptions) -> Parts:
    """The parts asked for; all of them when none is named."""
    if not options.parts:
        return Parts()
    asked = frozenset(options.parts)
    return Parts(
        sentiment=triage_service_pb2.TRIAGE_PART_SENTIMENT in asked,
        summary=triage_service_pb2.TRIAGE_PART_SUMMARY in asked,
        estimated_resolution=triage_service_pb2.TRIAGE_PART_ESTIMATED_RESOLUTION in asked,
        reply=triage_service_pb2.TRIAGE_PART_REPLY in asked,
    )


def read_filter(message: triage_service_pb2.TriageRunFilter) -> RunFilter:
    """The filter of a listing."""
    return RunFilter(
        category=message.category,
        decision=Decision(message.decision) if message.decision else None,
        ticket_id=message.ticket_id,
        start_time=read_time(message, "start_time", "filter"),
        end_time=read_time(message, "end_time", "filter"),
    )


def read_category(message: taxonomy_pb2.Category, position: int) -> Category:
    """The category at `position` of an update. Raises InvalidFieldValue."""
    policy = message.escalation_policy or EscalationPolicy.BY_RULES
    estimate = None
    if message.HasField("estimated_resolution"):
        if not 0 <= message.estimated_resolution.nanos < 10**9:
            field = f"taxonomy.categories[{position}].estimated_resolution"
            raise InvalidFieldValue(field, "must have nanos from 0 to 999,999,999")
        estimate = message.estimated_resolution.ToTimedelta()
    return Category(
        name=message.name,
        title=message.title,
        description=message.description,
        examples=tuple(message.examples),
        escalation_policy=EscalationPolicy(policy),
        estimated_resolution=estimate,
        reply_text=message.reply_text,
    )


def write_result(run: Run, steps: tuple[StepReport, ...] | None = None) -> Fields:
    """The answer of a run, fields of a TriageResult; `steps` in place of those on record."""
    answer = run.answer
    resolution_s = answer.estimated_resolution_s
    return {
        "run": f"triageRuns/{run.run_id}",
        "ticket_id": run.ticket.id,
        "category": _write_prediction(answer.category, "category"),
        "priority": {
            **_write_prediction(answer.priority, "priority"),
            "reasons": _write_reasons(answer.priority_reasons),
        },
        "sentiment": answer.sentiment and _write_prediction(answer.sentiment, "sentiment"),
        "language": _write_prediction(answer.language, "language_code"),
        "summary": answer.summary,
        "requires_human_escalation": bool(answer.escalation_reasons),
        "escalation_reasons": _write_reasons(answer.escalation_reasons),
        "estimated_resolution": None if resolution_s is None else duration_fields(resolution_s),
        "drafted_reply": answer.reply,
        "decision": answer.decision,
        "decision_reason": answer.decision_reason,
        "engine": {
            "engine": answer.engine.engine,
            "model": answer.engine.model,
            "version": answer.engine.version,
            "taxonomy_revision": answer.engine.taxonomy_revision,
        },
        "steps": [write_step(step) for step in (steps or answer.steps)],
        "attempts": [write_attempt(attempt) for attempt in answer.attempts],
        "degraded": answer.is_degraded,
        "reuse": None if answer.reuse is None else _write_reuse(answer.reuse),
        "experiment": None if answer.experiment is None else _write_arm(answer.experiment),
        "gates": [_write_passage(passage) for passage in answer.gates if passage.is_gated],
        "similar_labels": [
            {
                "label": f"labels/{similar.label_id}",
                "category": similar.category,
                "similarity": similar.similarity,
            }
            for similar in answer.similar
        ],
    }


def _write_prediction(prediction: Prediction[Any], name: str) -> Fields:
    """name: of the field that holds the label."""
    runners_up = [{name: label, "confidence": share} for label, share in prediction.runners_up]
    return {name: prediction.label, "confidence": prediction.confidence, "runners_up": runners_up}


def _write_reasons(reasons: tuple[Reason, ...]) -> list[Fields]:
    return [{"code": r.code, "explanation": r.explanation, "evidence": r.evidence} for r in reasons]


def write_step(report: StepReport) -> Fields:
    """What one step did, fields of a StepReport."""
    duration = duration_fields(report.duration_s)
    return {"step": report.step, "duration": duration, "finding": report.finding}


def write_attempt(attempt: Attempt) -> result_pb2.Attempt:
    """One call of a language model."""
    return result_pb2.Attempt(
        provider=attempt.provider,
        model=attempt.model,
        cause=attempt.cause,
        outcome=attempt.outcome,
        duration=write_seconds(attempt.duration_s),
        input_tokens=attempt.input_tokens,
        output_tokens=attempt.output_tokens,
        cost_micro_usd=attempt.cost_micro_usd,
    )


def _write_reuse(reuse: Reuse) -> result_pb2.Reuse:
    return result_pb2.Reuse(
        source_run=f"triageRuns/{reuse.source_run}",
        similarity=reuse.similarity,
        error_bound=reuse.error_bound,
        guaranteed=reuse.is_guaranteed,
    )


def _write_arm(arm: Enrolled) -> result_pb2.ExperimentArm:
    return result_pb2.ExperimentArm(
        name=arm.name,
        variant=arm.variant,
        phase=arm.phase,
        configuration_version=arm.configuration,
    )


def _write_passage(passage: Passage) -> result_pb2.GatePassage:
    return result_pb2.GatePassage(
        field=passage.field.word,
        answerer=passage.answerer,
        confidence=passage.score,
        threshold=passage.threshold,
        passed=passage.has_passed,
        audited=passage.is_audited,
        propensity=passage.propensity,
    )


def write_run(run: Run) -> run_pb2.TriageRun:
    """The full record of a run."""
    return run_pb2.TriageRun(
        name=f"triageRuns/{run.run_id}",
        create_time=write_moment(run.create_time),
        ticket=_write_ticket(run.ticket),
        ticket_digest=run.ticket_digest,
        request_id=run.request_id,
        result=write_result(run),
        server_version=run.server_version,
    )


def write_taxonomy(taxonomy: Taxonomy) -> taxonomy_pb2.Taxonomy:
    """A taxonomy in force."""
    return taxonomy_pb2.Taxonomy(
        etag=taxonomy.etag,
        revision=taxonomy.revision,
        update_time=write_moment(taxonomy.update_time) if taxonomy.update_time else None,
        categories=[_write_category(category) for category in taxonomy.categories],
    )


def _write_category(category: Category) -> taxonomy_pb2.Category:
    message = taxonomy_pb2.Category(
        name=category.name,
        title=category.title,
        description=category.description,
        examples=category.examples,
        escalation_policy=enum_number(category.escalation_policy),
        reply_text=category.reply_text,
    )
    if category.estimated_resolution is not None:
        message.estimated_resolution.FromTimedelta(category.estimated_resolution)
    return message


def _write_ticket(ticket: Ticket) -> ticket_pb2.Ticket:
    return ticket_pb2.Ticket(
        id=ticket.id,
        subject=ticket.subject,
        body=ticket.body,
        customer_id=ticket.customer_id,
        channel=enum_number(ticket.channel),
        language_hint=ticket.language_hint,
        created_time=write_moment(ticket.created_time) if ticket.created_time else None,
        attributes=ticket.attributes,
    )


def read_time(message: Message, field: str, parent: str) -> datetime | None:
    """A time field; None where it is not set. Raises InvalidFieldValue."""
    if not message.HasField(field):
        return None
    time: Timestamp = getattr(message, field)
    if not (0 <= time.seconds <= LAST_SECOND and 0 <= time.nanos < 10**9):
        rule = "must lie in the years 1970 to 9999, with nanos from 0 to 999,999,999"
        raise InvalidFieldValue(f"{parent}.{field}", rule)
    return time.ToDatetime(tzinfo=UTC)
