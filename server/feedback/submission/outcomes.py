"""What feedback tells the experiment that a ticket was in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from server.experiments.experiment import Experiment, Source, UnitKind
from server.experiments.records.crediting import credit
from server.experiments.records.outcome import Amended, Outcome
from server.feedback.submission.effects import OutcomeEffect
from server.feedback.submission.feedback import Feedback
from server.feedback.submission.judgement import Judgement, judge
from server.storage.database import Connection
from server.triage.run import Run


@dataclass(frozen=True, slots=True)
class Told:
    """Feedback in force, and what it says about the answer."""

    feedback: Feedback
    judgement: Judgement


def told(feedback: Feedback, run: Run) -> Told:
    """The feedback and what it says about the run's answer."""
    return Told(feedback, judge(feedback.said, run.answer))


async def credit_run(
    connection: Connection,
    run: Run,
    experiment: Experiment | None,
    new: Told,
    before: Sequence[Told],
    now: datetime,
) -> list[OutcomeEffect]:
    """Tell the experiment what people say about a run of its, on the open transaction; what it
    takes in. `before` is what was in force until now, whoever said so, the oldest first.
    """
    enrolled = run.answer.experiment
    if experiment is None or enrolled is None or enrolled.phase != experiment.phase:
        return []
    if run.answer.is_degraded:  # the variant was meant to answer, and did not
        return []
    customer, ticket = run.ticket.customer_id, run.ticket.id
    unit = customer if experiment.design.unit is UnitKind.CUSTOMER else ticket
    outcomes = outcomes_of(experiment, run.run_id, new, before)
    counted = await credit(connection, experiment, unit, outcomes, now)
    return [
        OutcomeEffect(experiment.name, enrolled.variant, outcome.metric, outcome.value)
        for outcome in counted
    ]


def outcomes_of(
    experiment: Experiment, run_id: str, new: Told, before: Sequence[Told]
) -> list[Outcome]:
    """What is new for the experiment's metrics."""
    values, former = _values(new), dict[Source, float]()
    for one in before:  # the newest word on each
        former |= _values(one)
    found = []
    for metric in experiment.design.metrics:
        value, old = values.get(metric.source), former.get(metric.source)
        if value is None or value == old:
            continue
        amends = None if old is None else Amended(_outcome_id(run_id, old), old)
        time = new.feedback.create_time
        found.append(Outcome(metric.name, _outcome_id(run_id, value), value, time, amends=amends))
    return found


def _outcome_id(run_id: str, value: float) -> str:
    """The same for the same thing said of the same run, whoever says it and whenever."""
    return f"{run_id} {value:g}"


def _values(one: Told) -> Mapping[Source, float]:
    """What is said, by what metrics may ask for."""
    said, values = one.feedback.said, {}
    if one.judgement.overturned is not None:
        values[Source.FEEDBACK_OVERTURNED] = float(one.judgement.overturned)
    if said.rating is not None:
        values[Source.FEEDBACK_RATING] = float(said.rating)
    if said.resolution is not None:
        values[Source.FEEDBACK_RESOLVED] = float(said.resolution.without_person)
    return values
