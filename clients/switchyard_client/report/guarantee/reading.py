"""What an error budget and its gates say, in words."""

from collections.abc import Sequence
from itertools import zip_longest

from switchyard_client.messages.switchyard.feedback.v1 import (
    BudgetTerms,
    ErrorBudget,
    Gate,
    GateMoment,
)

_CAUSES = {
    "evidence": "by the evidence",
    "drift": "because answers became worse",
    "terms": "because the terms changed",
}


def promise(terms: BudgetTerms | None) -> str:
    """What is promised, in one sentence."""
    if terms is None:
        return "nothing is promised; the server's fixed confidence decides"
    return (
        f"at most {share(terms.max_error)} of the automatic decisions are wrong, "
        f"{share(terms.confidence)} sure; {share(terms.audit_share)} of them are audited"
    )


def sentences(budget: ErrorBudget) -> list[str]:
    """How the promise stands: a sentence for each gate."""
    if budget.terms is None:
        return ["No error budget is set for this field."]
    return [_standing(gate) for gate in budget.gates] or ["No engine has answered yet."]


def needed(threshold: float | None) -> str:
    """The confidence that an answer needs."""
    return "closed" if threshold is None else share(threshold)


def share(number: float) -> str:
    """A share as people read it, to a tenth of a per cent."""
    return f"{number * 100:.1f} %"


def gate_rows(budget: ErrorBudget) -> list[dict[str, str]]:
    """Each gate as a row of a table, the busiest first."""
    return [_gate(gate) for gate in budget.gates]


def curve_rows(gate: Gate) -> list[dict[str, str]]:
    """What a gate would let pass at other budgets, as rows of a table."""
    return [
        {
            "budget": share(point.max_error),
            "confidence needed": needed(point.threshold),
            "automatic": share(point.automated_share),
        }
        for point in gate.curve
    ]


def told_history(gate: Gate) -> list[str]:
    """What became of a gate, the newest first."""
    before: Sequence[GateMoment | None] = gate.history[1:]
    pairs = zip_longest(gate.history, before)
    return [_told(moment, earlier) for moment, earlier in pairs if moment is not None]


def _gate(gate: Gate) -> dict[str, str]:
    return {
        "answers by": gate.answerer,
        "confidence needed": needed(gate.threshold),
        "wrong at most": share(gate.error_bound) if gate.judged else "",
        "judged": f"{gate.judged:,}",
        "audited": f"{gate.audited:,}",
        "wrong": f"{gate.wrong:,}",
        "automatic": share(gate.automated / gate.answers) if gate.answers else "",
        "drift": share(gate.drift),
    }


def _standing(gate: Gate) -> str:
    if gate.threshold is None:
        return f"{gate.answerer}: closed, everything goes to review. {gate.reason}"
    automated = share(gate.automated / gate.answers) if gate.answers else share(0)
    return (
        f"{gate.answerer}: open from a confidence of {share(gate.threshold)}; at most "
        f"{share(gate.error_bound)} of such answers are wrong, by {gate.judged:,} judged. "
        f"{automated} of {gate.answers:,} answers were automatic. {gate.reason}"
    )


def _told(moment: GateMoment, earlier: GateMoment | None) -> str:
    time = f"{moment.time:%Y-%m-%d %H:%M}Z" if moment.time else ""
    cause = _CAUSES.get(moment.cause, moment.cause)
    known = f"{moment.judged:,} judged"
    if moment.threshold is not None:
        known += f", at most {share(moment.error_bound)} wrong"
    return f"{time}  {_move(moment, earlier)} {cause} ({known})"


def _move(moment: GateMoment, earlier: GateMoment | None) -> str:
    before = None if earlier is None else earlier.threshold
    if moment.threshold is None:
        return "closed" if before is not None else "stayed closed"
    now = share(moment.threshold)
    if before is None:
        return f"opened from {now}"
    if moment.threshold == before:
        return f"stayed open from {now}"
    way = "wider" if moment.threshold < before else "less wide"
    return f"opened {way}, from {share(before)} to {now}"
