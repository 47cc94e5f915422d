"""An answer as people read it."""

from collections.abc import Iterable

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from switchyard_client.answers import cost_micro_usd, label
from switchyard_client.commands.console import (
    DECISION_STYLES,
    PRIORITY_STYLES,
    dollars,
    duration,
    percent,
    plain,
)
from switchyard_client.messages.switchyard.triage.v1 import (
    ExperimentArm,
    GatePassage,
    Reason,
    Reuse,
    TriageResult,
)

_DEGRADED = (
    "no language model gave a good answer in time and within its budget: a lesser engine did"
)


def show_result(console: Console, result: TriageResult) -> None:
    """Print an answer: what, how sure, why, and what to send."""
    table = facts_table()
    add_predictions(table, result)
    add_decision(table, result)
    add_evidence(table, result)
    _add_origin(table, result)
    if result.estimated_resolution is not None:
        table.add_row("resolution", plain(duration(result.estimated_resolution.total_seconds())))
    if result.summary:
        table.add_row("summary", plain(result.summary))
    for article in result.suggested_articles:
        table.add_row("article", plain(f"{article.title} ({article.article})"))
    table.add_row("run", plain(result.run))
    console.print(table)
    if result.drafted_reply:
        reply = Panel(plain(result.drafted_reply), title="drafted reply", title_align="left")
        console.print(reply if console.is_terminal else plain(f"\n{result.drafted_reply}"))


def facts_table() -> Table:
    """Names on the left, facts on the right."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    return table


def add_predictions(table: Table, result: TriageResult) -> None:
    """A row for each part of the answer, with what else it could have been."""
    if category := result.category:
        others = [(c.category, c.confidence) for c in category.runners_up]
        table.add_row("category", _prediction(category.category, category.confidence, others))
    if priority := result.priority:
        name = label(priority.priority)
        others = [(label(c.priority), c.confidence) for c in priority.runners_up]
        style = PRIORITY_STYLES.get(name, "")
        table.add_row("priority", _prediction(name, priority.confidence, others, style))
        add_reasons(table, priority.reasons)
    if sentiment := result.sentiment:
        others = [(label(c.sentiment), c.confidence) for c in sentiment.runners_up]
        name = label(sentiment.sentiment)
        table.add_row("sentiment", _prediction(name, sentiment.confidence, others))
    if language := result.language:
        others = [(c.language_code, c.confidence) for c in language.runners_up]
        name = language.language_code
        table.add_row("language", _prediction(name, language.confidence, others))


def add_decision(table: Table, result: TriageResult) -> None:
    """What should happen next, and why."""
    decision = label(result.decision)
    text = plain(decision, DECISION_STYLES.get(decision, ""))
    table.add_row("decision", Text.assemble(text, "  ", plain(result.decision_reason)))
    if result.requires_human_escalation:
        table.add_row("escalation", plain("a person must take this ticket", "bold red"))
        add_reasons(table, result.escalation_reasons)


def add_evidence(table: Table, result: TriageResult) -> None:
    """Corrected tickets that speak for the answer, and what error budgets say of it."""
    for near in result.similar_labels:
        table.add_row("similar", plain(f"{near.category}, similarity {near.similarity:.2f}"))
    for gate in result.gates:
        table.add_row("gate", plain(_describe_gate(gate)))


def _describe_gate(gate: GatePassage) -> str:
    need = "is closed" if gate.threshold is None else f"needs {percent(gate.threshold)}"
    passed = "passed" if gate.passed else "did not pass"
    audited = ", drawn for a person to look at it" if gate.passed and gate.audited else ""
    return f"{gate.field} {need}: {percent(gate.confidence)} {passed}{audited}"


def _add_origin(table: Table, result: TriageResult) -> None:
    """Who answered, at what price, and what must be known of that answer."""
    if result.engine is not None:
        table.add_row("engine", plain(f"{result.engine.engine}, model {result.engine.model}"))
    if result.degraded:
        table.add_row("degraded", plain(_DEGRADED, "bold yellow"))
    if result.reuse is not None:
        table.add_row("reused", plain(_describe_reuse(result.reuse)))
    if result.experiment is not None:
        note = "; this ticket does not count for it" if result.degraded else ""
        table.add_row("experiment", plain(_describe_arm(result.experiment) + note))
    if cost := cost_micro_usd(result):
        table.add_row("cost", plain(dollars(cost)))


def _describe_reuse(reuse: Reuse) -> str:
    promise = f"at most {percent(reuse.error_bound)} of such answers are wrong"
    if not reuse.guaranteed:
        promise += " by the audits so far; the threshold was set by hand, and nothing is guaranteed"
    return f"the answer of {reuse.source_run}, similarity {reuse.similarity:.3f}; {promise}"


def _describe_arm(arm: ExperimentArm) -> str:
    return f"variant {arm.variant} of {arm.name}, phase {arm.phase}"


def _prediction(
    name: str, confidence: float, others: Iterable[tuple[str, float]], style: str = ""
) -> Text:
    runners_up = ", ".join(f"{other} {percent(chance)}" for other, chance in others)
    text = Text.assemble(plain(name, style), f"  {percent(confidence)}")
    return text.append_text(plain(f"  then {runners_up}", "dim")) if runners_up else text


def add_reasons(table: Table, reasons: Iterable[Reason]) -> None:
    """A row for each reason, with the words that show it."""
    for reason in reasons:
        text = plain(f"{reason.code}: {reason.explanation}")
        if reason.evidence:
            text.append_text(plain(f"  “{reason.evidence}”", "italic"))
        table.add_row("", text)
