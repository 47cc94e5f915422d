"""What feedback has set in motion, in one line."""

from collections.abc import Iterator

from switchyard_client.answers import label
from switchyard_client.commands.console import counted
from switchyard_client.messages.switchyard.feedback.v1 import (
    BudgetEffect,
    FeedbackEffects,
    LabelChange,
    SubmitFeedbackResponse,
)
from switchyard_client.report.guarantee.reading import needed

_LABELS = {
    LabelChange.ADDED: "a label was made",
    LabelChange.REPLACED: "the label was replaced",
    LabelChange.UNCHANGED: "the label was there",
}


def describe_effects(answer: SubmitFeedbackResponse) -> str:
    """Label, dropped answers, budgets and experiments, as far as something was done."""
    if answer.is_repeated:
        return "it had been submitted before"
    return "; ".join(_parts(answer.effects or FeedbackEffects())) or "recorded"


def _parts(effects: FeedbackEffects) -> Iterator[str]:
    if effects.label_change in _LABELS:
        yield _LABELS[effects.label_change]
    dropped = effects.cached_answers_dropped + effects.reusable_answers_dropped
    if dropped:
        yield f"{counted(dropped, 'kept answer')} dropped"
    for budget in effects.budgets:
        yield f"{label(budget.field)} {_budget(budget)}"
    for outcome in effects.outcomes:
        name = outcome.experiment.removeprefix("experiments/")
        yield f"{name}, {outcome.variant}: {outcome.metric} = {outcome.value:g}"


def _budget(effect: BudgetEffect) -> str:
    verdict = "right" if effect.was_right else "wrong"
    if not effect.is_counted:
        return f"{verdict}, no evidence: {effect.reason}"
    moved = f", gate now {needed(effect.threshold)}" if effect.has_moved_gate else ""
    return f"{verdict}, counted{moved}"
