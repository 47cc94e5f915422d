"""A decision and its whole "why", as values and as the JSON that is stored."""

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from math import ceil
from typing import Any

import orjson

from server.triage.assessment import (
    Prediction,
    Priority,
    Reason,
    Sentiment,
    decode_assessment,
    decode_prediction,
)
from server.triage.automation.budget import Passage, decode_passage
from server.triage.engine import Attempt, EngineVersion, Parts, Similar, decode_attempt
from server.triage.ticket import Ticket


class Step(IntEnum):
    """The steps of triage; the numbers are those of the contract."""

    DETECT_LANGUAGE = 1
    CLASSIFY = 2
    DRAFT = 3
    DECIDE = 4
    RECORD = 5
    REDACT = 6  # runs before classifying, where models are asked
    LOOK_UP = 7  # runs after it
    ASSIGN = 8  # runs after the language, where experiments are


class Decision(IntEnum):
    """What should happen with a ticket next; the numbers are those of the contract."""

    AUTOMATIC = 1
    REVIEW = 2
    ESCALATE = 3


@dataclass(frozen=True)  # no slots: JSON is made of it in a fifth of the time
class StepReport:
    """What one step did and how long it took."""

    step: Step
    duration_s: float
    finding: str  # at most 400 characters


@dataclass(frozen=True, slots=True)
class Reuse:
    """The category of another ticket with nearly the same text, used again; with its reply where
    the texts differ in case, spaces and punctuation alone.
    """

    source_run: str  # id of its run
    similarity: float  # cosine, in [-1, 1]
    error_bound: float  # upper bound of the share of reused answers that are wrong, in [0, 1]
    is_guaranteed: bool  # whether the bound rests on audits


@dataclass(frozen=True, slots=True)
class Enrolled:
    """The variant of an experiment by which a ticket was triaged."""

    name: str  # of the experiment
    variant: str
    phase: int
    configuration: int  # version of the weights that the ticket got it under


@dataclass(frozen=True)  # no slots: JSON is made of it in a fifth of the time
class Answer:
    """What triage says about a ticket. None: not asked for, or not known."""

    parts: Parts  # that were asked for
    category: Prediction[str]
    priority: Prediction[Priority]
    priority_reasons: tuple[Reason, ...]
    escalation_reasons: tuple[Reason, ...]
    sentiment: Prediction[Sentiment] | None
    language: Prediction[str]
    summary: str | None
    reply: str | None
    estimated_resolution_s: float | None
    decision: Decision
    decision_reason: str
    engine: EngineVersion
    steps: tuple[StepReport, ...]
    attempts: tuple[Attempt, ...] = ()  # calls of language models
    is_degraded: bool = False  # whether a lesser engine answered than was meant to
    reuse: Reuse | None = None
    experiment: Enrolled | None = None  # None: the ticket is in no experiment
    gates: tuple[Passage, ...] = ()  # of the answered fields
    similar: tuple[Similar, ...] = ()  # corrected tickets that resemble it, the nearest first


@dataclass(frozen=True, slots=True)
class Run:
    """The record of one decision."""

    tenant: str
    run_id: str  # 32 hexadecimal digits, in order of time
    create_time: datetime  # whole milliseconds
    ticket: Ticket
    ticket_record: bytes  # the ticket as JSON
    ticket_digest: bytes  # keyed BLAKE2b of ticket_record, 32 bytes
    request_id: str  # empty: none was given
    answer: Answer
    server_version: str


def make_run_id(now_s: float, random_bits: int) -> str:
    """48 bits of milliseconds since 1970, then 80 random ones: later ids sort after earlier."""
    return f"{int(now_s * 1000):012x}{random_bits:020x}"


def random_run_id() -> str:
    """An id for a run that is recorded now."""
    return make_run_id(time.time(), secrets.randbits(80))


def time_of(run_id: str) -> datetime:
    """When a run was recorded."""
    return datetime.fromtimestamp(int(run_id[:12], 16) / 1000, UTC)


def first_id_since(time: datetime) -> str:
    """The lowest id that a run of that time or later can have."""
    milliseconds = min(max(ceil(time.timestamp() * 1000), 0), (1 << 48) - 1)
    return f"{milliseconds:012x}" + "0" * 20


def encode_answer(answer: Answer) -> bytes:
    """The answer as JSON."""
    return orjson.dumps(answer)


def decode_answer(record: Mapping[str, Any]) -> Answer:
    """The answer of a stored record."""
    found = decode_assessment(record)
    return Answer(
        parts=Parts(**record.get("parts", {})),  # early records do not say; most asked for all
        category=found.category,
        priority=found.priority,
        priority_reasons=found.priority_reasons,
        escalation_reasons=found.escalation_reasons,
        sentiment=found.sentiment,
        language=decode_prediction(record["language"]),
        summary=record["summary"],
        reply=record["reply"],
        estimated_resolution_s=record["estimated_resolution_s"],
        decision=Decision(record["decision"]),
        decision_reason=record["decision_reason"],
        engine=EngineVersion(**record["engine"]),
        steps=tuple(
            StepReport(Step(s["step"]), s["duration_s"], s["finding"]) for s in record["steps"]
        ),
        attempts=tuple(decode_attempt(attempt) for attempt in record.get("attempts", ())),
        is_degraded=record.get("is_degraded", False),
        reuse=Reuse(**record["reuse"]) if record.get("reuse") else None,
        experiment=Enrolled(**record["experiment"]) if record.get("experiment") else None,
        gates=tuple(decode_passage(passage) for passage in record.get("gates", ())),
        similar=tuple(Similar(**similar) for similar in record.get("similar", ())),
    )
