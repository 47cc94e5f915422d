"""What a judged run teaches, each part by its own function on the open transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from server.experiments.experiment import Experiment
from server.feedback.submission.effects import Effects
from server.feedback.submission.outcomes import Told, credit_run
from server.storage.database import Connection
from server.triage.automation.budget import Field
from server.triage.automation.learning_store import learn
from server.triage.examples.label import Label, LabelSource
from server.triage.examples.label_store import keep
from server.triage.reuse.forgetting_store import forget_like
from server.triage.run import Run

TAUGHT = ("category", "priority", "sentiment", "escalation")  # fields that a label states


async def teach(
    connection: Connection,
    run: Run,
    new: Told,
    before: Sequence[Told],
    experiment: Experiment | None,
    now: datetime,
) -> Effects:
    """Everything that learns from feedback learns; what came of it.

    new, before  what somebody says about the run now, and what people said until now, the oldest
                 first
    """
    judgement = new.judgement
    effects: dict[str, Any] = {}
    label = label_of(run, new)
    if label is not None:
        kept = await keep(connection, run.tenant, label, now)
        effects |= {"label_id": kept.label_id, "label_change": int(kept.change)}
    if judgement.verdicts.get("category"):
        effects["reusable_answers_dropped"] = await forget_like(connection, run)
    truths = {
        field: judgement.truths[name] for name, field in _BUDGETED if name in judgement.truths
    }
    learned = await learn(connection, run.tenant, run, truths, now)
    credited = await credit_run(connection, run, experiment, new, before, now)
    return Effects(
        **effects,
        budgets=tuple(learned),
        outcomes=tuple(credited),
    )


def label_of(run: Run, told: Told) -> Label | None:
    """The ticket as a labelled example; None: nothing was said that could be learned."""
    feedback, judgement = told.feedback, told.judgement
    stated: dict[str, Any] = {
        name: judgement.truths[name] for name in TAUGHT if name in judgement.truths
    }
    resolution = feedback.said.resolution
    resolution_s = None if resolution is None else resolution.time_s
    if not stated and resolution_s is None:
        return None
    overturns = any(judgement.verdicts.get(name) for name in TAUGHT)
    return Label(
        subject=run.ticket.subject,
        body=run.ticket.body,
        **{"category": "", "priority": None, "sentiment": None, "escalation": None} | stated,
        resolution_s=resolution_s,
        time=run.ticket.created_time or run.create_time,
        source=LabelSource.CORRECTION if overturns else LabelSource.CONFIRMATION,
        run_id=run.run_id,
        reviewer=feedback.reviewer,
    )


_BUDGETED = (
    ("category", Field.CATEGORY),
    ("priority", Field.PRIORITY),
    ("sentiment", Field.SENTIMENT),
)
