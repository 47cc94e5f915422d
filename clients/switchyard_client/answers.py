"""Answers as flat records, for files and for other programs.

A record is the same whether it is written as a line of JSON or as a row of CSV; CSV joins lists
into one cell.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping
from enum import Enum

from betterproto2 import Enum as ProtoEnum

from switchyard_client.errors import SwitchyardError
from switchyard_client.messages.switchyard.triage.v1 import (
    CategoryCandidate,
    CategoryPrediction,
    LanguagePrediction,
    PriorityPrediction,
    Reason,
    SentimentPrediction,
    TriageResult,
)

Answer = dict[str, object]

# Only ever appended to: readers may go by place.
CSV_COLUMNS = (
    "row",
    "id",
    "request_id",
    "run",
    "category",
    "category_confidence",
    "runners_up",
    "priority",
    "priority_confidence",
    "priority_reasons",
    "sentiment",
    "sentiment_confidence",
    "language",
    "language_confidence",
    "decision",
    "decision_reason",
    "requires_human_escalation",
    "escalation_reasons",
    "summary",
    "estimated_resolution_s",
    "drafted_reply",
    "suggested_articles",
    "engine",
    "error_code",
    "error_reason",
    "error_message",
    "error_fields",
    "degraded",
    "model",
    "cost_micro_usd",
    "reused_run",
    "reused_similarity",
    "experiment",
    "variant",
    "reused_error_bound",
    "reused_guaranteed",
)


class AnswerFormat(Enum):
    """How answers are written."""

    JSONL = "jsonl"
    CSV = "csv"


def answer_of(result: TriageResult) -> Answer:
    """The record of an answer. What was not asked for is None."""
    category = CategoryPrediction() if result.category is None else result.category
    priority = PriorityPrediction() if result.priority is None else result.priority
    language = LanguagePrediction() if result.language is None else result.language
    resolution = result.estimated_resolution
    return {
        "run": result.run,
        "category": category.category,
        "category_confidence": category.confidence,
        "runners_up": [_candidate(candidate) for candidate in category.runners_up],
        "priority": label(priority.priority),
        "priority_confidence": priority.confidence,
        "priority_reasons": [_reason(reason) for reason in priority.reasons],
        **_sentiment(result.sentiment),
        "language": language.language_code,
        "language_confidence": language.confidence,
        "decision": label(result.decision),
        "decision_reason": result.decision_reason,
        "requires_human_escalation": result.requires_human_escalation,
        "escalation_reasons": [_reason(reason) for reason in result.escalation_reasons],
        "summary": result.summary,
        "estimated_resolution_s": None if resolution is None else resolution.total_seconds(),
        "drafted_reply": result.drafted_reply,
        "suggested_articles": [
            {"article": a.article, "title": a.title, "relevance": a.relevance}
            for a in result.suggested_articles
        ],
        "engine": _engine(result),
        "degraded": result.degraded,
        "model": "" if result.engine is None else result.engine.model,
        "cost_micro_usd": cost_micro_usd(result),
        "reused_run": None if result.reuse is None else result.reuse.source_run,
        "reused_similarity": None if result.reuse is None else result.reuse.similarity,
        "reused_error_bound": None if result.reuse is None else result.reuse.error_bound,
        "reused_guaranteed": None if result.reuse is None else result.reuse.guaranteed,
        "experiment": None if result.experiment is None else result.experiment.name,
        "variant": None if result.experiment is None else result.experiment.variant,
    }


def cost_micro_usd(result: TriageResult) -> int:
    """What the language models that were asked have cost, in millionths of a US dollar."""
    return sum(attempt.cost_micro_usd for attempt in result.attempts)


def failure_of(error: SwitchyardError) -> Answer:
    """The record of a ticket that has no answer."""
    fields = [{"field": v.field, "description": v.description} for v in error.field_violations]
    return failure(error.code.name, error.reason, error.message, fields)


def failure(
    code: str, reason: str, message: str, fields: Iterable[Mapping[str, str]] = ()
) -> Answer:
    """The record of a ticket that has no answer, by its parts."""
    parts = {"code": code, "reason": reason, "message": message, "fields": list(fields)}
    return {"error": parts}


def label(value: ProtoEnum) -> str:
    """The name of an enum value as people write it; a number when this client is too old."""
    return (value.name or str(value.value)).lower()


def encoder(form: AnswerFormat) -> Callable[[Answer], str]:
    """What makes one whole line of a record, its end included."""
    return _json_line if form is AnswerFormat.JSONL else _csv_line


def header(form: AnswerFormat) -> str:
    """What stands above the first line; empty when nothing does."""
    return ",".join(CSV_COLUMNS) + "\n" if form is AnswerFormat.CSV else ""


def _json_line(answer: Answer) -> str:
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":")) + "\n"


def _csv_line(answer: Answer) -> str:
    line = io.StringIO()
    cells = answer | _error_cells(answer.get("error"))
    row = [_cell(cells.get(column)) for column in CSV_COLUMNS]
    csv.writer(line, lineterminator="\n").writerow(row)
    return line.getvalue()


def _error_cells(error: object) -> Answer:
    if not isinstance(error, dict):
        return {}
    fields = [f"{f['field']}: {f['description']}" for f in error["fields"]]
    return {
        "error_code": error["code"],
        "error_reason": error["reason"],
        "error_message": error["message"],
        "error_fields": "; ".join(fields),
    }


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return " ".join(str(part) for part in value.values())
    if isinstance(value, list):
        return "; ".join(_item_cell(item) for item in value)
    return value


def _item_cell(item: dict[str, object]) -> str:
    """The first value names the item; a number beside it is worth keeping."""
    name, *others = item.values()
    number = next((f" {other:.3f}" for other in others if isinstance(other, float)), "")
    return f"{name}{number}"


def _sentiment(sentiment: SentimentPrediction | None) -> Answer:
    if sentiment is None:
        return {"sentiment": None, "sentiment_confidence": None}
    return {
        "sentiment": label(sentiment.sentiment),
        "sentiment_confidence": sentiment.confidence,
    }


def _candidate(candidate: CategoryCandidate) -> Answer:
    return {"category": candidate.category, "confidence": candidate.confidence}


def _reason(reason: Reason) -> Answer:
    return {"code": reason.code, "explanation": reason.explanation, "evidence": reason.evidence}


def _engine(result: TriageResult) -> Answer:
    engine = result.engine
    if engine is None:
        return {}
    return {
        "engine": engine.engine,
        "model": engine.model,
        "version": engine.version,
        "taxonomy_revision": engine.taxonomy_revision,
    }
